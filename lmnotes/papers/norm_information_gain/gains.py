"""What each word of a text tells of its neighbours, and how much of that is noise.

Oyama, Yokoi and Shimodaira (EMNLP 2023), sections 3 and 6: the information gain KL(w), what a
shuffled text shows of it, and what is left.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes.errors import InputError
from lmnotes.papers.norm_information_gain import frequency_bias
from lmnotes.text import downloads
from lmnotes.text.corpus import Corpus
from lmnotes.words import information

FEWEST = 20  # words that a line is drawn through
AROUND = (10, 100, 1000)  # occurrences of the words whose mean gains are compared


@dataclass(frozen=True, eq=False)
class Gains:
    """Scores of the V words of a corpus, in nats.

    measures: KL, entropy and self-information as counted. levels: a row per word: word, count, kl
    and the levels of Figure 5. delta_kl, delta_entropy: (V,) less what a shuffled text shows.
    drawn: (V,) bool, words of `min_count` occurrences or more; ringed: those of more than
    `fit_count`, which carry the lines.
    """

    corpus: Corpus
    measures: information.Information
    levels: pd.DataFrame
    delta_kl: np.ndarray
    delta_entropy: np.ndarray
    drawn: np.ndarray
    ringed: np.ndarray

    @property
    def kl(self) -> np.ndarray:
        """KL(w) as counted (V,)."""
        return self.measures.kl

    @property
    def null(self) -> np.ndarray:
        """The expected KL of every word in a shuffled text (V,), in closed form."""
        return self.levels["shuffled, closed form"].to_numpy()

    @property
    def counts(self) -> np.ndarray:
        """n_w (V,)."""
        return self.measures.counts

    def of_drawn(self, **columns: np.ndarray) -> pd.DataFrame:
        """A table of the drawn words: word, count, and these columns, each given as (V,)."""
        table = {"word": self.corpus.words, "count": self.counts} | columns
        return pd.DataFrame(table)[self.drawn]


def expect_paths(*paths: str | None) -> None:
    """Raise InputError where a path that was given is not there, before anything is computed."""
    for path in paths:
        if path is not None and path not in downloads.DOWNLOADS and not Path(path).exists():
            wanted = "a path that exists, the name of a download, or None"
            raise InputError(f"{path!r} was given; expected {wanted}: correct the parameter")


def measure(
    corpus: Corpus, *, window: int, min_count: int, fit_count: int, n_shuffles: int, seed: int
) -> Gains:
    """The gains of all words of a corpus; n_shuffles: shuffled texts beside the closed form.

    Raises InputError where fewer than twenty words carry a line.
    """
    counts = np.asarray(corpus.counts)
    ringed = counts > fit_count
    if ringed.sum() < FEWEST:
        given = f"{ringed.sum()} words occur more than {fit_count} times"
        then = "lower fit_count or give more text"
        raise InputError(f"{given}; expected {FEWEST} or more for the lines: {then}")
    measures = information.measure(corpus, window=window)
    shuffled = frequency_bias.shuffle(corpus, window=window, n_shuffles=n_shuffles, seed=seed)
    reach = {"contexts_per_token": measures.contexts_per_token}
    null = frequency_bias.shuffle_level(counts, **reach)
    levels = {"word": corpus.words, "count": counts, "kl": measures.kl}
    levels |= {"shuffled, closed form": null, f"shuffled {n_shuffles} times": shuffled.kl}
    levels["lower 3 percentile"] = frequency_bias.percentile_level(measures.kl, counts)
    levels["rounded"] = frequency_bias.round_level(counts, **reach)
    delta_entropy = measures.entropy - frequency_bias.entropy_level(counts, **reach)
    every = pd.DataFrame(levels), measures.kl - null, delta_entropy
    return Gains(corpus, measures, *every, counts >= min_count, ringed)


def extremes(gains: Gains, n: int = 10) -> pd.DataFrame:
    """The drawn words of largest and of smallest KL side by side (Table 1)."""
    ordered = gains.of_drawn(KL=gains.kl)[["word", "KL", "count"]].sort_values("KL")
    ends = {"largest KL": ordered[::-1].head(n), "smallest KL": ordered.head(n)}
    table = pd.concat({name: end.reset_index(drop=True) for name, end in ends.items()}, axis=1)
    return table.set_axis([" ".join(pair) for pair in table.columns], axis=1)


def longest(gains: Gains, norm: np.ndarray, n: int = 15) -> pd.DataFrame:
    """The drawn words of the longest vectors; norm: squared (V,)."""
    own = {"squared norm": norm, "gain": gains.kl, "corrected gain": gains.delta_kl}
    return gains.of_drawn(**own).nlargest(n, "squared norm")


def noise(gains: Gains) -> pd.DataFrame:
    """How much of the mean gain a shuffled text shows too, nats, a row per set of words.

    Columns words (which), n_words, gain, noise (mean level, closed form), left (their difference),
    share (noise / gain), negative (share of words whose corrected gain is below 0). The first row
    is all tokens: their mean gain is the mutual information of a word and its context.
    """
    counts, ways = gains.counts, {}
    for n in AROUND:
        ways[f"words of about {n:,} occurrences"] = np.abs(np.log(counts / n)) < 0.1
    ways["those ringed in Figure 1"] = gains.ringed
    rows = [("all of the text", len(counts), gains.measures.mutual_information)]
    rows[0] += (float(gains.corpus.unigram @ gains.null), (gains.delta_kl < 0).mean())
    for name, chosen in ways.items():
        if chosen.any():
            means = (gains.kl[chosen].mean(), gains.null[chosen].mean())
            rows.append((name, chosen.sum(), *means, (gains.delta_kl[chosen] < 0).mean()))
    table = pd.DataFrame(rows, columns=["words", "n_words", "gain", "noise", "negative"])
    return table.assign(left=table.gain - table.noise, share=table.noise / table.gain)


def examples(gains: Gains, classes: np.ndarray, n: int = 10, seed: int = 0) -> pd.DataFrame:
    """Proper nouns drawn from the top, the middle and the bottom tenth by corrected gain, of words
    of up to 1,000 occurrences (Table 8). classes: (V,) of `word_classes`."""
    chosen = gains.drawn & (classes == "proper") & (gains.counts <= 1000)
    proper = np.flatnonzero(chosen & np.isfinite(gains.delta_kl))
    ranked, size = proper[np.argsort(-gains.delta_kl[proper])], len(proper)
    ends = {
        "top 10 %": ranked[: size // 10],
        "middle 10 %": ranked[45 * size // 100 : 55 * size // 100],
        "bottom 10 %": ranked[size - size // 10 :],
    }
    rng, rows = np.random.default_rng(seed), []
    for name, tenth in ends.items():
        drawn = rng.choice(tenth, min(n, len(tenth)), replace=False)
        rows.append((name, ", ".join(gains.corpus.words[row] for row in drawn)))
    return pd.DataFrame(rows, columns=["rank by corrected gain", "ten random proper nouns"])
