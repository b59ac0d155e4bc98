"""Every two of some byte-level models compared directly: by texts they write, and by next bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import parallel, store
from lmnotes.models import sampling
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import projection, robustness
from lmnotes.papers.model_map import kl
from lmnotes.papers.model_map.population import Population
from lmnotes.text import chunks
from lmnotes.text.chunks import TextSet

_VERSION = 4  # part of the key of stored comparisons


@dataclass(frozen=True)
class Compared:
    """M models at texts that they wrote themselves, and at given ones, nats.

    ratio, exact: (M, M, n, T) of `sampling.compare_all`.
    """

    ratio: np.ndarray
    exact: np.ndarray
    given: np.ndarray  # (M, N, T) float32 log-probabilities of the given texts
    conditional: np.ndarray  # (M, M) nats per given text: sum of next-byte KL, i from j, or NaN

    def sampled(self, i: int, j: int, lengths: Sequence[int]):
        """KL(p_i || p_j) by length, with its standard error; see `kl.sampled_kl`."""
        return kl.sampled_kl(self.ratio[i, j], self.exact[i, j], lengths)


def compare_by_sampling(
    models: Sequence[str], ids: np.ndarray, *, n_draws: int, length: int, n_given: int, seed: int
) -> Compared:
    """All pairs of the models compared; kept as an artefact.

    Args:
        models: folders of models whose ids 0..255 are the bytes.
        ids: (N, T) bytes of texts.
        n_draws: texts drawn from each model. length: bytes of each.
        n_given: of the given texts, so many enter the next-byte comparison, evenly spaced; 0 for
            none.
    """
    from lmnotes.models.scoring import identity

    key = {"version": _VERSION, "models": [identity.identify(model).id for model in models]}
    key |= {"texts": store.content_id(np.asarray(ids).tolist()), "seed": seed}
    key |= {"n_draws": n_draws, "length": length, "n_given": n_given}

    def write(folder: Path) -> None:
        with parallel.one_thread():
            compared = _compared(models, np.asarray(ids), n_draws, length, n_given, seed)
        for name, values in vars(compared).items():
            np.save(folder / f"{name}.npy", values)

    path = store.build("calibration", key, write)
    return Compared(*(np.load(path / f"{field.name}.npy") for field in fields(Compared)))


def _compared(models, ids, n_draws, length, n_given, seed) -> Compared:
    from lmnotes.models.scoring import loading

    scorers = [loading.load(model, device="cpu") for model in models]
    starts = [(scorer.model, scorer.tokenizer.bos_token_id) for scorer in scorers]
    networks, (_, bos) = [scorer.model for scorer in scorers], starts[0]
    along = sampling.compare_all(networks, bos, n_draws, length, seed)
    given = np.stack([sampling.log_probabilities(*start, ids) for start in starts])
    conditional = np.full((len(models), len(models)), np.nan)
    if n_given:
        chosen = ids[np.linspace(0, len(ids) - 1, min(n_given, len(ids))).astype(int)]
        first = np.full((len(chosen), 1), bos)
        for i in range(len(models)):
            exact = sampling.compare_along(networks, i, first, chosen).sums[1]  # (M, n_given)
            conditional[i] = exact.mean(axis=1)
    return Compared(along.ratio, along.kl, given.astype(np.float32), conditional)


@dataclass(frozen=True, eq=False)
class Group:
    """m byte-level models, each compared with each.

    names, labels, mixture: (m,); apart: (m, m) map distances, nats per text; domains: (N,) of the
    given texts; length: bytes of each text; spread: (m,) bool, those that were spread along the
    tree, the others being the nearest pair.
    """

    names: np.ndarray
    labels: np.ndarray
    mixture: np.ndarray
    apart: np.ndarray
    compared: Compared
    domains: np.ndarray
    length: int
    spread: np.ndarray

    @cached_property
    def lengths(self) -> list[int]:
        """An eighth, a quarter, a half and all of the bytes."""
        return [self.length // part for part in (8, 4, 2, 1)]

    def ends(self, among: Sequence[int] | None = None) -> list[tuple[int, int]]:
        """The nearest and the farthest pair of all models, or of those at these rows."""
        rows = np.arange(len(self.names)) if among is None else np.asarray(among)
        pairs = rows[np.column_stack(np.triu_indices(len(rows), 1))]
        apart = self.apart[tuple(pairs.T)]
        return [tuple(pairs[k].tolist()) for k in dict.fromkeys((apart.argmin(), apart.argmax()))]

    def by_length(self, i: int, j: int) -> pd.DataFrame:
        """Sampled KL and variance estimates for each of `lengths`: n_bytes, sampled, monte_carlo,
        their errors, total, within (nats per text), pair."""
        sampled = self.compared.sampled(i, j, self.lengths).rename(columns={"kl": "sampled"})
        given = self.compared.given
        estimate = kl.variance_kl(given[i], given[j], self.lengths, self.domains)
        return sampled.merge(estimate).assign(pair=f"{self.labels[i]}\n{self.labels[j]}")

    @cached_property
    def matrices(self) -> dict[str, np.ndarray]:
        """Map distance and direct estimates (both directions' mean) of the models that were spread
        along the tree, nats per text, (m, m) each."""
        spread = np.ix_(self.spread, self.spread)
        given = self.compared.given[:, :, : self.length].sum(axis=2, dtype=np.float64)
        token = self.compared.conditional
        exact, ratio = (
            x[..., : self.length].sum(axis=-1, dtype=np.float64).mean(axis=-1)
            for x in (self.compared.exact, self.compared.ratio)
        )
        nats = {
            "map distance": maps.kl(maps.row_centre(given)),
            "within domains": maps.kl(maps.centre_within(given, self.domains)),
            "next-byte KL": (token + token.T) / 2,
            "sampled KL": (exact + exact.T) / 2,
            "Monte Carlo": (ratio + ratio.T) / 2,
        }
        return {name: rows[spread] for name, rows in nats.items()}

    def agreement(self) -> pd.DataFrame:
        """`matrices` of every pair: model, other, kind, and a column of each."""
        names, mixture = self.labels[self.spread], self.mixture[self.spread]
        i, j = np.triu_indices(len(names), 1)
        kind = np.where(mixture[i] == mixture[j], "one mixture", "two mixtures")
        table = pd.DataFrame({"model": names[i], "other": names[j], "kind": kind})
        return table.assign(**{name: rows[i, j] for name, rows in self.matrices.items()})

    @property
    def factor(self) -> float:
        """How many times the sampled KL the map distance is, the median over pairs."""
        table = self.agreement()
        return float((table["map distance"] / table["sampled KL"]).median())

    def claims(self, seed: int = 0) -> dict[str, tuple]:
        """The correlations of the map distance with both direct estimates, with intervals."""
        n, apart, found = int(self.spread.sum()), self.matrices["map distance"], {}
        note = f"{n * (n - 1) // 2} pairs of {n} models; interval over models"
        for claim, name in (("kl_token", "next-byte KL"), ("kl_text", "sampled KL")):
            found[claim] = (*robustness.agreement(apart, self.matrices[name], seed=seed), note)
        plain = robustness.pair_correlation(apart, self.matrices["Monte Carlo"])
        found["kl_text"] = (*found["kl_text"][:2], f"{note}; by Monte Carlo r = {plain:.3f}")
        return found

    def mixed(self, i: int, j: int, domain: str, share: float) -> pd.DataFrame:
        """As `by_length`, with texts of which this share (0..1) is of one domain and the rest is
        spread evenly over all: n_bytes, sampled, error, total."""
        names, number = np.unique(self.domains, return_inverse=True)
        weights = (1 - share) / len(names) + share * (names == domain)  # of the domains
        weights = (weights / np.bincount(number))[number]  # of the texts, summing to one
        given = self.compared.given.astype(np.float64)
        ratio = kl.beginnings(given[i] - given[j], self.lengths).T
        total = (weights @ ratio**2 - (weights @ ratio) ** 2) / 2
        sampled = self.compared.sampled(i, j, self.lengths).rename(columns={"kl": "sampled"})
        return sampled.assign(total=total)


def groups(
    population: Population,
    texts: TextSet,
    *,
    window: int,
    longest: int,
    n_models: int,
    sampling: Mapping,
    n_given: int = 36,
) -> dict[str, Group]:
    """ "counted", n-gram models on texts of `longest` bytes, and "all", byte-level models of every
    kind on their beginnings of `window` bytes, with next-byte comparisons.

    Args:
        texts: of `longest` bytes each, or longer.
        n_models: of "all"; a third as many are counted ones. The nearest pair of each comes on top.
        sampling: `n_draws` and `seed` of `kl_runs.compare_by_sampling`.
    """
    is_byte = (population.models.tokenizer == "bytes").to_numpy()
    is_ngram = (population.models.kind == "ngram").to_numpy()
    ids = np.stack([list(text.encode()[:longest]) for text in texts.texts])
    half = slice(None, None, 2)  # fewer of the long texts
    options = {**sampling, "n_given": 0}
    few = _spread(population, is_ngram, max(3, n_models // 3))
    near = _nearest_two(population, is_ngram)
    counted = _group(population, few, near, ids[half], texts.domains[half], longest, options)
    options = {**sampling, "n_given": n_given}
    many, near = (
        _spread(population, is_byte, n_models),
        _nearest_two(population, is_byte & ~is_ngram),
    )
    every = _group(population, many, near, ids[:, :window], texts.domains, window, options)
    return {"counted": counted, "all": every}


ABSENT = dict.fromkeys(("kl_token", "kl_text"), (np.nan, None, "needs the models trained here"))


def compare(
    population: Population, *, is_small: bool, per_domain: int, n_models: int, sampling: Mapping
) -> dict[str, Group]:
    """`groups` of a zoo, on texts as long as its networks have read; none of other models, which
    are not known to read bytes."""
    if not population.is_zoo:
        return {}
    window, longest = (64, 128) if is_small else (128, 512)
    texts = long_texts(longest, per_domain, sampling["seed"])
    lengths = {"window": window, "longest": longest}
    return groups(population, texts, **lengths, n_models=n_models, sampling=sampling)


def long_texts(longest: int, per_domain: int, seed: int) -> TextSet:
    """Texts of `longest` bytes or a few more, a fifth as many of each domain as the map has."""
    n = max(2, per_domain // 5)
    return chunks.load("installed", size=longest + 3, minimum=longest, per_domain=n, seed=seed)


def growth(compared: Mapping[str, Group], population: Population) -> pd.DataFrame:
    """`Group.by_length` of the nearest and the farthest counted models, then networks."""
    counted, every = compared["counted"], compared["all"]
    is_ngram = population.models.set_index("model").kind == "ngram"
    networks = np.flatnonzero(~is_ngram[every.names].to_numpy())
    tables = [counted.by_length(*pair) for pair in counted.ends()]
    tables += [every.by_length(*pair) for pair in every.ends(networks)]
    return pd.concat(tables, ignore_index=True)


def slopes(growth: pd.DataFrame) -> dict[str, float]:
    """How sampled KL, the map distance and that within domains grow with the length of texts: the
    exponent, by least squares of logarithms, the median over pairs without a negative value."""
    names = ["sampled", "total", "within"]
    values = growth[["n_bytes", *names]]
    fits = []
    for _, rows in np.log(values.where(values > 0)).groupby(growth.pair):
        x = (rows.n_bytes - rows.n_bytes.mean()).to_numpy()
        fits.append(x @ rows[names].to_numpy() / (x @ x))
    return pd.DataFrame(fits, columns=names).median().to_dict()


def _group(population, spaced, nearest, ids, domains, length, options) -> Group:
    """Some rows of a population and its nearest pair, compared."""
    rows = np.union1d(spaced, nearest)
    models = population.models.iloc[rows]
    return Group(
        names=models.model.to_numpy(),
        labels=models.label.to_numpy(),
        mixture=models.mixture.astype(str).to_numpy(),
        apart=population.distance[np.ix_(rows, rows)],
        compared=compare_by_sampling(list(models.folder), ids, length=length, **options),
        domains=np.asarray(domains),
        length=length,
        spread=np.isin(rows, spaced),
    )


def _spread(population: Population, chosen: np.ndarray, n: int) -> np.ndarray:
    """So many of the chosen models, evenly spaced along the tree."""
    along = projection.leaf_order(projection.tree(population.Q))
    along = along[chosen[along]]
    return along[np.linspace(0, len(along) - 1, min(n, len(along))).astype(int)]


def _nearest_two(population: Population, chosen: np.ndarray) -> np.ndarray:
    """The two of the chosen models that are nearest to each other."""
    rows = np.flatnonzero(chosen)
    apart = population.distance[np.ix_(rows, rows)] + np.diag(np.full(len(rows), np.inf))
    return rows[list(np.unravel_index(apart.argmin(), apart.shape))]
