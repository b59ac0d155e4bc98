"""Runs of training on one text set, and what notebook 08 measures on them.

All are clipped at one frozen threshold over one set of texts, and every other setting of the scale
goes through the same two steps, so that any two numbers can be compared.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import sem

from lmnotes import models, parallel, statistics, store
from lmnotes.models import sampling
from lmnotes.models.maps import robustness
from lmnotes.models.scoring import identity, loading
from lmnotes.papers.trajectories import checkpoints, exponents, kl_ruler, paths, random_walk
from lmnotes.papers.trajectories.paths import Run
from lmnotes.text.chunks import TextSet


@dataclass(frozen=True, eq=False)
class ScoredRuns:
    """Runs before and after clipping and the removal of texts; N texts were kept."""

    texts: TextSet
    raw: list[Run]
    prepared: paths.Prepared
    groups: dict[str, str]  # run -> "size", "seed" or "both"
    n_parameters: dict[str, float]  # NaN where it is not known
    after: int  # step; from here on checkpoints are evenly spaced

    @property
    def runs(self) -> dict[str, Run]:
        """The runs as they were prepared."""
        return self.prepared.runs

    @property
    def sizes(self) -> list[str]:
        """The runs of different sizes."""
        return [run for run, group in self.groups.items() if group != "seed"]

    @property
    def seeds(self) -> list[str]:
        """The runs of one size."""
        return [run for run, group in self.groups.items() if group != "size"]

    @property
    def middle(self) -> str:
        """The run that is a seed and a size, or else the first size."""
        return next((run for run, group in self.groups.items() if group == "both"), self.sizes[0])

    @property
    def n_bytes(self) -> np.ndarray:
        """Bytes of each text that was kept, (N,)."""
        return self.texts.n_bytes[self.prepared.kept]

    @property
    def blocks(self) -> np.ndarray:
        """The source of each text, (N,): what is drawn anew together."""
        return self.texts.table["source"].to_numpy()[self.prepared.kept]

    @property
    def in_bits(self) -> dict:
        """What `paths.pair_kl` takes for bits per byte of these texts."""
        return {"unit": "bits/byte", "n_bytes": self.n_bytes}

    def clipped(self, log_likelihood: np.ndarray) -> np.ndarray:
        """(M, all texts) raised to the frozen threshold, on the texts that were kept, (M, N)."""
        return np.maximum(log_likelihood, self.prepared.threshold)[:, self.prepared.kept]

    def summary(self) -> pd.DataFrame:
        """A row per run: group, parameters, checkpoints, last step and its code length."""
        bits = self.n_bytes.mean() * np.log(2)
        rows = [
            {
                "run": run.name,
                "group": self.groups[run.name],
                "parameters": self.n_parameters[run.name],
                "checkpoints": len(run),
                "last step": run.steps[-1],
                "bits/byte at the end": -run.log_likelihood[-1].mean() / bits,
            }
            for run in self.raw
        ]
        return pd.DataFrame(rows)

    def parallel(self, n_samples: int, seed: int) -> dict[str, tuple]:
        """The claims on the mean cosine of moves of seeds and of sizes, with their intervals."""
        members = {"parallel_seeds": self.seeds, "parallel_sizes": self.sizes}
        return {
            claim: paths.parallel([self.runs[run] for run in names], self.blocks, n_samples, seed)
            for claim, names in members.items()
        }

    def speed(self) -> pd.DataFrame:
        """A row per pair of consecutive checkpoints: run, step (the earlier), kl and per_step,
        bits/byte; NaN where one of them is excluded."""
        rows = []
        for run in self.runs.values():
            kl = paths.consecutive_kl(run, **self.in_bits)
            table = {"run": run.name, "step": run.steps[:-1], "kl": kl}
            rows.append(pd.DataFrame(table | {"per_step": kl / np.diff(run.steps)}))
        return pd.concat(rows, ignore_index=True)

    def bursts(self, speed: pd.DataFrame) -> pd.Series:
        """The largest KL of `speed` before the end of the warm-up over that after it, by seed."""
        largest = speed.groupby(["run", speed["step"] < self.after])["kl"].max().unstack()
        return (largest[True] / largest[False])[self.seeds]

    def settled(self, speed: pd.DataFrame) -> dict[str, float]:
        """The claims on the range of consecutive KL of the first size, once it has settled."""
        first = self.sizes[0]
        settled = 10_000 if self.runs[first].steps[-1] > 20_000 else self.after  # Pythia, ours
        late = speed[(speed["run"] == first) & (speed["step"] >= settled)]["kl"]
        shares = {"v1_settle_low": 0.1, "v1_settle_high": 0.9}
        return {claim: late.quantile(share) for claim, share in shares.items()}

    def choices(self, n_intervals: int) -> pd.DataFrame:
        """Medians of the settings of training, bits/byte, with other choices of clip and texts."""
        after, frozen = {"after": self.after}, {"threshold": self.prepared.threshold}
        everything = paths.prepare(self.raw, remove=0, **frozen, **after)
        unclipped = paths.prepare(self.raw, remove=0, threshold=-np.inf, **after)
        of_sizes, of_seeds = (
            paths.prepare([run for run in self.raw if run.name in names], **after)
            for names in (self.sizes, self.seeds)
        )
        variants = {
            "frozen threshold, texts removed": [(self.prepared, self.sizes, self.seeds)],
            "frozen threshold, all texts": [(everything, self.sizes, self.seeds)],
            "no clip, all texts": [(unclipped, self.sizes, self.seeds)],
            "threshold and texts of each group (the paper's)": [
                (of_sizes, self.sizes, []),
                (of_seeds, [], self.seeds),
            ],
        }
        rows = []
        for variant, parts in variants.items():
            rows.append({"variant": variant})
            for prepared, *names in parts:
                pairs = kl_ruler.training(prepared.runs, *names, n=n_intervals, **after)[0]
                n_bytes = self.texts.n_bytes[prepared.kept]
                rows[-1] |= {
                    setting: np.median(kl_ruler.in_bits_per_byte(differences, n_bytes))
                    for setting, differences in pairs.items()
                }
        return pd.DataFrame(rows)

    def laws(self, drift: Mapping[str, np.ndarray], window: int, **sampling):
        """Both exponents of every run from the warm-up on: a table as of `exponents.with_weights`
        with the column run, and `exponents.Exponents` of the log-likelihoods by run.

        Args:
            drift: run -> (T, window) squared weight distances; of the runs whose weights are here.
        """
        how = {"blocks": self.blocks, "first": self.after, **sampling}
        c_q, rows = {}, []
        for name, run in self.runs.items():
            c_q[name] = exponents.bootstrap_exponents(run, window, **how)
            squared = drift.get(name, np.full((len(run), window), np.nan))
            c_w = exponents.exponents(run.steps, squared, self.after)
            if c_w.empty:  # the weights are not here
                c_w = c_q[name].table[["start"]].assign(exponent=np.nan, r2=np.nan)
            rows.append(exponents.with_weights(c_q[name], c_w).assign(run=name))
        return pd.concat(rows, ignore_index=True), c_q

    def settling(self, drift: Mapping[str, np.ndarray], n_intervals: int) -> list[float]:
        """Late over early KL between checkpoints, divided by the same of the squared weight steps,
        of each run in `drift`."""
        ratios = []
        for name, squared in drift.items():
            run = self.runs[name]
            pairs = kl_ruler.interval_pairs(run.steps, n=n_intervals, after=self.after)
            kl = paths.consecutive_kl(run, **self.in_bits)
            early, late = pairs["Early"][:, 0], pairs["Later"][:, 0]
            moved = np.median(kl[late]) / np.median(kl[early])
            ratios.append(moved / (np.median(squared[late, 0]) / np.median(squared[early, 0])))
        return ratios


@dataclass(frozen=True, eq=False)
class RunMap:
    """All checkpoints of some runs on one map; distances in Q are roots of bits/byte."""

    runs: dict[str, Run]
    Q: dict[str, np.ndarray]  # run -> (T, N)
    principal: dict[str, np.ndarray]  # run -> (T, 3)
    neighbours: dict[str, np.ndarray]  # run -> (T, 2), t-SNE

    def table(self) -> pd.DataFrame:
        """A row per checkpoint: run, step, tsne_1 and 2, pc_1 to 3."""
        rows = []
        for name, run in self.runs.items():
            row = {"tsne_1": self.neighbours[name][:, 0], "tsne_2": self.neighbours[name][:, 1]}
            row |= {"run": name, "step": run.steps}
            row |= {f"pc_{k + 1}": self.principal[name][:, k] for k in range(3)}
            rows.append(pd.DataFrame(row))
        return pd.concat(rows, ignore_index=True)

    def control(self, run: str, first: int = 0, walk_seed: int = 0):
        """Three components of a run from a step on and of a random walk with steps of the same
        lengths, by name, and `random_walk.shape` of both."""
        path = self.Q[run][self.runs[run].steps >= first]
        both = {"training": path, "random walk": random_walk.control(path, seed=walk_seed)}
        shapes = [random_walk.shape(walk).assign(path=name) for name, walk in both.items()]
        return {name: models.maps.pca(walk, 3) for name, walk in both.items()}, pd.concat(shapes)

    def controls(self, run: str, first: int, n: int = 20):
        """`control`, its shapes with those of the whole run, and the mean and standard deviation of
        the fit of component 2 to its cosine over n walks."""
        three, shapes = self.control(run, first)
        whole = self.control(run)[1].assign(part="whole run")
        table = pd.concat([whole, shapes.assign(part=f"from step {first}")], ignore_index=True)
        walks = pd.concat([self.control(run, first, number)[1] for number in range(n)])
        second = walks[walks["component"] == 2].groupby("path")["cosine_r2"]
        return three, shapes, table, second.agg(["mean", "std"])


def measure(
    table: pd.DataFrame,
    log_likelihoods,
    texts: TextSet,
    *,
    clip: float,
    remove: float,
    after: int,
) -> ScoredRuns:
    """The runs of a table of `checkpoints` from the matrix of its rows.

    Args:
        log_likelihoods: `Ledger.matrix` of its models. clip, remove, after: as in `paths.prepare`;
            excluded checkpoints count for no threshold.
    """
    raw = list(checkpoints.runs(table, log_likelihoods.values).values())
    counted = log_likelihoods.select(models=~table["excluded"].to_numpy(bool))
    frozen = {"after": after, "threshold": counted.clip(clip).threshold}
    first = table.drop_duplicates("run").set_index("run")
    n_parameters = first.get("n_parameters", pd.Series(np.nan, first.index)).to_dict()
    prepared = paths.prepare(raw, remove=remove, **frozen)
    return ScoredRuns(texts, raw, prepared, first["group"].to_dict(), n_parameters, after)


def on_map(scored: ScoredRuns, *, perplexity: float, n_iterations: int) -> RunMap:
    """The coordinates Q / sqrt(2 N Bbar ln 2) of all checkpoints, their components and t-SNE."""
    stacked = np.concatenate([run.log_likelihood for run in scored.runs.values()])
    one = np.sqrt(2 * stacked.shape[1] * scored.n_bytes.mean() * np.log(2))
    Q = models.maps.double_centre(stacked) / one
    ends = np.cumsum([len(run) for run in scored.runs.values()])[:-1]
    how = {"perplexity": perplexity, "metric": "euclidean", "n_iterations": n_iterations}
    drawn = [Q, models.maps.pca(Q, 3), models.maps.tsne(Q, 42, **how)]
    parts = [dict(zip(scored.runs, np.split(rows, ends), strict=True)) for rows in drawn]
    return RunMap(scored.runs, *parts)


def of_sizes(table: pd.DataFrame) -> dict[str, tuple]:
    """The claims on single exponents of Pythia, from start step 120,000; NaN, and why, where it is
    not among the runs."""
    rows = table[table["start"] == 120_000].set_index("run")
    columns = {"cw": "c_w", "cq": "c_q", "alpha": "alpha"}
    elsewhere = "a number of the Pythia suite: give runs_table=pythia and its weights"
    made = {}
    for size in checkpoints.SIZES:
        for claim, column in columns.items():
            value = rows[column].get(f"pythia-{size}", np.nan)
            note = "" if np.isfinite(value) else elsewhere
            made[f"{claim}_{size.replace('.', '_')}"] = value, None, note
    return made


def median_seed(scored: ScoredRuns) -> float:
    """The median KL of two seeds at their ends, bits/byte; NaN where there is one."""
    rows = [list(scored.runs).index(run) for run in scored.seeds]
    between = matrix_at_end(scored)[np.ix_(rows, rows)][np.triu_indices(len(rows), 1)]
    return float(np.median(between)) if len(between) else np.nan


def quarters(table: pd.DataFrame) -> pd.DataFrame:
    """Mean exponents of each run over the first and the last quarter of its starts."""
    starts = table.groupby("run")["start"]
    position = (starts.rank() - 1) / starts.transform("size")  # of a start in its run, 0..1
    parts = {"first quarter": (0, 0.25), "last quarter": (0.75, 1)}
    return pd.concat(
        [
            table[position.between(*share, inclusive="left")]
            .groupby("run", sort=False)[["c_q", "r2_q", "c_w", "r2_w", "alpha"]]
            .mean()
            .reset_index()
            .assign(starts=which)
            for which, share in parts.items()
        ]
    )


def tail_over_seeds(c_q: Mapping[str, "exponents.Exponents"]) -> tuple:
    """The mean c_q of several runs over their last quarter of starts, with its interval."""
    values, intervals = zip(*(exponents.tail_c_q(given) for given in c_q.values()), strict=True)
    return statistics.over_seeds(values, intervals)


def matrix_at_end(scored: ScoredRuns) -> np.ndarray:
    """KL between all runs at their ends, (R, R) bits/byte."""
    last = np.stack([run.log_likelihood[-1] for run in scored.runs.values()])
    return models.maps.kl(models.maps.row_centre(last), "bits/byte", scored.n_bytes)


def direct(
    table: pd.DataFrame, scored: ScoredRuns, n_draws: int = 48, seed: int = 0
) -> pd.DataFrame:
    """The map distance of every two runs at their ends beside their KL, on texts that they write
    themselves, both directions' mean, bits/byte: run, other, map distance, kl and its error by the
    exact KL of next-byte laws (Rao-Blackwell), monte_carlo and its error by log-ratios.

    Args:
        table: of `checkpoints`, of runs trained here, whose models are folders and read bytes.
    """
    ends = table.sort_values("step").groupby("run")["model"].last()[list(scored.runs)]
    length = min(128, int(np.median(scored.n_bytes)))  # bytes; what the networks have read
    key = {"models": [identity.identify(folder).id for folder in ends], "seed": seed}
    key |= {"n_draws": n_draws, "length": length}

    def write(into: Path) -> None:
        scorers = [loading.load(folder, device="cpu") for folder in ends]
        networks, bos = [s.model for s in scorers], scorers[0].tokenizer.bos_token_id
        with parallel.one_thread():
            along = sampling.compare_all(networks, bos, n_draws, length, seed)
        np.save(into / "sums.npy", np.stack(along.sums))

    sums = np.load(store.build("direct-kl", key, write) / "sums.npy") / (length * np.log(2))
    i, j = np.triu_indices(len(ends), 1)
    columns = {"run": ends.index[i], "other": ends.index[j]}
    columns["map distance"] = matrix_at_end(scored)[i, j]
    for name, error, x in (("monte_carlo", "monte_carlo_error", 0), ("kl", "error", 1)):
        means, errors = sums[x].mean(axis=-1), sem(sums[x], axis=-1)  # (R, R)
        columns[name] = (means + means.T)[i, j] / 2
        columns[error] = np.hypot(errors, errors.T)[i, j] / 2
    return pd.DataFrame(columns)


def joined(values: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Two components of models' rows under one projection, (L, 2) for each of the arrays."""
    cuts = np.cumsum([len(rows) for rows in values])[:-1]
    return np.split(models.maps.pca(models.maps.double_centre(np.concatenate(values))), cuts)


def steps_of(rows: Iterable[np.ndarray]) -> list[np.ndarray]:
    """Row-centred differences of neighbouring rows of each array, (L, N)."""
    return [
        robustness.pair_differences(values, np.arange(len(values) - 1)[:, None] + [0, 1])
        for values in rows
    ]
