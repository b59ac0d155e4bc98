"""What a map is about: the share of its squared distances that a factor explains, and its noise."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_distances

from lmnotes import statistics
from lmnotes.errors import InputError, expect_finite, expect_shape
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps.robustness import pair_correlation


def permanova(
    squared: np.ndarray, factors: Mapping[str, Sequence], n_permutations: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """The share of the squared distances that each factor explains: factor, r2, f, p.

    Args:
        squared: (M, M) squared distances, or any multiple of them such as `coordinates.kl`.
        factors: names, and the (M,) labels of each.
        n_permutations: of the labels; p = (1 + those with r2 at least as large) / (n + 1).

    Anderson, Austral Ecology 26 (2001): SS_total = sum over i < j of d_ij^2 / M, SS_within the same
    for the members of each group, r2 = 1 - SS_within / SS_total, f = the pseudo F.

    >>> squared = np.array([[0, 1, 9, 9], [1, 0, 9, 9], [9, 9, 0, 1], [9, 9, 1, 0.0]])
    >>> shares = permanova(squared, {"half": ["a", "a", "b", "b"]}, n_permutations=99)
    >>> round(float(shares.r2[0]), 4), round(float(shares.f[0]), 1)
    (0.8947, 17.0)
    """
    squared = np.asarray(squared, np.float64)
    expect_shape("the distances", squared, "(M, M)", "take maps.kl of log-likelihoods")
    expect_finite("the distances", squared)
    n = len(squared)
    rng = np.random.default_rng(seed)
    orders = np.argsort(rng.random((n_permutations, n)), axis=1)  # the same for every factor
    total = squared.sum() / (2 * n)
    rows = []
    for name, labels in factors.items():
        groups = _indicators(labels, n, name)  # (M, G)
        within = _within(squared, groups[None])[0]
        permuted = _within(squared, groups[orders])  # (n_permutations,)
        r2, n_groups = 1 - within / total, groups.shape[1]
        f = (total - within) / (n_groups - 1) / (within / (n - n_groups)) if within else np.inf
        at_least = int((permuted <= within + 1e-9 * total).sum())
        rows.append((name, r2, f, (1 + at_least) / (n_permutations + 1)))
    return pd.DataFrame(rows, columns=["factor", "r2", "f", "p"])


def between_share(log_likelihood: np.ndarray, prompts: Sequence) -> np.ndarray:
    """The part of Var(l_i - l_j) that is between prompts, (M, M) of 0..1; nan for equal rows.

    Var(r) = E_x Var(r | x) + Var_x E[r | x]: conditional KL is half the first term.

    >>> L = np.array([[-1.0, -3, -5, -7], [-2, -2, -2, -2]])
    >>> between_share(L, ["a", "a", "b", "b"]).round(2)[0, 1].item()
    0.8
    """
    total = maps.kl(maps.row_centre(log_likelihood))
    within = maps.kl(maps.centre_within(log_likelihood, prompts))
    share = np.full_like(total, np.nan)
    return np.divide(total - within, total, out=share, where=total > 0)


def split_half(log_likelihood: np.ndarray, n: int = 100, seed: int = 0) -> np.ndarray:
    """The correlation of the models' distances from two random halves of the pairs, (n,) draws."""
    values = np.asarray(log_likelihood, np.float64)
    rng, half = np.random.default_rng(seed), values.shape[1] // 2
    draws = []
    for _ in range(n):
        order = rng.permutation(values.shape[1])
        parts = (values[:, order[:half]], values[:, order[half : 2 * half]])
        draws.append(pair_correlation(*(maps.kl(maps.row_centre(part)) for part in parts)))
    return np.array(draws)


def drawn_shares(
    log_likelihood: np.ndarray, factors: Mapping[str, Sequence], n: int = 200, seed: int = 0
) -> pd.DataFrame:
    """`permanova`'s r2 of n maps from pairs drawn anew, with replacement: draw, factor, r2."""
    values, rng = np.asarray(log_likelihood, np.float64), np.random.default_rng(seed)
    chosen = (rng.integers(values.shape[1], size=values.shape[1]) for _ in range(n))
    squared = np.stack([maps.kl(maps.row_centre(values[:, pairs])) for pairs in chosen])
    total = squared.sum(axis=(1, 2)) / (2 * len(values))
    groups = {name: _indicators(labels, len(values), name) for name, labels in factors.items()}
    shares = {name: 1 - _within(squared, members[None]) / total for name, members in groups.items()}
    table = pd.DataFrame(shares).rename_axis(index="draw", columns="factor")
    return table.stack().rename("r2").reset_index()


def share_gaps(
    more: np.ndarray, less: np.ndarray, labels: Sequence, sets: Sequence, **drawing
) -> tuple[list[float], list[tuple[float, float]]]:
    """How much more of one map, (M, N), than of another a factor explains, in each of S sets of
    models by itself: S differences of `permanova`'s r2, and their 95 % intervals over texts."""
    labels, sets, values, intervals = np.asarray(labels), np.asarray(sets), [], []
    for chosen in (sets == name for name in dict.fromkeys(sets.tolist())):
        factor, shares, draws = {"factor": labels[chosen]}, [], []
        for rows in (more[chosen], less[chosen]):
            squared = maps.kl(maps.row_centre(rows))
            shares.append(permanova(squared, factor, n_permutations=0).r2[0])
            draws.append(drawn_shares(rows, factor, **drawing).r2)
        values.append(shares[0] - shares[1])
        intervals.append(statistics.interval_holding(values[-1], draws[0] - draws[1]))
    return values, intervals


def budget(
    log_likelihood: np.ndarray, sizes: Sequence[int], n_runs: int = 50, seed: int = 0
) -> pd.DataFrame:
    """How well n pairs, drawn without replacement, give the distances of all N: a row per run.

    Columns: n, run, r (Pearson over pairs of models, which are not independent) and error (median
    over them of the relative error of the squared distance).
    """
    values = np.asarray(log_likelihood, np.float64)
    upper = np.triu_indices(len(values), 1)
    rng, rows = np.random.default_rng(seed), []
    whole = maps.kl(maps.row_centre(values))
    for n in sizes:
        for run in range(n_runs):
            chosen = rng.choice(values.shape[1], n, replace=False)
            part = maps.kl(maps.row_centre(values[:, chosen]))
            error = np.median(np.abs(part[upper] / whole[upper] - 1))
            rows.append((n, run, pair_correlation(part, whole), error))
    return pd.DataFrame(rows, columns=["n", "run", "r", "error"])


def response_distance(responses: Sequence[Sequence[str]]) -> np.ndarray:
    """How differently M models answer: (M, M) of 0..1, 1 - cosine of bags of character-n-grams
    (n = 2..4, inside words, TF-IDF), in place of the paper's embeddings.

    >>> response_distance([["one two"], ["one two"], ["567"]]).round(2).tolist()[0]
    [0.0, 0.0, 1.0]
    """
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    vectors = vectorizer.fit_transform(["\n".join(texts) for texts in responses])
    return cosine_distances(vectors)


def _within(squared, groups):
    """Sum over groups of the sum over i < j in it of d_ij^2 / n_g; distances (R, M, M) or groups
    (R, M, G) give (R,)."""
    sums = np.einsum("rmg,rmg->rg", np.matmul(squared, groups), groups)
    return (sums / (2 * groups.sum(axis=1))).sum(axis=1)


def _indicators(labels, n, name):
    groups = (np.asarray(labels)[:, None] == np.unique(labels)).astype(np.float64)
    if len(labels) != n or not 1 < groups.shape[1] < n:
        raise InputError(
            f"factor {name!r} has {len(labels)} labels of {groups.shape[1]} kinds for {n} models; "
            f"expected {n} labels of 2 to {n - 1} kinds: leave it out where every model has its own"
        )
    return groups
