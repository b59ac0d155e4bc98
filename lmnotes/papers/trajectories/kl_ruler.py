"""A scale for KL between language models: ten settings, the published medians, and our own.

Kishino et al., Findings of ACL 2026, figure 3, in bits per byte. A setting is a list of pairs of
rows of one matrix, clipped at one threshold over one set of texts, so that its numbers can be
compared with those of another; `paths.pair_kl` gives the values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from lmnotes import statistics
from lmnotes.errors import InputError
from lmnotes.models.maps import coordinates, robustness
from lmnotes.notebook import card
from lmnotes.papers.trajectories.paths import Run


def published() -> pd.DataFrame:
    """The published medians by setting: median in bits per byte, certainty, definition; of 10,000
    texts, 9,700 in the first four settings.

    Certainty is "second-hand" for all: summaries by others that agree; the paper itself was not
    seen. 8-bit and 4-bit are suspiciously close and large; a difference between the two
    log-likelihood files would look the same (sheet, pitfall 4).

    >>> published()["median"].sort_values().index[[0, -1]].tolist()
    ['Later', 'Layer']
    """
    return card.table("08", "medians", index_col="setting")


def interval_pairs(
    steps: np.ndarray, *, n: int = 50, after: int = 2000, excluded: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Pairs of consecutive checkpoints, {"Early": (n, 2), "Later": (n, 2)}, as rows of the run.

    Args:
        steps: (T,), increasing. An interval counts where it is as long as the last one.
        n: intervals of each.
        after: an interval counts when it ends after this step.
        excluded: (T,) bool; intervals that they break drop out.

    >>> interval_pairs([0, 1, 5, 10, 15], n=1, after=5)["Later"].tolist()
    [[3, 4]]
    """
    steps = np.asarray(steps, np.int64)
    interval = int(steps[-1] - steps[-2])
    ends = 1 + np.flatnonzero((np.diff(steps) == interval) & (steps[1:] > after))
    if len(ends) < 2 * n:
        raise InputError(
            f"{len(ends)} intervals of {interval} steps end after step {after}; expected at least "
            f"{2 * n}, so that early and late ones differ: lower n, or keep more checkpoints"
        )
    left_out = np.zeros(len(steps), bool) if excluded is None else np.asarray(excluded, bool)
    pairs = np.column_stack([ends - 1, ends])
    whole = ~left_out[pairs].any(axis=1)
    return {"Early": pairs[:n][whole[:n]], "Later": pairs[-n:][whole[-n:]]}


def training(
    runs: Mapping[str, Run],
    sizes: Sequence[str],
    seeds: Sequence[str],
    *,
    n: int = 50,
    after: int = 2000,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Differences l_i - l_j, row-centred, of the settings Early, Later, Seed and Size, (P, N) each,
    and the names of the two runs behind each row, (P, 2).

    Args:
        runs: of the same texts. sizes, seeds: names of runs; of two or more, or none.
        n, after: as in `interval_pairs`.

    Half the mean square of a row is its KL in nats. Early and Later pool the sizes; Seed and Size
    are taken at the last step that all of them have.
    """
    differences: dict[str, list] = {}
    units: dict[str, list] = {}
    for run in (runs[name] for name in sizes):
        pairs = interval_pairs(run.steps, n=n, after=after, excluded=run.excluded)
        for name, rows in pairs.items():
            moved = robustness.pair_differences(run.log_likelihood, rows)
            differences.setdefault(name, []).append(moved)
            units.setdefault(name, []).append(np.full((len(rows), 2), run.name, object))
    for name, members in (("Seed", seeds), ("Size", sizes)):
        if len(members) > 1:
            steps = [set(runs[run].steps[~runs[run].excluded]) for run in members]
            last = max(set.intersection(*steps))
            ends = [runs[run].log_likelihood[runs[run].steps == last][0] for run in members]
            pairs = all_pairs(range(len(ends)))
            differences[name] = [robustness.pair_differences(np.stack(ends), pairs)]
            units[name] = [np.array(members, object)[pairs]]
    joined = [
        {name: np.concatenate(rows) for name, rows in x.items()} for x in (differences, units)
    ]
    return joined[0], joined[1]


def in_bits_per_byte(differences: np.ndarray, n_bytes: np.ndarray) -> np.ndarray:
    """KL of every row of (P, N) row-centred differences, (P,) bits/byte; n_bytes: (N,)."""
    one_bit = coordinates.nats_per("bits/byte", n_bytes)
    return (np.asarray(differences) ** 2).mean(axis=1) / (2 * one_bit)


def all_pairs(rows: Sequence[int]) -> np.ndarray:
    """Every two of these rows, (P, 2): the seeds of a size, or the sizes, at their last step."""
    return np.array(list(combinations(rows, 2)), np.int64).reshape(-1, 2)


def edges(names: Sequence[str], parents: Sequence[str]) -> np.ndarray:
    """(child, parent) rows of every model whose single parent is among the models, (E, 2).

    Args:
        names: (M,). parents: (M,) a name, or "" where there is none to compare with. Merges, whose
            parent names several models, are skipped, as in the paper.

    >>> edges(["a", "b", "c"], ["", "a", "a + b"]).tolist()
    [[1, 0]]
    """
    place = {name: row for row, name in enumerate(names)}
    rows = [(child, place.get(parent, child)) for child, parent in enumerate(parents)]
    return np.array([edge for edge in rows if edge[0] != edge[1]], np.int64).reshape(-1, 2)


def generations(edges: np.ndarray, n: int) -> np.ndarray:
    """How many ancestors each of n models has by (child, parent) edges, (n,); 0 for a base.

    >>> generations(np.array([[2, 1], [1, 0]]), 4).tolist()
    [0, 1, 2, 0]
    """
    parent = dict(np.asarray(edges).reshape(-1, 2).tolist())
    ancestors = np.zeros(n, np.int64)
    for row in range(n):
        above = parent.get(row)
        while above is not None and ancestors[row] < n:  # a circle ends
            ancestors[row], above = ancestors[row] + 1, parent.get(above)
    return ancestors


def within_types(edges: np.ndarray, types: Sequence[str], seed: int = 0) -> np.ndarray:
    """Random distinct pairs within each type, as many as it has edges, (P, 2).

    Args:
        edges: (E, 2) of `edges`; its models are the ones drawn from, and an edge is of the type of
            its child.
        types: (M,). The generator starts anew for each type. A type with fewer pairs than edges
            gives all of them.
    """
    edges, types = np.asarray(edges), np.asarray(types)
    taking_part = np.unique(edges)
    names, counts = np.unique(types[edges[:, 0]], return_counts=True)
    pairs = [
        _some_pairs(taking_part[types[taking_part] == name], count, seed)
        for name, count in zip(names, counts, strict=True)
    ]
    return np.concatenate([np.empty((0, 2), np.int64), *pairs])


def random_pairs(edges: np.ndarray, seed: int = 0) -> np.ndarray:
    """Random distinct pairs of all models that take part in edges, as many as there are edges."""
    return _some_pairs(np.unique(edges), len(edges), seed)


def drawn_medians(
    values: Mapping[str, np.ndarray], units: Mapping[str, np.ndarray], n: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """The median of each setting over its models drawn anew, (n, settings).

    Args:
        values: (P,) KL of each setting's pairs. units: (P, 2) as in `robustness.over_models`.
    """
    drawn = {
        name: robustness.over_models(lambda rows, kl=kl: np.median(kl[rows]), units[name], n, seed)
        for name, kl in values.items()
    }
    return pd.DataFrame(drawn)


def medians(
    values: Mapping[str, np.ndarray],
    over_models: pd.DataFrame | None = None,
    over_texts: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The scale with 95 % intervals: setting, n, median, low, high, text_low, text_high, published,
    certainty, a row per setting, from the smallest median on.

    Args:
        values: (P,) KL of each setting's pairs, bits per byte; settings without values are left
            out.
        over_models: of `drawn_medians`, for low and high. over_texts: the same over texts drawn
            anew, for text_low and text_high. NaN without.

    >>> medians({"Seed": np.array([0.1, 0.3, 0.2])})[["setting", "median", "published"]].values
    array([['Seed', 0.2, 0.12]], dtype=object)
    """
    public, rows = published(), []
    for name, given in values.items():
        given = np.asarray(given, np.float64)
        given = given[np.isfinite(given)]
        if not len(given):
            continue
        printed = (
            public.loc[name, ["median", "certainty"]] if name in public.index else (np.nan, "")
        )
        drawn = [
            d[name] if d is not None and name in d else np.nan for d in (over_models, over_texts)
        ]
        intervals = [end for draws in drawn for end in statistics.interval(draws)]
        rows.append([name, len(given), np.median(given), *intervals, *printed])
    columns = ["setting", "n", "median", "low", "high", "text_low", "text_high", "published"]
    table = pd.DataFrame(rows, columns=[*columns, "certainty"])
    return table.sort_values("median", kind="stable", ignore_index=True)


def neighbours(table: pd.DataFrame, *drawn: pd.DataFrame) -> pd.DataFrame:
    """Neighbours on the published ruler, from the lowest on: ratios of the higher to the lower.

    Args:
        table: of `medians`. drawn: medians over models and over texts drawn anew; low and high are
            the outermost ends of the 95 % intervals of the ratio that they give.
    """
    known = table.dropna(subset=["published"]).sort_values("published").set_index("setting")
    rows = []
    for lower, higher in zip(known.index[:-1], known.index[1:], strict=True):
        ratio, printed = (known[c][higher] / known[c][lower] for c in ("median", "published"))
        rows.append((lower, higher, ratio, *ratio_interval(lower, higher, *drawn), printed))
    columns = ["lower in the paper", "higher in the paper", "our ratio", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "published ratio"])


def ratio_interval(lower: str, higher: str, *drawn: pd.DataFrame) -> tuple[float, float]:
    """The outermost ends of the 95 % intervals of one median over another in several draws."""
    ends = [statistics.interval(draws[higher] / draws[lower]) for draws in drawn]
    return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else (np.nan,) * 2


def inversions(
    medians: Mapping[str, float], among: Sequence[str] | None = None
) -> list[tuple[str, str]]:
    """Pairs of settings, lower and higher in the paper, whose medians stand the other way round.

    Args:
        medians: by setting. among: settings to look at; all without.

    >>> inversions({"Seed": 1.0, "FT": 0.5, "Layer": 9.0})
    [('Seed', 'FT')]
    """
    known = published()["median"].sort_values().index
    order = [name for name in known if name in medians and (among is None or name in among)]
    return [pair for pair in combinations(order, 2) if medians[pair[0]] >= medians[pair[1]]]


@dataclass(frozen=True, eq=False)
class Scale:
    """The ten settings on one ruler.

    kl: (P,) of each setting, bits/byte; table: of `medians`; over_models, over_texts: medians drawn
    anew, (n, settings); order: of `neighbours`.
    """

    kl: dict[str, np.ndarray]
    table: pd.DataFrame
    over_models: pd.DataFrame
    over_texts: pd.DataFrame
    order: pd.DataFrame

    def inverted(self) -> list[tuple[str, str]]:
        """`inversions` of all settings."""
        return inversions(self.table.set_index("setting")["median"])

    def points(self) -> pd.DataFrame:
        """A row per pair of models: setting and kl."""
        rows = [pd.DataFrame({"setting": name, "kl": kl}) for name, kl in self.kl.items()]
        return pd.concat(rows, ignore_index=True)

    def claims(self) -> dict[str, tuple]:
        """Value, and interval where there is one, of every claim on medians, order and ranges."""
        known = published()["median"].sort_values().index
        id_of = {name: name.lower().replace("-type", "").replace("-", "") for name in known}
        made: dict[str, tuple] = {f"median_{id}": (np.nan,) for id in id_of.values()}
        made |= {f"order_{id_of[a]}_{id_of[b]}": (np.nan,) for a, b in pairwise(known)}
        medians = self.table.set_index("setting")["median"]
        ends = self.table[["low", "high", "text_low", "text_high", "median"]]
        widest = ends.agg(["min", "max"], axis=1).to_numpy()
        for name, value, interval in zip(self.table["setting"], medians, widest, strict=True):
            made[f"median_{id_of[name]}"] = value, interval
        for lower, higher, ratio, *interval in self.order.iloc[:, :5].itertuples(index=False):
            if (claim := f"order_{id_of[lower]}_{id_of[higher]}") in made:  # else one between lacks
                made[claim] = ratio, interval
        some = ("Later", "Early", "Seed", "FT", "Size", "Random")
        asked = {"order_issue": some, "order_all": None}
        for claim, among in asked.items():
            rows = [medians, *self.over_models.iloc, *self.over_texts.iloc]
            n_wrong, *drawn = (len(inversions(row, among)) for row in rows)
            made[claim] = n_wrong, statistics.interval_holding(n_wrong, drawn)
        span = ratio_interval("Later", "Layer", self.over_models, self.over_texts)
        made["span"] = medians["Layer"] / medians["Later"], span
        for name, key in (("Later", "late"), ("Early", "early")):
            made[f"range_{key}_low"] = (np.quantile(self.kl[name], 0.1),)
            made[f"range_{key}_high"] = (np.quantile(self.kl[name], 0.9),)
        made["range_seeds"] = (medians["Seed"],)
        for prefix in ("range", "v1"):
            made[f"{prefix}_sizes_low"] = (self.kl["Size"].min(),)
            made[f"{prefix}_sizes_high"] = (self.kl["Size"].max(),)
        return made


def scale(
    differences: Mapping[str, np.ndarray],
    units: Mapping[str, np.ndarray],
    n_bytes: np.ndarray,
    blocks: np.ndarray,
    n_samples: int,
    seed: int,
) -> Scale:
    """The ruler with its intervals over models and over texts.

    Args:
        differences: (P, N) row-centred, of each setting. units: (P, 2) the two models behind each.
        n_bytes, blocks: (N,) of the texts. n_samples: draws.
    """
    kl = {setting: in_bits_per_byte(rows, n_bytes) for setting, rows in differences.items()}
    over_texts = {
        setting: np.median(robustness.bootstrap(rows, blocks, n_samples, seed), axis=0)
        for setting, rows in differences.items()
        if len(rows)
    }
    over_texts = pd.DataFrame(over_texts) / coordinates.nats_per("bits/byte", n_bytes)
    over_models = drawn_medians({name: kl[name] for name in over_texts}, units, n_samples, seed)
    table = medians(kl, over_models, over_texts)
    return Scale(kl, table, over_models, over_texts, neighbours(table, over_models, over_texts))


def relatives(values: np.ndarray, edges: np.ndarray, types: Sequence[str]):
    """Row-centred differences and pairs of rows of the settings FT, Intra-type and Random.

    Args:
        values: (M, N) of a population. edges: (E, 2) child, parent. types: (M,).
    """
    pairs = {"FT": edges, "Intra-type": within_types(edges, types), "Random": random_pairs(edges)}
    return {name: robustness.pair_differences(values, x) for name, x in pairs.items()}, pairs


def as_nats(settings: Sequence[str] = ("Later", "Seed", "Layer")) -> str:
    """The paper's medians of some settings as standard deviations of a difference, in words."""
    middle = published()["median"]
    one_bit = 972.3188 * np.log(2)  # of the paper's texts, nats
    return ", ".join(f"{np.sqrt(2 * middle[name] * one_bit):.1f} for {name}" for name in settings)


def _some_pairs(members: np.ndarray, n: int, seed: int) -> np.ndarray:
    """At most n distinct pairs of the members, in the order drawn, (P, 2)."""
    return np.random.default_rng(seed).permutation(all_pairs(members))[:n]
