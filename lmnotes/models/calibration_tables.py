"""Some models of a population, chosen along its tree, compared directly; tables of the result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lmnotes.models import calibration, calibration_runs
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import projection

if TYPE_CHECKING:
    import pandas

    from lmnotes.models.calibration_runs import Compared
    from lmnotes.models.population import Population
    from lmnotes.text.chunks import TextSet


@dataclass(frozen=True, eq=False)
class Group:
    """m byte-level models, each compared with each.

    names, mixture: (m,); apart: (m, m) map distances, bits/byte; found: the comparison; domains:
    (N,) of the given texts; length: bytes of each text; spread: (m,) bool, those that were spread
    along the tree, the others being the nearest pair.
    """

    names: np.ndarray
    mixture: np.ndarray
    apart: np.ndarray
    found: "Compared"
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
        one, two = (rows[part] for part in np.triu_indices(len(rows), 1))
        apart = self.apart[one, two]
        both = dict.fromkeys((int(apart.argmin()), int(apart.argmax())))
        return [(int(one[pair]), int(two[pair])) for pair in both]

    def by_length(self, i: int, j: int) -> "pandas.DataFrame":
        """Sampled KL and variance estimates for each of `lengths`: n_bytes, sampled, error, total,
        within (nats per text), pair."""
        sampled = self.found.sampled(i, j, self.lengths).rename(columns={"kl": "sampled"})
        given = self.found.given
        estimate = calibration.variance_kl(given[i], given[j], self.lengths, self.domains)
        return sampled.merge(estimate).assign(pair=f"{self.names[i]}\n{self.names[j]}")

    def growth(self) -> np.ndarray:
        """How many times larger the estimate in bits/byte is for whole texts than for an eighth of
        them: one value per pair of models of one mixture. KL itself would give 1."""
        given, rows = self.found.given, []
        for i, j in zip(*np.triu_indices(len(self.names), 1), strict=True):
            if self.mixture[i] == self.mixture[j]:
                ends = [self.lengths[0], self.lengths[-1]]
                total = calibration.variance_kl(given[i], given[j], ends, self.domains).total
                rows.append(total[1] / total[0] * ends[0] / ends[1])
        return np.array(rows)

    def agreement(self) -> "pandas.DataFrame":
        """Map distance and direct estimates (both directions' mean) of every pair of the models
        that were spread along the tree, bits/byte: model, other, kind, variance, within, token
        level, text level."""
        import pandas

        one, two = np.triu_indices(len(self.names), 1)
        both = self.spread[one] & self.spread[two]
        one, two = one[both], two[both]
        bits = 1 / (self.length * np.log(2))
        given = self.found.given[:, :, : self.length].sum(axis=2, dtype=np.float64)
        token = (self.found.conditional + self.found.conditional.T) / 2
        sampled = self.found.sampled_matrix(self.length)
        same = self.mixture[one] == self.mixture[two]
        return pandas.DataFrame(
            {
                "model": self.names[one],
                "other": self.names[two],
                "kind": np.where(same, "one mixture", "two mixtures"),
                "variance": maps.kl(maps.row_centre(given))[one, two] * bits,
                "within": maps.kl(maps.centre_within(given, self.domains))[one, two] * bits,
                "token level": token[one, two] * bits,
                "text level": ((sampled + sampled.T) / 2)[one, two] * bits,
            }
        )

    def mixed(self, i: int, j: int, domain: str, share: float) -> "pandas.DataFrame":
        """As `by_length`, with texts of which this share (0..1) is of one domain and the rest is
        spread evenly over all: n_bytes, sampled, error, total."""
        names, at = np.unique(self.domains, return_inverse=True)
        weights = (1 - share) / len(names) + share * (names == domain)  # of the domains
        weights = (weights / np.bincount(at))[at]  # of the texts, summing to one
        ratio = np.cumsum(self.found.given[i] - self.found.given[j], axis=1, dtype=np.float64)
        ratio = ratio[:, np.array(self.lengths) - 1]  # (N, lengths)
        total = (weights @ ratio**2 - (weights @ ratio) ** 2) / 2
        sampled = self.found.sampled(i, j, self.lengths).rename(columns={"kl": "sampled"})
        return sampled.assign(total=total)


def groups(
    here: "Population",
    texts: "TextSet",
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
        sampling: `n_draws` and `seed` of `calibration_runs.compare`.
    """
    is_byte = (here.models.tokenizer == "bytes").to_numpy()
    is_ngram = (here.models.kind == "ngram").to_numpy()
    ids = np.stack([list(text.encode()[:longest]) for text in texts.texts])
    spaced = _spread(here, is_ngram, max(3, n_models // 3))
    half = slice(None, None, 2)  # fewer of the long texts
    counted = _group(
        here,
        spaced,
        _nearest_two(here, is_ngram),
        ids[half],
        texts.domains[half],
        longest,
        {**sampling, "n_given": 0},
    )
    spaced, nearest = _spread(here, is_byte, n_models), _nearest_two(here, is_byte & ~is_ngram)
    options = {**sampling, "n_given": n_given}
    every = _group(here, spaced, nearest, ids[:, :window], texts.domains, window, options)
    return {"counted": counted, "all": every}


def _group(here, spaced, nearest, ids, domains, length, options) -> Group:
    """Some rows of a population and its nearest pair, compared."""
    rows = np.union1d(spaced, nearest)
    models = here.models.iloc[rows]
    found = calibration_runs.compare(list(models.folder), ids, length=length, **options)
    return Group(
        names=models.model.to_numpy(),
        mixture=models.mixture.astype(str).to_numpy(),
        apart=here.kl[np.ix_(rows, rows)],
        found=found,
        domains=np.asarray(domains),
        length=length,
        spread=np.isin(rows, spaced),
    )


def _spread(here: "Population", chosen: np.ndarray, n: int) -> np.ndarray:
    """So many of the chosen models, evenly spaced along the tree."""
    along = projection.leaf_order(projection.tree(here.Q))
    along = along[chosen[along]]
    return along[np.linspace(0, len(along) - 1, min(n, len(along))).astype(int)]


def _nearest_two(here: "Population", chosen: np.ndarray) -> np.ndarray:
    """The two of the chosen models that are nearest to each other."""
    rows = np.flatnonzero(chosen)
    apart = here.kl[np.ix_(rows, rows)] + np.diag(np.full(len(rows), np.inf))
    return rows[list(np.unravel_index(apart.argmin(), apart.shape))]
