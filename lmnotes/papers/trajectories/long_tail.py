"""The two long runs of the small network and its fine-tunes, measured: notebook 08, Fig. 5."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lmnotes import statistics
from lmnotes.papers.trajectories import exponents, kl_ruler, long_run, paths, weight_distance
from lmnotes.papers.trajectories.byte_network import Recipe
from lmnotes.text.chunks import TextSet

COSINE, CONSTANT = "cosine to a tenth", "constant rate"
_STRETCHES = ((0.01, 0.09), (0.10, 0.20), (0.21, 0.40), (0.41, 0.60), (0.61, 0.75), (0.76, 0.90))
_KINDS = ("numbers", "names", "code")  # of text to fine-tune on, where they are among the domains


@dataclass(frozen=True, eq=False)
class LongTail:
    """The long runs by name: with all texts, with some removed, and with averaged weights."""

    trained: dict[str, long_run.LongRun]
    texts: TextSet
    threshold: float  # nats
    whole: paths.Prepared
    steady: paths.Prepared
    averaged: paths.Prepared
    drift: dict[str, np.ndarray]  # run -> (T, window)
    laws: dict[tuple[str, str], pd.DataFrame]  # run and texts -> of `exponents.with_weights`
    average_c_q: dict[str, pd.DataFrame]  # start and c_q

    @property
    def all_texts(self) -> dict[str, pd.DataFrame]:
        """The laws of each run on all texts."""
        return {name: self.laws[name, "all texts"] for name in self.trained}

    def late_c_q(self) -> list[float]:
        """Mean c_q over the last quarter of the starts, as it is and averaged, run by run."""
        ways = self.all_texts, self.average_c_q
        tables = [way[name] for name in self.trained for way in ways]
        return [t[exponents.last_quarter(t["start"])]["c_q"].mean() for t in tables]

    def stretches(self) -> pd.DataFrame:
        """Mean exponents and KL per interval, a row per run, set of texts and stretch of it."""
        rows = []
        for (name, texts), law in self.laws.items():
            of_texts = self.whole if texts == "all texts" else self.steady
            run, total = of_texts.runs[name], self.trained[name].steps[-1]
            n_bytes = self.texts.n_bytes[of_texts.kept]
            kl = pd.Series(paths.consecutive_kl(run, "bits/byte", n_bytes), index=run.steps[:-1])
            kl = kl[np.diff(run.steps) == run.steps[-1] - run.steps[-2]]
            for number, (first, last) in enumerate(_STRETCHES):
                inside = law[law["start"].between(first * total, last * total)]
                row = inside[["c_w", "c_q", "alpha", "r2_q", "r2_w"]].mean().to_dict()
                row |= {"run": name, "texts": texts, "part": number, "starts": len(inside)}
                row |= {"from": f"{first:.0%}", "to": f"{last:.0%}"}
                row["KL per interval"] = kl.loc[first * total : last * total].mean()
                rows.append(row)
        return pd.DataFrame(rows)

    def windows(self, window: int) -> dict[str, tuple]:
        """Run, squared weight distances and bytes of the texts, of all runs by name, those of the
        averaged weights too: what `exponents.one_window` takes."""
        made = {}
        for name, run in self.whole.runs.items():
            made[name] = run, self.drift[name], self.texts.n_bytes
        for name, run in self.trained.items():
            squared = weight_distance.windowed(({"all": row} for row in run.average), window)
            made[f"{name}, averaged"] = self.averaged.runs[name], squared, self.texts.n_bytes
        return made


def recipes(checkpoints: Sequence[int]) -> dict[str, Recipe]:
    """The two long runs by name."""
    kept = tuple(checkpoints)
    constant = Recipe(kept, rate=1e-3)
    return {CONSTANT: constant, COSINE: Recipe(kept, rate=1e-3, schedule="cosine")}


def measure(
    trained: Mapping[str, long_run.LongRun],
    texts: TextSet,
    threshold: float | None,
    *,
    first: int,
    remove: float,
    window: int,
    **sampling,
) -> LongTail:
    """The exponents of the long runs on some texts.

    Args:
        threshold, remove: as in `paths.prepare`. first: the earliest start. sampling: of
            `exponents.bootstrap_exponents`.
    """
    given, averaged = (
        [
            paths.Run(name, run.steps, long_run.scores(run, texts, averaged=is_mean))
            for name, run in trained.items()
        ]
        for is_mean in (False, True)
    )
    frozen = {"after": first, "threshold": threshold}
    whole, mean = (paths.prepare(runs, remove=0, **frozen) for runs in (given, averaged))
    steady = paths.prepare(given, remove=remove, **frozen)
    drift = {
        name: weight_distance.windowed(({"all": row} for row in run.weights), window)
        for name, run in trained.items()
    }
    how, laws = {"first": first, **sampling}, {}
    for which, prepared in (("all texts", whole), ("texts removed", steady)):
        blocks = texts.table["source"].to_numpy()[prepared.kept]
        for name, run in prepared.runs.items():
            c_q = exponents.bootstrap_exponents(run, window, blocks=blocks, **how)
            c_w = exponents.exponents(run.steps, drift[name], first)
            laws[name, which] = exponents.with_weights(c_q, c_w)
    average = {
        name: exponents.bootstrap_exponents(run, window, **how).table.rename(
            columns={"exponent": "c_q"}
        )
        for name, run in mean.runs.items()
    }
    return LongTail(
        dict(trained), texts, whole.threshold, whole, steady, mean, drift, laws, average
    )


@dataclass(frozen=True, eq=False)
class Tuned:
    """Fine-tunes of the small network: the base first, then one kind of text each, then two."""

    kinds: list[str]
    steps: list[int]
    names: list[str]
    parents: list[str]  # "" for the base
    values: np.ndarray  # (M, N) nats
    n_bytes: np.ndarray

    @property
    def edges(self) -> np.ndarray:
        """(E, 2) rows of child and parent."""
        return kl_ruler.edges(self.names, self.parents)

    @property
    def generations(self) -> np.ndarray:
        """(M,), 0 for the base."""
        return kl_ruler.generations(self.edges, len(self.names))

    def kl(self, pairs: np.ndarray) -> np.ndarray:
        """KL of pairs of rows, bits/byte."""
        return paths.pair_kl(self.values, pairs, "bits/byte", self.n_bytes)

    def table(self) -> pd.DataFrame:
        """A row per fine-tune: model, parent, generation, map distances to parent and base."""
        children, parents = self.edges.T
        columns = {
            "model": [self.names[row] for row in children],
            "parent": [self.names[row] for row in parents],
            "generation": self.generations[children],
            "map distance to the parent, per byte": self.kl(self.edges),
            "map distance to the base, per byte": self.kl(
                np.column_stack([children, 0 * children])
            ),
        }
        return pd.DataFrame(columns)

    def curves(self) -> dict[str, np.ndarray]:
        """KL to the base after each number of steps, bits/byte, by kind of text."""
        return {
            kind: self.kl([(self.names.index(f"{kind} {steps}"), 0) for steps in self.steps])
            for kind in self.kinds
        }

    def relatives(self, kind: str, steps: int) -> dict[str, float]:
        """The median KL of one fine-tune to its parent, its siblings and its children."""
        own = self.names.index(f"{kind} {steps}")
        siblings = [
            row for row, x in enumerate(self.names) if x.endswith(f" {steps}") and row != own
        ]
        children = [row for row, parent in enumerate(self.parents) if parent == self.names[own]]
        related = {"parent": [0], "siblings": siblings, "children": children}
        return {
            f"to its {name}": np.median(self.kl([(own, row) for row in rows]))
            for name, rows in related.items()
            if rows
        }


def fine_tune(
    tail: LongTail, steps: Sequence[int], domains: Sequence[str], workers: int | None = None
) -> Tuned:
    """Fine-tunes of the end of the cosine run, each on one kind of text, and grandchildren on
    another; trained unless they are stored.

    Args:
        steps: increasing. domains: of the texts that there are. workers: of `long_run.train_all`.
    """
    base = tail.trained[COSINE]
    how = {"rate": 1e-3, "warm_up": 20}
    kinds = [kind for kind in _KINDS if kind in set(domains)]
    first = {
        kind: Recipe(
            tuple(steps), domains=(kind,), start=base.recipe, start_step=int(base.steps[-1]), **how
        )
        for kind in kinds
    }
    pairs = [(kind, other) for kind in kinds for other in kinds if kind != other]
    second = [
        Recipe((steps[1],), domains=(other,), start=first[kind], start_step=steps[1], **how)
        for kind, other in pairs
    ]
    trained = long_run.train_all([*first.values(), *second], workers)
    names = ["base", *(f"{kind} {n}" for kind in kinds for n in steps)]
    parents = ["", *["base"] * (len(names) - 1), *(f"{kind} {steps[1]}" for kind, _ in pairs)]
    names += [f"{kind} {steps[1]}, {other}" for kind, other in pairs]
    rows = [tail.whole.runs[COSINE].log_likelihood[-1:]]
    rows += [long_run.scores(run, tail.texts) for run in trained]
    values = np.maximum(np.concatenate(rows), tail.whole.threshold)
    return Tuned(kinds, list(steps), names, parents, values, tail.texts.n_bytes)


def further_seeds(
    tail: LongTail, seeds: Sequence[int], workers: int | None
) -> list[long_run.LongRun]:
    """The cosine run, and the same from other seeds."""
    own = tail.trained[COSINE]
    others = [replace(own.recipe, seed=seed) for seed in seeds]
    return [own, *long_run.train_all(others, workers)]


def claims(tails: Mapping[str, tuple]) -> dict[str, tuple]:
    """Value and interval over seeds of the claims on the tail, from `long_run.tails`."""
    return {
        f"{name.replace('_', '')}_tail": statistics.over_seeds(*ends)
        for name, ends in tails.items()
    }
