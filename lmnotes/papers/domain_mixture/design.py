"""Weights of domains from the log-likelihood differences of a target and a base."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmnotes.errors import InputError, expect_one_of
from lmnotes.papers.domain_mixture import rules

NEEDS = {"pull": "scores", "cone": "changes", "least squares": "changes"}
RULES = ("single", "anti", "domain mean", "aggregated", *NEEDS)


@dataclass(frozen=True, eq=False)
class Gap:
    """The log-likelihood difference of a target and a base over N design texts.

    Args:
        values: (N,) nats per text, l_target - l_base.
        n_bytes: (N,) length of the texts.
        which: (N,) number of each text's domain in `names`.
        names: of the K domains.
    """

    values: np.ndarray
    n_bytes: np.ndarray
    which: np.ndarray
    names: tuple[str, ...]

    @classmethod
    def from_texts(cls, texts: pd.DataFrame, values: np.ndarray, names: Sequence[str]) -> "Gap":
        """The gap over the texts of these domains; those of others are left out.

        Args:
            texts: N rows with the columns domain and n_bytes, such as `TextSet.table`.
            values: (N,) nats. names: of the K domains, in the order of the weights.
        """
        which = pd.Index(list(names)).get_indexer(texts["domain"])
        used = which >= 0
        n_bytes = texts["n_bytes"].to_numpy()[used]
        return cls(np.asarray(values)[used], n_bytes, which[used], tuple(names))

    @property
    def per_byte(self) -> np.ndarray:
        """(N,) nats per byte: texts of unequal length count the same."""
        return self.values / self.n_bytes

    @property
    def means(self) -> np.ndarray:
        """(K,) nats per byte, the mean over the texts of each domain."""
        return rules.domain_means(self.per_byte, self.which, len(self.names))

    @property
    def between(self) -> float:
        """0..1, the share of the variance of the values that lies between domains.

        What is between grows with the square of the length of the texts, so does KL in this space.
        """
        means = rules.domain_means(self.values, self.which, len(self.names))[self.which]
        total = np.var(self.values)
        return float(np.var(means) / total) if total > 0 else 0.0


def design(
    gap: Gap,
    rule: str = "domain mean",
    *,
    temperature: float | str = "sd",
    changes: np.ndarray | None = None,
    scores: np.ndarray | None = None,
) -> np.ndarray:
    """The weights of the K domains by one of `RULES`, (K,).

    Args:
        temperature: nats per byte ("pull": the unit of the scores), or "sd", the standard deviation
            over domains of what is put into the softmax.
        changes: (N, K) for "cone" and "least squares": of training on each domain (`probes`), or
            of small steps (`responses`).
        scores: (K,) for "pull", of `pull_scores`.

    Softmax weights do not see a constant per byte in the gap, "cone" and "least squares" none per
    text. "single" is the domain whose mean gap is largest; "anti" turns the sign of "domain mean"
    around and should do harm. Raises InputError for a rule that lacks what it needs.

    >>> gap = Gap(np.array([2.0, 2, 4]), np.full(3, 2), np.array([0, 0, 1]), ("code", "news"))
    >>> design(gap, "domain mean", temperature=1 / np.log(3)).round(9).tolist()
    [0.25, 0.75]
    """
    expect_one_of("rule", rule, RULES)
    given = {"changes": changes, "scores": scores}
    if (name := NEEDS.get(rule)) and given[name] is None:
        raise InputError(f"rule {rule!r} was given without {name}; expected {name}=: add it")
    if rule in ("cone", "least squares"):
        return (rules.cone if rule == "cone" else rules.least_squares)(changes, gap.values)
    if rule == "single":
        return np.eye(len(gap.names))[gap.means.argmax()]  # the steepest rule: a vertex
    scores = scores if rule == "pull" else gap.means * (-1 if rule == "anti" else 1)
    if isinstance(temperature, str):
        if temperature != "sd":
            given = f"temperature {temperature!r} was given"
            raise InputError(f"{given}; expected 'sd' or a number: give one")
        spread = float(np.std(scores))
        # where all scores are equal any temperature will do
        temperature = spread if spread > 1e-12 * max(np.abs(scores).max(), 1e-300) else np.inf
    if rule == "aggregated":
        return rules.text_softmax(gap.per_byte, gap.which, len(gap.names), temperature)
    return rules.softmax(scores, temperature)
