"""Views with controls of notebook 01; each builds its own and shows it."""

import functools
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from lmnotes import notebook, statistics
from lmnotes.figures import style
from lmnotes.papers.norm_information_gain import figures, frequency_bias, language_models
from lmnotes.papers.norm_information_gain.contexts import Measured
from lmnotes.papers.norm_information_gain.gains import Gains
from lmnotes.words import information
from lmnotes.words.norms import Norms

MOST_TOKENS = 1_000_000  # of a text that is counted again at each step


def microscope(gains: Gains):
    """A word, and the contexts that contribute most to its gain, at any reach of the window."""
    corpus, p = gains.corpus, gains.corpus.unigram
    words = [corpus.words[row] for row in np.flatnonzero(gains.drawn)]
    telling = corpus.words[int(np.argmax(np.where(gains.ringed, gains.kl, 0)))]

    def draw(
        word: str = telling, reach: int = gains.measures.window, n_contexts: int = 12
    ) -> Figure:
        rows = information.cooccurrence_rows(corpus, [corpus.index(word)], window=reach)
        inside = rows.data / rows.data.sum()
        parts = inside * np.log(inside / p[rows.indices])
        top = np.argsort(-parts, kind="stable")[:n_contexts]
        ids = rows.indices[top]
        table = {"context": [corpus.words[row] for row in ids], "usual": p[ids]}
        table |= {"inside": inside[top], "part": parts[top]}
        return figures.contexts_of_word(pd.DataFrame(table), word, parts.sum())

    return notebook.explore(
        draw,
        stills=[{}, {"reach": 2}, {"word": corpus.words[0]}],
        word=notebook.typed(words, telling),
        reach=(1, max(20, gains.measures.window)),
        n_contexts=(5, 30),
        frames="reach",
    )


def shuffle_button(gains: Gains, seed: int = 0):
    """The cloud of gains of a text that is shuffled, shortened, or freed of its noise."""
    window, least = gains.measures.window, int(gains.counts[gains.drawn].min())
    whole = gains.corpus.head(MOST_TOKENS)

    @functools.cache
    def measured(share: int, shuffle: bool) -> tuple:
        text = whole.head(max(1000, whole.n_tokens * share // 100))
        tokens = np.asarray(text.tokens)
        tokens = np.random.default_rng(seed).permutation(tokens) if shuffle else tokens
        got = information.measure_tokens(tokens, text.offsets, text.counts, window)
        level = frequency_bias.shuffle_level(text.counts, contexts_per_token=got.contexts_per_token)
        seen = text.counts >= least
        return text.n_tokens, text.counts[seen], got.kl[seen], level[seen]

    top = 1.05 * float(measured(100, False)[2].max())

    def draw(share: int = 100, shuffle: bool = False, subtract: bool = False) -> Figure:
        n_tokens, counts, kl, level = measured(share, shuffle)
        figure, (ax,) = style.panels(width=4.2)
        off = level if subtract else 0 * level
        scale = LogNorm(least, whole.counts.max())
        style.counted_points(ax, counts, kl - off, counts, scale)
        ax.plot(counts, level - off, color=style.RED, lw=1, label="level of a shuffled text")
        ax.set(xscale="log", xlim=(least * 0.9, whole.counts.max() * 1.2), ylim=(-1, top))
        ax.set(xlabel="count $n_w$", ylabel="corrected gain, nats" if subtract else "gain, nats")
        ax.set_title(f"{'shuffled' if shuffle else 'as it is'}, {n_tokens:,} tokens")
        ax.legend()
        return figure

    stills = [{}, {"shuffle": True}, {"subtract": True}, {"share": 20}]
    switches = {"share": (10, 100, 10), "shuffle": False, "subtract": False}
    return notebook.explore(draw, stills=stills, **switches, frames="share")


def switches(gains: Gains, origins: Mapping[str, Norms], fit_count: int):
    """Gain against raw, centred or whitened length from either origin, and any threshold."""
    counts = gains.counts
    tops = {False: 1.05 * np.nanmax(gains.kl[gains.drawn])}
    tops[True] = 2 * tops[False]

    def draw(
        norm: str = "raw", origin: str = next(iter(origins)), threshold: int = fit_count
    ) -> Figure:
        x, whitened = getattr(origins[origin], norm), norm == "whitened"
        fit = statistics.regress((1 + whitened) * gains.kl, x, counts > threshold, n_bootstrap=1)
        figure, (ax,) = style.panels(width=4.2)
        figures.cloud(ax, fit, gains)
        ax.set(xlabel=f"squared norm, {norm}", ylabel=f"{'2 ' * whitened}KL, nats")
        ax.set(xlim=(0, np.percentile(x[gains.drawn], 99.9)), ylim=(0, tops[whitened]))
        ax.set_title(
            f"$R^2 = {fit.r2:.2f}$, slope {fit.slope:.3g}, {fit.n_words} words", loc="left"
        )
        return figure

    return notebook.explore(
        draw,
        stills=[{"norm": norm} for norm in ("raw", "centred", "whitened")],
        norm=["raw", "centred", "whitened"],
        origin=list(origins),
        threshold=(min(int(counts[gains.drawn].min()), fit_count), 2 * fit_count),
    )


def scrubber(gains: Gains, squared: Mapping[int, np.ndarray]):
    """Both views of Figure 11 after so many epochs, on axes that stand still."""
    drawn = np.concatenate([norm[gains.drawn] for norm in squared.values()])
    far, top = np.percentile(drawn, 99.9), 1.05 * gains.kl[gains.drawn].max()

    def draw(n_epochs: int = max(squared)) -> Figure:
        figure, (left, right) = style.panels(2, width=6)
        figures.two_views(left, right, gains, squared[n_epochs], n_epochs)
        left.set(xlim=(0, far), ylim=(0, top))
        right.set(ylim=(0, far))
        return figure

    return notebook.explore(draw, stills=[{"n_epochs": n} for n in squared], n_epochs=list(squared))


def one_model(models: Mapping[str, Measured]):
    """The positions of one language model by any length and origin; None if none was read."""
    origins = {"the nearest position": "_0", "the mean": ""}
    if not models:
        return None

    def draw(
        model: str = next(iter(models)), norm: str = "centred", origin: str = "the nearest position"
    ) -> Figure:
        factor = 2 if norm == "whitened" else 1
        table, fit = language_models.line(models[model], norm, origins[origin], factor)
        figure, (ax,) = style.panels(width=4.2)
        figures.position_cloud(ax, table, fit)
        ax.set(
            xlabel=f"squared norm, {norm}",
            ylabel=f"{'2 ' if factor == 2 else ''}KL from {origin}, nats",
        )
        ax.set_title(f"{model}: $R^2 = {fit.r2:.2f}$, slope {fit.slope:.3g}", loc="left")
        return figure

    stills = [{"norm": "raw"}, {"norm": "whitened"}, {"norm": "whitened", "origin": "the mean"}]
    norms = ["raw", "centred", "whitened"]
    return notebook.explore(
        draw, stills=stills, model=list(models), norm=norms, origin=list(origins)
    )
