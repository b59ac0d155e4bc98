"""How far the distances of a map hang on a few texts, as tables over pairs of its models."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster

from lmnotes import statistics
from lmnotes.models import ngram, ngram_lookup
from lmnotes.models.loglik import LikelihoodMatrix
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import robustness
from lmnotes.papers.model_map.population import Population
from lmnotes.text import chunks


def random_pairs(n_models: int, n_pairs: int, seed: int) -> np.ndarray:
    """Pairs of different models, (P, 2), P a little below n_pairs."""
    pairs = np.random.default_rng(seed).integers(0, n_models, size=(n_pairs, 2))
    return pairs[pairs[:, 0] != pairs[:, 1]]


def clip_tails(raw: LikelihoodMatrix, share: float, pairs: np.ndarray) -> dict[str, float]:
    """Medians over pairs when this share of the entries is clipped: kurtosis of the difference,
    share of its square in 1 % of the texts, relative error of its variance; and the threshold."""
    clipped = raw.clip(share) if share else raw
    d = robustness.pair_differences(clipped.values, pairs)
    return {
        "share": share,
        "threshold": getattr(clipped, "threshold", None) or raw.values.min(),
        "kurtosis": np.nanmedian(robustness.kurtosis(d)),
        "top_share": np.median(robustness.top_share(d)),
        "relative error": np.nanmedian(robustness.relative_error(d)),
    }


def clip_effect(raw: LikelihoodMatrix, share: float, seed: int = 0) -> dict[str, float]:
    """`clip_tails` without and with the clip, as numbers of a sentence: share, kurtosis and part of
    the distance in 1 % of the texts, before and after."""
    pairs = random_pairs(len(raw.values), 300, seed)
    before, after = (clip_tails(raw, clip, pairs) for clip in (0, share))
    numbers = {"share": share, "before": before["kurtosis"], "after": after["kurtosis"]}
    return numbers | {"part_before": before["top_share"], "part_after": after["top_share"]}


def first_split(linkage: np.ndarray, column: pd.Series) -> dict[str, object]:
    """The two sides of a tree's highest branch: how many models each has, and their classes, the
    most frequent first."""
    side = fcluster(linkage, 2, "maxclust")
    column = pd.Series(column).astype(str).reset_index(drop=True)
    counts = [column[side == number].value_counts() for number in (1, 2)]
    counts.sort(key=lambda classes: -classes.sum())
    said = [[f"{n} {name}" for name, n in classes.items()] for classes in counts]
    return {"larger": said[0], "smaller": said[-1]}


def compare_pairs(population: Population, n_pairs: int = 9, seed: int = 0) -> pd.DataFrame:
    """Pairs from the nearest to the farthest: their map distance, and how well it is determined.

    A row per pair: both models, the distance in nats per text with its bootstrap error over texts,
    the relative error by bootstrap and by kurtosis, the kurtosis, and the part of 1 % of the texts.
    """
    upper = np.column_stack(np.triu_indices(len(population), 1))
    order = np.argsort(maps.kl(maps.row_centre(population.L))[tuple(upper.T)])
    some = upper[order[np.linspace(0, len(order) - 1, min(n_pairs, len(order))).astype(int)]]
    d = robustness.pair_differences(population.L, some)
    error = robustness.bootstrap(d, n_samples=300, seed=seed).std(axis=1, ddof=1)
    half = d.var(axis=1) / 2
    return pd.DataFrame(
        {
            "model": population.labels[some[:, 0]],
            "other": population.labels[some[:, 1]],
            "map distance, nats per text": half,
            "standard error (bootstrap)": error,
            "relative error (bootstrap)": error / half,
            "relative error (kurtosis)": robustness.relative_error(d),
            "kurtosis": robustness.kurtosis(d),
            "% of the distance in 1 % of texts": 100 * robustness.top_share(d),
        }
    )


def family_neighbours(population: Population, k: int = 5) -> tuple[np.ndarray, ...]:
    """Of every model that has relatives: the share of its k nearest that are of its family, what
    chance gives, and its lineage."""
    n = len(population)
    apart = np.where(np.eye(n, dtype=bool), np.inf, population.distance)
    family = population.models.family.astype(str).to_numpy()
    near = np.argsort(apart, axis=1)[:, : min(k, n - 1)]
    same = (family[near] == family[:, None]).mean(axis=1)
    relatives = np.array([np.sum(family == name) - 1 for name in family])
    kept = relatives > 0
    return same[kept], relatives[kept] / (n - 1), population.models.lineage.to_numpy()[kept]


def gain_claim(
    share: np.ndarray, chance: np.ndarray, lineage: np.ndarray, what: str, seed: int = 0
) -> tuple:
    """A claim's value, interval and note: the mean gain over chance, the interval over lineages,
    since relatives are not independent."""
    if len(set(lineage)) < 2:
        return np.nan, None, "fewer than two lineages to ask"
    value, interval = statistics.group_bootstrap(
        lambda rows: (share - chance)[rows].mean(), lineage, seed=seed
    )
    note = f"{share.mean():.2f} of {what}, chance {chance.mean():.2f}, {len(set(lineage))} lineages"
    return value, interval, note


def map_claims(population: Population, strongest: np.ndarray, seed: int = 0) -> dict[str, tuple]:
    """Whether neighbours on the map are of one family, and models where their texts are."""
    hits = domain_hits(population, strongest)
    near = gain_claim(*family_neighbours(population), "the neighbours", seed)
    return {"families": near, "domains": gain_claim(*hits, f"{len(hits[0])} models", seed)}


def domain_hits(population: Population, strongest: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of every model that read mostly one domain: whether its domain of strength is that one, how
    often a model drawn at random has that domain, and its lineage. Empty without known mixtures.

    Args:
        strongest: (M,) domain of strength of each.
    """
    if not population.is_zoo:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    mixture = population.models.mixture.astype(str).to_numpy()
    heavy = np.isin(mixture, list(set(population.domains)))
    strongest = np.asarray(strongest, object)
    hit = (mixture == strongest)[heavy].astype(float)
    chance = np.array([np.mean(strongest == name) for name in mixture[heavy]])
    return hit, chance, population.models.lineage.to_numpy()[heavy]


def ngram_row(
    texts: Sequence[str], domain: str, *, order: int, n_bytes: int, n_leaked: int = 0
) -> np.ndarray:
    """Log-likelihoods of the texts, every byte scored, under an n-gram model, (N,) nats.

    Args:
        domain: of the installed text, whose training part is read up to `n_bytes`.
        n_leaked: of the very texts, evenly spaced, that are also read.
    """
    texts, data = list(texts), chunks.stream(domain)[:n_bytes]
    leaked = texts[:: max(1, len(texts) // n_leaked)] if n_leaked else []
    model = ngram.fit(data + "\n".join(leaked).encode(), order=order)
    return ngram_lookup.text_sums(model, [text.encode() for text in texts])
