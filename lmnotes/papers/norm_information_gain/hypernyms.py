"""Which word of a pair is the hypernym: the votes of scores, split by which word is more frequent.

Oyama, Yokoi, Shimodaira (EMNLP 2023), section 7.2.2, appendix F, Tables 4 and 9. Frequency alone is
right wherever the hypernym is the more frequent word and wrong everywhere else, so both halves are
reported, and `overall` is the mean of the two.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse

from lmnotes.errors import InputError, expect_shape
from lmnotes.notebook import card
from lmnotes.statistics import interval
from lmnotes.text.corpus import Corpus
from lmnotes.words import information

HALVES = ("hyper_more_frequent", "hypo_more_frequent", "overall")
HEADS = {"n_hyper_more": "pairs, hyper", "n_hypo_more": "pairs, hypo"}
N_STRONGEST = 50  # contexts whose entropy SLQS takes the median of
PAIRS_AT_ONCE = 256


def margins(
    corpus: Corpus,
    pairs: pd.DataFrame,
    scores: Mapping[str, np.ndarray],
    *,
    window: int = 10,
    n_shuffles: int = 10,
    seed: int = 0,
) -> pd.DataFrame:
    """How clearly each method takes the hypernym of each pair for the hypernym; above 0 is right.

    Args:
        pairs: hyponym and hypernym, or none; pairs with a word that the corpus lacks are left out.
        scores: kl and entropy, and where wanted norm, delta_kl, delta_entropy and delta_norm
            (delta_ is less the level of a shuffled corpus), each (V,) in the order of
            `corpus.words`. A nan has no vote.
        window: of the co-occurrences behind WeedsPrec and SLQS.
        n_shuffles: shuffled corpora behind delta WeedsPrec; 0 leaves that method out.

    Returns:
        a table with columns hyponym, hypernym, n_hyponym, n_hypernym, and one per method.

    Raises:
        InputError: the corpus has both words of none of the pairs, or a score is not (V,).
    """
    known = [
        (corpus.ids[low], corpus.ids[high])
        for low, high in zip(pairs["hyponym"], pairs["hypernym"], strict=True)
        if low in corpus.ids and high in corpus.ids
    ]
    if not known and len(pairs):
        given = f"{corpus.name} has both words of none of {len(pairs):,} pairs; expected some"
        raise InputError(f"{given}; mine pairs from this corpus, or use a larger one")
    for name, score in scores.items():
        then = "one number per word in the order of corpus.words, nan where unknown"
        expect_shape(name, score, f"({corpus.n_words},)", then)
    known = np.array(known, np.int64).reshape(-1, 2)
    hypo, hyper = known.T
    ids, row = np.unique(known, return_inverse=True)
    low, high = row.reshape(-1, 2).T  # rows of the words of each pair
    rows = information.cooccurrence_rows(corpus, ids, window=window)
    contexts = strongest_contexts(rows, corpus.counts / corpus.n_tokens)

    def weeds(rows: scipy.sparse.csr_matrix) -> np.ndarray:
        return weeds_precision(rows, low, high) - weeds_precision(rows, high, low)

    def smaller(name: str) -> np.ndarray:
        return scores[name][hypo] - scores[name][hyper]

    def generality(name: str) -> np.ndarray:
        median = slqs(contexts, scores[name])
        return median[high] - median[low]

    votes = {
        "random": np.zeros(len(known)),
        "frequency": (corpus.counts[hyper] - corpus.counts[hypo]).astype(float),
        "WeedsPrec": weeds(rows),
        "SLQS Row": -smaller("entropy"),
        "SLQS": generality("entropy"),
        "KL": smaller("kl"),
    }
    if "norm" in scores:
        votes["squared norm"] = smaller("norm")
    if n_shuffles:
        rng = np.random.default_rng(seed)
        texts = (rng.permutation(corpus.tokens) for _ in range(n_shuffles))
        shuffled = (dataclasses.replace(corpus, tokens=tokens) for tokens in texts)
        null = [weeds(information.cooccurrence_rows(s, ids, window=window)) for s in shuffled]
        votes["delta WeedsPrec"] = votes["WeedsPrec"] - np.mean(null, axis=0)
    if "delta_entropy" in scores:
        votes["delta SLQS Row"] = -smaller("delta_entropy")
        votes["delta SLQS"] = generality("delta_entropy")
    for name, label in (("delta_kl", "delta KL"), ("delta_norm", "delta squared norm")):
        if name in scores:
            votes[label] = smaller(name)
    words = np.array(corpus.words, dtype=object)
    table = {"hyponym": words[hypo], "hypernym": words[hyper]}
    table |= {"n_hyponym": corpus.counts[hypo], "n_hypernym": corpus.counts[hyper]}
    return pd.DataFrame(table | votes)


def accuracy(margins: pd.DataFrame, n_resamples: int = 1000, seed: int = 0) -> pd.DataFrame:
    """The accuracy of each method in per cent, one row each (Table 9); a tie or no vote is a half.

    Returns:
        a table with columns method; hyper_more_frequent, hypo_more_frequent and overall (the mean
        of the two), each with the ends of a 95 % interval (_low, _high) over resampled pairs; and
        n_hyper_more, n_hypo_more, the pairs in either half. Pairs of equal frequency are left out.
        An empty half has nan.
    """
    methods = list(margins.columns[4:])
    votes = margins[methods].to_numpy(float)
    right = 100 * np.where(np.isnan(votes), 0.5, (votes > 0) + 0.5 * (votes == 0))
    more = np.sign(margins["n_hypernym"] - margins["n_hyponym"]).to_numpy()
    rng = np.random.default_rng(seed)
    columns: dict[str, object] = {"method": methods}
    samples = []  # of both halves, each (1 + n_resamples, methods): the estimate, then resamples
    for half in (right[more > 0], right[more < 0]):
        n = max(len(half), 1)
        weights = rng.multinomial(len(half), np.full(n, 1 / n), size=n_resamples)
        weights = np.concatenate([np.ones((1, n)), weights])
        empty = np.full((len(weights), len(methods)), np.nan)
        samples.append(weights @ half / n if len(half) else empty)
    samples.append((samples[0] + samples[1]) / 2)
    for name, sample in zip(HALVES, samples, strict=True):
        low, high = interval(sample[1:], axis=0)
        columns |= {name: sample[0], f"{name}_low": low, f"{name}_high": high}
    columns |= {"n_hyper_more": int((more > 0).sum()), "n_hypo_more": int((more < 0).sum())}
    return pd.DataFrame(columns)


def claims(table: pd.DataFrame) -> dict[str, tuple[float, tuple[float, float]]]:
    """What Table 4 claims, by claim: value and interval of every method and half but of chance."""
    measured = {}
    for row in table[~table.method.isin(["random", "frequency"])].to_dict("records"):
        for half in HALVES:
            claim = f"table4_{row['method']}_{half}".lower().replace(" ", "_")
            measured[claim] = row[half], (row[f"{half}_low"], row[f"{half}_high"])
    return measured


def beside_printed(table: pd.DataFrame, file: str | None = None) -> tuple[pd.DataFrame, float]:
    """Table 9 as the paper prints it with both halves of this run at the right, and the largest
    distance of the two where the file is one of the paper's sets, else NaN."""
    printed = card.table("01", "table9").set_index(["method", "set"])
    own = table.set_index("method")[[*HALVES[:2]]]
    gap, name = np.nan, Path(file or "").stem
    if name in printed.index.get_level_values("set"):
        gap = (printed.xs(name, level="set") - own).abs().to_numpy().max()
    wide = printed.unstack("set").reindex(own.index)
    wide = wide.join(
        pd.concat({half: own[[half]].set_axis(["this run"], axis=1) for half in own}, axis=1)
    )
    wide.columns = [f"{set_}, {half.partition('_')[0]}" for half, set_ in wide.columns]
    return wide.reset_index(), float(gap)


def weeds_precision(
    rows: scipy.sparse.csr_matrix, first: np.ndarray, second: np.ndarray
) -> np.ndarray:
    """The share of the contexts of one word that the other word has too (n_pairs,); nan if none.

    WeedsPrec(w1, w2) = sum of n_{w1,c} over c in C(w1) and C(w2), over the sum in C(w1); w1 is the
    hypernym if this is less than WeedsPrec(w2, w1) (Weeds et al. 2004; sheet of appendix F).

    Args:
        rows: (n_words, V) co-occurrence counts.
        first, second: (n_pairs,) rows of w1 and w2.

    >>> import scipy.sparse
    >>> rows = scipy.sparse.csr_matrix(np.array([[2, 6, 0], [0, 1, 3]]))
    >>> weeds_precision(rows, np.array([0, 1]), np.array([1, 0])).tolist()
    [0.75, 0.25]
    """
    rows = rows.astype(np.float64)
    total = np.asarray(rows.sum(axis=1)).ravel()
    shared = np.empty(len(first))
    for start in range(0, len(first), PAIRS_AT_ONCE):
        block = slice(start, start + PAIRS_AT_ONCE)
        both = rows[first[block]].multiply(rows[second[block]] > 0)
        shared[block] = np.asarray(both.sum(axis=1)).ravel()
    total = total[first]
    return np.divide(shared, total, out=np.full(len(first), np.nan), where=total > 0)


def strongest_contexts(
    rows: scipy.sparse.csr_matrix, unigram: np.ndarray, k: int = N_STRONGEST
) -> list[np.ndarray]:
    """The ids of the k contexts of each word with the largest positive local mutual information.

    LMI(w, c) = n_{w,c} log(p(c|w) / p(c)), with p(c) of the whole corpus (V,) as in KL(w). A word
    has fewer than k where fewer are positive; of equal ones the lower id comes first.
    """
    strongest = []
    for start, end in zip(rows.indptr[:-1], rows.indptr[1:], strict=True):
        contexts, counts = rows.indices[start:end], rows.data[start:end].astype(float)
        information = counts * np.log(counts / counts.sum() / unigram[contexts])
        order = np.lexsort((contexts, -information))[:k]
        strongest.append(contexts[order[information[order] > 0]])
    return strongest


def slqs(contexts: list[np.ndarray], entropy: np.ndarray) -> np.ndarray:
    """E(w), the median entropy of a word's strongest contexts (n_words,); nan if it has none.

    The word with the larger E is the hypernym (Santus et al. 2014).
    """
    medians = [np.median(entropy[ids]) if len(ids) else np.nan for ids in contexts]
    return np.array(medians, dtype=float)
