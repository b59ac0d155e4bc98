"""The views of notebook 03: a cosine taken apart, chance, the intruder game, the rotation knob."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from lmnotes import notebook
from lmnotes.figures import bases, style
from lmnotes.notebook.views import Explorer
from lmnotes.papers.cosine_similarity import figures
from lmnotes.papers.cosine_similarity.study import Space, turned
from lmnotes.words import null_laws, similarity
from lmnotes.words.ica import intruder, matching


def decompose(space: Space, pair: Sequence[str]) -> Explorer:
    """The cosine of two typed words by axis, in one basis, and as a growing sum in all three."""
    ids, n_axes = space.ids, space.n_axes

    def draw(word=pair[0], partner=pair[1], basis="ICA", n_bars=12) -> Figure:
        rows = ids[word], ids[partner]
        parts = {b: similarity.axis_products(unit, *rows) for b, unit in space.unit.items()}
        tested = similarity.significant_axes(parts[basis], kind="product")
        chosen, cosine = set(tested.axis[tested.significant]), parts[basis].sum()
        order = np.argsort(-np.abs(parts[basis]))[:n_bars]
        places = range(len(order))
        figure, (ax, summed) = style.panels(2, height=0.7 + 0.17 * n_bars)
        colours = [style.RED if axis in chosen else style.GREY for axis in order]
        ax.barh(places, parts[basis][order], color=colours)
        names = [f"{axis + 1}  {space.meaning(axis, basis)}" for axis in order]
        ax.set_yticks(places, names, fontsize=6)
        ax.set(xlabel="product", title=f"{word} × {partner}: {len(chosen)} significant axes (red)")
        ax.set(xlim=(-0.15, 0.5), ylim=(n_bars - 0.5, -0.5))
        for name, values in parts.items():
            look = {"ls": "--" if name == "random rotation" else "-", "label": name}
            line = np.cumsum(-np.sort(-values))
            summed.plot(range(1, n_axes + 1), line, color=bases.BASES[name], **look)
        summed.axhline(cosine, color=style.BLACK, lw=0.5, ls=":")
        summed.set(xscale="log", xlabel="axes summed, largest products first", ylim=(-0.1, 1.05))
        summed.set_title(f"cosine {cosine:.4f}, in every basis")
        summed.legend()
        return figure

    stills = [{}, {"basis": "PCA"}, {"basis": "random rotation"}]
    known = notebook.typed([space.words[row] for row in np.flatnonzero(space.listed)], pair[0])
    controls = {"word": known, "partner": known, "basis": list(space.unit)}
    return notebook.explore(draw, stills, **controls, n_bars=(5, 30))


def null_lab(n_axes: int) -> Explorer:
    """Random directions in K dimensions against the laws, in units of their standard deviation."""

    def draw(dimensions=n_axes, kind="product", n_draws=1000, log_scale=True) -> Figure:
        drawn = np.random.default_rng(0).normal(size=(2, n_draws, dimensions))
        drawn /= np.linalg.norm(drawn, axis=2, keepdims=True)
        values, law, scale, unit = drawn[0], "normal", np.sqrt(dimensions), r"1/\sqrt{K}"
        if kind == "product":
            values, law, scale, unit = drawn[0] * drawn[1], "product", dimensions, "1/K"
        reach = 20 if kind == "product" else 6
        at = np.linspace(-reach, reach, 800)
        figure, (ax,) = style.panels(width=4.5)
        curve = at, null_laws.density(at / scale, dimensions, law) / scale
        look = {"limit": reach, "colour": style.GREY, "log": log_scale, "name": "drawn"}
        figures.null_histogram(ax, values.ravel() * scale, curve, **look)
        ax.set_ylim((1e-6, 30) if log_scale else (0, 1.5))
        if kind == "component":
            exact = null_laws.density(at / scale, dimensions, "sphere") / scale
            line = {"color": style.BLACK, "lw": 0.8, "ls": "--", "label": "exact law"}
            ax.plot(at, np.where(exact > 0, exact, np.nan), **line)
        level = null_laws.threshold(dimensions, law)
        ax.axvline(level * scale, color=style.BLACK, lw=0.6)
        ax.set_xlabel(f"{kind}, in units of ${unit}$")
        ax.set_title(f"K = {dimensions}: 5 % over all axes above {level:.4f}")
        ax.legend(loc="upper left")
        return figure

    stills = [{}, {"kind": "component", "dimensions": 10}, {"dimensions": 300}]
    controls = {"dimensions": (4, 768), "kind": ["component", "product"]}
    more = {"n_draws": (100, 3000, 100), "log_scale": True}
    return notebook.explore(draw, stills, frames="dimensions", **controls, **more)


def intruder_game(space: Space, seed: int = 0) -> Explorer:
    """Five words of an axis and one that does not belong: type it; the first guess counts."""
    score: dict[str, dict[int, bool]] = {basis: {} for basis in space.unit}

    def draw(basis="ICA", axis=1, intruder_is="") -> Figure:
        rows, place = intruder.game(space.unit[basis], axis - 1, listed=space.listed, seed=seed)
        six, guess = [space.words[row] for row in rows], intruder_is.strip().casefold()
        is_answered = guess == "?" or guess in [word.casefold() for word in six]
        if is_answered:
            score[basis].setdefault(axis, guess == six[place].casefold())
        figure, (ax,) = style.panels(width=style.PAGE, height=0.9)
        ax.axis("off")
        for number, word in enumerate(six):
            is_shown = is_answered and number == place
            look = {"ha": "center", "fontsize": 10, "weight": "bold" if is_shown else "normal"}
            ax.text(
                (number + 0.5) / 6, 0.5, word, color=style.RED if is_shown else style.BLACK, **look
            )
        said = "type the word that does not belong, or ? to give up"
        if is_answered:
            said = "right" if guess == six[place].casefold() else f"it was {six[place]}"
        counts = [f"{b} {sum(of.values())} of {len(of)}" for b, of in score.items() if of]
        counts = "; ".join(counts) or "nothing yet"
        ax.set_title(f"{basis}, axis {axis}: {said}", loc="left")
        ax.text(0, 0, f"Found at the first guess: {counts}. By chance: one in six.", fontsize=7)
        return figure

    stills = [{"axis": 5}, {"axis": 5, "intruder_is": "?"}]
    stills += [still | {"basis": "PCA"} for still in stills]
    controls = {"basis": list(space.unit), "axis": (1, space.n_axes), "intruder_is": ""}
    return notebook.explore(draw, stills, **controls)


def rotation_knob(
    space: Space, turns: Mapping[str, Callable[[float], np.ndarray]], pair: Sequence[str]
) -> Explorer:
    """One axis on the way from PCA to ICA or to a random rotation, and a cosine that stays.

    turns: name of the end -> `similarity.geodesic` from PCA's values.
    """
    rows = [space.ids[word] for word in pair]

    def draw(t=1.0, target="ICA", axis=1) -> Figure:
        values = turned(turns[target], t)
        unit = similarity.normalise(values)
        top = matching.top_rows(unit[:, [axis - 1]], 10, space.listed)[0]
        figure, (left, right) = style.panels(2, width=6, height=2.2)
        at, colour = np.linspace(-0.6, 0.8, 300), bases.BASES[target]
        left.hist(unit[:, axis - 1], at[::4], color=colour, alpha=0.6, density=True)
        left.plot(at, null_laws.density(at, space.n_axes, "normal"), color=style.RED, lw=0.8)
        left.set(yscale="log", xlim=(-0.6, 0.8), ylim=(1e-3, 20), ylabel="density")
        left.set_xlabel(f"normalised value on axis {axis}")
        left.set_title(f"excess kurtosis {np.mean(values**4) - 3:.2f}")
        right.barh(range(10), unit[top, axis - 1], color=style.SKY)
        right.set_yticks(range(10), [space.words[row] for row in top])
        right.invert_yaxis()
        cosine = np.prod(unit[rows], axis=0).sum()
        right.set(xlim=(0, 0.8), xlabel="normalised value")
        right.set_title(f"cosine of {pair[0]}, {pair[1]}: {cosine:.6f}")
        return figure

    stills = [{"t": 0.0}, {"t": 0.5}, {}, {"target": "random rotation"}]
    controls = {"t": (0.0, 1.0, 0.05), "target": list(turns), "axis": (1, space.n_axes)}
    return notebook.explore(draw, stills, frames="t", **controls)
