"""Views of paper 02 that a reader moves."""

from collections.abc import Mapping, Sequence

import numpy as np

from lmnotes import notebook
from lmnotes.figures import style
from lmnotes.notebook.views import Explorer
from lmnotes.papers.universal_geometry.figures import COLOURS
from lmnotes.papers.universal_geometry.worlds import Pair
from lmnotes.words.ica import compare, matching, other_axes
from lmnotes.words.ica.components import Components


def axis_browser(bases: Mapping[str, Components], *, min_count: int) -> Explorer:
    """The top words of an axis of some basis."""
    values = {name: space.normalised.max() for name, space in bases.items()}

    def draw(axis: int = 1, basis: str = "ICA", n_words: int = 10):
        space = bases[basis]
        top = matching.top_words(space, [axis - 1], k=n_words, min_count=min_count)
        figure, (ax,) = style.panels(height=0.5 + 0.17 * n_words)
        ax.barh(top.word, top.value, color=COLOURS[basis])
        ax.invert_yaxis()
        title = f"{basis}, axis {axis}: skewness {space.skewness[axis - 1]:.2f}"
        ax.set(title=title, xlabel="normalised value", xlim=(0, max(values.values()) * 1.02))
        return figure

    n_axes = min(space.n_axes for space in bases.values())
    controls = {"axis": (1, n_axes), "basis": list(bases), "n_words": (5, 25)}
    return notebook.explore(draw, stills=[{}, {"basis": "PCA"}], **controls)


def turn(space: Components) -> Explorer:
    """Two axes turned in their plane, and how far from Gaussian both are, by the angle."""
    angles = np.arange(-45, 46, 5)

    def turned(plane, degrees):
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        return plane @ np.array([[c, -s], [s, c]])

    scores: dict[tuple[int, int], list[float]] = {}  # of each pair of axes, at every angle

    def draw(angle: int = 30, first: int = 1, second: int = 2):
        plane = space.values[:, [first - 1, second - 1]]
        if (first, second) not in scores:
            steps = (other_axes.gaussianity(turned(plane, degrees)) for degrees in angles)
            scores[first, second] = [step.logcosh.sum() for step in steps]
        cloud = turned(plane, angle)
        skew = other_axes.gaussianity(cloud).skewness
        figure, (left, right) = style.panels(2, width=style.PAGE * 0.75)
        look = {"color": COLOURS["ICA"], "alpha": 0.5, "linewidths": 0, "rasterized": True}
        left.scatter(*cloud.T, s=2, **look)
        reach = np.linalg.norm(plane, axis=1).max()
        ends = (-0.6 * reach, reach)
        left.set(title=f"skewness {skew[0]:.2f} and {skew[1]:.2f}", aspect="equal")
        left.set(xlabel="one axis", ylabel="the other", xlim=ends, ylim=ends)
        right.plot(angles, scores[first, second], color=style.BLACK)
        right.axvline(angle, color=style.RED)
        right.set(xlabel="angle, degrees", ylabel="distance from Gaussian", title="log cosh")
        return figure

    last = space.n_axes
    controls = {"angle": (-45, 45, 5), "first": (1, last - 1), "second": (2, last)}
    return notebook.explore(draw, stills=[{"angle": 0}, {}], frames="angle", **controls)


def two_worlds(pairs: Sequence[Pair]) -> Explorer:
    """Axes matched on a share of the pairs, or on shuffled ones: something always matches."""
    named = {pair.name: pair for pair in pairs}

    def draw(world: str = pairs[0].name, method: str = "greedy", share: int = 100, shuffle=False):
        pair = named[world]
        first, second = pair.values()
        chosen = np.random.default_rng(pair.seed).permutation(len(first))
        chosen = chosen[: max(50, len(first) * share // 100)]
        partner = chosen
        if shuffle:
            groups = pair.kept_together[chosen]
            partner = chosen[compare.shuffled_rows(groups, seed=pair.seed)[0]]
        match = matching.match(first[partner], second[chosen], method=method)
        figure, (left, right) = style.panels(2, height=2.6, width=style.PAGE * 0.8)
        left.imshow(match.permuted, vmin=-0.6, vmax=0.6, cmap="RdBu_r", interpolation="nearest")
        left.set(title=f"{len(chosen):,} pairs{', shuffled' if shuffle else ''}")
        left.set(xlabel="second space", ylabel="first space")
        right.plot(np.arange(1, len(match) + 1), match.r, color=COLOURS["ICA"])
        right.set(title=f"mean {match.r.mean():.3f}", ylim=(0, 1))
        right.set(xlabel="matched axis", ylabel="correlation")
        return figure

    stills = [{}, {"shuffle": True}, {"shuffle": True, "share": 5}]
    controls = {"world": list(named), "method": ["greedy", "hungarian"], "share": (5, 100, 5)}
    return notebook.explore(draw, stills=stills, frames="share", **controls, shuffle=False)
