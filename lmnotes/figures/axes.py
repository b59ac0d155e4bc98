"""Figures about axes of embeddings: heatmaps, spikes, matched correlations."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmnotes.figures import style

COLOUR_OF = {
    "ICA": style.BLUE,
    "PCA": style.RED,
    "random rotation": style.GREEN,
    "raw columns": style.ORANGE,
    "Gaussian noise": style.GREY,
    "shuffled pairing": style.GREY,
    "untrained": style.PURPLE,
}
_HALO = {"fc": "white", "ec": "none", "alpha": 0.6, "pad": 0.2}
# where a word may stand by its point: offset in points, and which side of it is there
_PLACES = (
    (3, 0, "left", "center"),
    (-3, 0, "right", "center"),
    (0, 3, "center", "bottom"),
    (0, -3, "center", "top"),
    (2, 2, "left", "bottom"),
    (2, -2, "left", "top"),
    (-2, 2, "right", "bottom"),
    (-2, -2, "right", "top"),
)


def spikes(clouds: Mapping[str, np.ndarray], pairs: Sequence[tuple[int, int]]) -> Figure:
    """Scatter plots of some pairs of axes, one set of axes over the other (Fig. 5)."""
    figure, panels = style.panels(len(pairs), height=2.1)
    for ax, (x, y) in zip(panels, pairs, strict=True):
        for name, values in clouds.items():
            ax.scatter(
                values[:, x],
                values[:, y],
                s=2,
                alpha=0.5,
                linewidths=0,
                label=name,
                color=COLOUR_OF[name],
                rasterized=True,
            )
        ax.set(xlabel=f"axis {x}", ylabel=f"axis {y}")
        ax.axhline(0, color=style.BLACK, lw=0.3)
        ax.axvline(0, color=style.BLACK, lw=0.3)
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=4,
        markerscale=4,
    )
    return figure


def measures(table: pd.DataFrame) -> Figure:
    """Four measures of non-Gaussianity per axis, a curve per method (Fig. 6)."""
    names = {
        "skewness": "skewness",
        "kurtosis": "kurtosis",
        "logcosh": "logcosh measure",
        "gaussian": "Gaussian measure",
    }
    figure, panels = style.panels(4, height=2.1)
    for ax, (column, name) in zip(panels, names.items(), strict=True):
        for method, part in table.groupby("method", sort=False):
            ax.plot(part.axis, part[column], color=COLOUR_OF[method], lw=0.9, label=method)
        ax.set(xlabel="axis", title=name)
        ax.set_ylim(bottom=min(0, float(table[column].quantile(0.01))))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=5)
    return figure


def heatmap(
    ax: Axes,
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    low: float = -0.1,
    high: float = 1.0,
    bar: str = "normalised value",
    turn: float = 30,
) -> None:
    """A small matrix with the names of its rows and columns, dark where large (Fig. 1).

    Args:
        bar: what the colours stand for; "" for no colour bar.
        turn: degrees by which the names of columns are turned.
    """
    image = ax.imshow(
        values, vmin=low, vmax=high, cmap="magma_r", aspect="auto", interpolation="nearest"
    )
    side = "right" if turn else "center"
    ax.set_xticks(range(len(columns)), columns, rotation=turn, ha=side)
    ax.set_yticks(range(len(rows)), rows, fontsize=6.5)
    ax.tick_params(length=0)
    if bar:
        drawn = ax.figure.colorbar(image, ax=ax, pad=0.02, aspect=40, extend="min")
        drawn.set_label(bar)
        drawn.outline.set_visible(False)


def grid(n_rows: int, n_columns: int, height: float, **kwargs) -> tuple[Figure, np.ndarray]:
    """A page-wide figure with panels (n_rows, n_columns)."""
    import matplotlib.pyplot as plt

    style.use()
    size = (style.PAGE, height)
    return plt.subplots(n_rows, n_columns, figsize=size, squeeze=False, **kwargs)


def matched(correlations: Mapping[str, np.ndarray], n_axes: int = 100) -> Figure:
    """Correlations of all axes in matched order, a panel per method: a diagonal if axes agree."""
    figure, panels = style.panels(
        len(correlations), height=7 / len(correlations) + 0.2, sharey=True
    )
    for ax, (name, values) in zip(panels, correlations.items(), strict=True):
        image = ax.imshow(
            values[:n_axes, :n_axes], vmin=0, vmax=0.6, cmap="magma_r", interpolation="nearest"
        )
        ax.set_title(name)
        ax.set_xlabel("axis of the second space")
        for spine in ("top", "right"):
            ax.spines[spine].set_visible(True)
    panels[0].set_ylabel("axis of the first space")
    bar = figure.colorbar(image, ax=panels, pad=0.01, aspect=20, extend="both")
    bar.set_label("correlation")
    bar.outline.set_visible(False)
    return figure


def curves(table: pd.DataFrame, *, by: str = "comparison", ylabel: str = "correlation") -> Figure:
    """Matched correlation by rank, a panel per comparison and a curve per method.

    table: columns rank, r, method, and `by`.
    """
    names = list(dict.fromkeys(table[by]))
    n_columns = min(3, len(names))
    n_rows = -(-len(names) // n_columns)
    figure, panels = grid(n_rows, n_columns, 0.4 + 2.0 * n_rows, sharey=True)
    top, low = float(table.r.max()) * 1.05, min(0, float(table.r.min()))
    for ax, name in zip(panels.ravel(), names, strict=False):
        for method, part in table[table[by] == name].groupby("method", sort=False):
            dash = ":" if method in ("shuffled pairing", "untrained") else "-"
            ax.plot(part["rank"], part.r, dash, color=COLOUR_OF[method], label=method)
        ax.set(title=name, xlabel="matched axis, by rank", ylim=(low, top))
        ax.axhline(0, color=style.BLACK, lw=0.3)
    for ax in panels[:, 0]:
        ax.set_ylabel(ylabel)
    for ax in panels.ravel()[len(names) :]:
        ax.axis("off")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=5)
    return figure


def pairs(values: np.ndarray, names: Sequence[str], words: Sequence[tuple[int, str]]) -> Figure:
    """Scatter plots of all pairs of some axes, with words beside their points (Fig. 12).

    Args:
        values: (V, K) normalised. names: (K,) of the axes.
        words: (row, word) to write where there is room, the farthest out first.
    """
    both = [(i, j) for i in range(values.shape[1]) for j in range(i + 1, values.shape[1])]
    n_rows = -(-len(both) // 3)
    figure, panels = grid(n_rows, 3, 2.2 * n_rows)
    figure.get_layout_engine().set(w_pad=0.08)
    for ax, (x, y) in zip(panels.ravel(), both, strict=False):
        ax.scatter(
            values[:, x],
            values[:, y],
            s=1.5,
            color=style.BLUE,
            alpha=0.15,
            linewidths=0,
            rasterized=True,
        )
        ax.set_xlabel(names[x])
        ax.set_ylabel(names[y])
    for ax in panels.ravel()[len(both) :]:
        ax.axis("off")
    figure.draw_without_rendering()
    for ax, (x, y) in zip(panels.ravel(), both, strict=False):
        far = np.hypot(values[:, x], values[:, y])
        shown = {word: row for row, word in sorted(words, key=lambda w: -far[w[0]])}
        shown = {word: row for word, row in shown.items() if far[row] > 0.25}
        _name_words(ax, values[:, x], values[:, y], shown)
    return figure


def name_words(ax: Axes, x: np.ndarray, y: np.ndarray, labels: Mapping[str, int]) -> None:
    """Write words beside their points where there is room, none over another or over the frame.

    Call it last: it lays out the figure to know where everything is.
    """
    ax.figure.draw_without_rendering()
    _name_words(ax, x, y, labels)


def _name_words(ax: Axes, x: np.ndarray, y: np.ndarray, labels: Mapping[str, int]) -> None:
    """The same in a figure that is laid out already."""
    from matplotlib.transforms import Bbox

    frame, pixels = ax.get_window_extent(), ax.figure.dpi / 72
    rows = list(labels.values())
    at = ax.transData.transform(np.column_stack([x[rows], y[rows]]))
    points = [Bbox.from_extents(*(p - 1.5 * pixels), *(p + 1.5 * pixels)) for p in at]
    placed: list[Bbox] = []
    ax.scatter(x[rows], y[rows], s=3, color=style.BLACK, linewidths=0, zorder=3)
    for number, (word, row) in enumerate(labels.items()):
        text = ax.annotate(
            word,
            (x[row], y[row]),
            xytext=(0, 0),
            textcoords="offset points",
            fontsize=6,
            zorder=4,
            in_layout=False,
            bbox=_HALO,
        )
        taken = placed + points[:number] + points[number + 1 :]
        for dx, dy, across, up in _PLACES:
            text.set(ha=across, va=up)
            text.xyann = (dx, dy)
            box = text.get_window_extent()
            inside = frame.x0 <= box.x0 and box.x1 <= frame.x1
            inside = inside and frame.y0 <= box.y0 and box.y1 <= frame.y1
            if inside and not any(box.overlaps(other) for other in taken):
                placed.append(box)
                break
        else:
            text.remove()


def star(
    spaces: Mapping[str, np.ndarray], words: Mapping[str, Sequence[tuple[int, str]]]
) -> Figure:
    """Five matched axes as five directions of the plane: every row is the sum of its shares.

    Args:
        spaces: name -> (V, 5) normalised values. words: name -> (row, word) to write.
    """
    n_columns = min(2, len(spaces))
    n_rows = -(-len(spaces) // n_columns)
    figure, panels = grid(n_rows, n_columns, 7 / n_columns * n_rows)
    angles = np.pi / 2 + 2 * np.pi * np.arange(5) / 5
    arms = np.column_stack([np.cos(angles), np.sin(angles)])  # (5, 2)
    for ax, (name, values) in zip(panels.ravel(), spaces.items(), strict=False):
        at = values @ arms
        ax.scatter(*at.T, s=2, color=style.BLUE, alpha=0.35, linewidths=0, rasterized=True)
        for axis, arm in enumerate(arms):
            ax.plot(*np.array([[0, 0], arm * 0.95]).T, color=style.GREY, lw=0.5)
            ax.annotate(str(axis), arm * 1.02, ha="center", va="center", color=style.RED)
        ax.spines[["left", "bottom"]].set_visible(False)
        ax.set(
            title=name,
            xticks=[],
            yticks=[],
            aspect="equal",
            xlim=(-1.15, 1.15),
            ylim=(-1.0, 1.1),
        )
    for ax in panels.ravel()[len(spaces) :]:
        ax.axis("off")
    figure.draw_without_rendering()
    for ax, (name, values) in zip(panels.ravel(), spaces.items(), strict=False):
        at = values @ arms
        _name_words(ax, at[:, 0], at[:, 1], {word: row for row, word in words[name]})
    return figure
