"""What came of the trainings: how near each rule leads, its tests and claims, and the way there."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lmnotes import statistics
from lmnotes.models.maps import coordinates, projection
from lmnotes.models.zoo import mixtures
from lmnotes.papers.domain_mixture import (
    experiment,
    measures,
    readings,
    rules,
    significance,
    steps,
)
from lmnotes.papers.domain_mixture.design import Gap, design
from lmnotes.papers.domain_mixture.figures import LABELS, METRICS, UNITS
from lmnotes.papers.domain_mixture.readings import Reading
from lmnotes.papers.domain_mixture.study import Law, Study

PATHS = ("uniform", "lld_sd", "oracle", "kd")  # rules whose way is drawn
_LEFT = ("before", "uniform", "lld_sd", "oracle")  # whose offset is shown
_SHORT = {"kl_var": "map", "exact_kl": "exact"}  # of metrics in ids of claims
_PAIRS = {  # claims about two rules
    "kd_best": ("kd", "lld_sd", "exact_kl"),
    "agg_behind_pull": ("lld_agg", "gram_ascent", "kl_var"),
    "agg_behind_kd": ("lld_agg", "kd", "kl_var"),
}
_HEADS = UNITS | {  # of columns, in words
    "holm": "p, Holm",
    "p_t": "p, t",
    "p_flip": "p, signs",
    "wins": "nearer on",
    "n_bytes": "bytes of a text",
    "between": "share of variance between domains",
    "ratio": "map distance over exact KL",
    "offset": "offset, nats per byte",
    "domain_error": "domain error, nats per byte",
}


def cosines(study: Study) -> tuple[np.ndarray, pd.DataFrame, float, float]:
    """Cosines of the gradients of texts (n, n), their means by domain (K, K), and over all pairs
    of different texts within a domain and between domains."""
    G, domains = study.measured["gram"], study.measured["gradient domains"]
    scale = np.sqrt(np.diag(G))
    values = G / scale / scale[:, None]
    own, other = domains[:, None] == domains, ~np.eye(len(G), dtype=bool)
    members = [domains == name for name in study.world.names]
    means = [[values[np.ix_(a, b)][other[np.ix_(a, b)]].mean() for b in members] for a in members]
    table = pd.DataFrame(means, columns=list(study.world.names))
    return values, table, values[own & other].mean(), values[~own].mean()


def pull_check(study: Study) -> tuple[pd.DataFrame, float]:
    """The relative error of finite differences of one step to the scores of gradients, by size of
    the step; and the mean correlation of the scores with the lead of the target."""
    c, values = study.measured["pull", study.targets[0], 1], study.first_gap.values
    centred, rows = values - values.mean(), []
    for rate, moves in zip(study.measured["rates"], study.measured["steps"], strict=True):
        finite = moves[: len(c)] @ centred / len(centred) / rate
        rows.append((rate, np.linalg.norm(finite - c) / np.linalg.norm(c)))
    leads = [(study.measured["pull", *key], gap.means) for key, gap in study.gaps.items()]
    agree = np.mean([np.corrcoef(*pair)[0, 1] for pair in leads])
    return pd.DataFrame(rows, columns=["step", "relative error"]), float(agree)


def superposition(study: Study) -> pd.DataFrame:
    """The sum of the moves of single domains beside the move of a mixture; as `steps.errors`."""
    measured, known = study.measured, study.measured["known"]
    shares = list(known.values())
    tables = [steps.errors(measured["steps"], shares).assign(update="one step of SGD")]
    before = study.on_design[1].log_likelihood
    for n in sorted({key[1] for key in measured if key[0] == "adam"}):
        keys = [*range(len(study.world.names)), *known]
        after = [measured["adam", n, key].log_likelihood - before for key in keys]
        part = steps.errors(np.array(after)[None], shares)
        tables.append(part.assign(update="AdamW", step=n))
    table = pd.concat(tables, ignore_index=True)
    return table.assign(mixture=[list(known)[number] for number in table.mixture])


def ends(table: pd.DataFrame) -> dict[str, float]:
    """The mean cosine of `superposition` at the least step of SGD, and after the longest AdamW."""
    sgd, adam = (table[table["update"] == name] for name in ("one step of SGD", "AdamW"))
    first, last = sgd[sgd.step == sgd.step.min()], adam[adam.step == adam.step.max()]
    return {"first": first.cosine.mean(), "last": last.cosine.mean(), "n": int(last.step.max())}


def near(study: Study, t: str, s: int, reading: Reading) -> dict[str, float]:
    """`readings.nearness` of a reading that began at base s."""
    own, start = study.world, study.at_start
    number = study.targets.index(t) if t in study.own else len(study.own)
    return readings.nearness(start[t], number, start[s], reading, own.heldout.table, own.names)


def nearness(study: Study) -> pd.DataFrame:
    """How near every run came: columns target, seed, rule, and those of `readings.nearness`."""
    keys = [key for key in study.readings if key[0] in study.targets]
    rows = [
        {"target": t, "seed": s, "rule": rule} | near(study, t, s, study.readings[t, s, rule])
        for t, s, rule in keys
    ]
    return pd.DataFrame(rows)


def of_rules(every_run: pd.DataFrame) -> pd.DataFrame:
    """The rows of rules, in the order of figures; without those of other temperatures."""
    tried = [*experiment.CORE, *experiment.MORE, "before"]
    table, order = every_run[every_run.rule.isin(tried)], [*LABELS]
    return table.sort_values("rule", key=lambda column: column.map(order.index), kind="stable")


def tests(by_rule: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Every rule beside equal shares, by metric; as `significance.compare_rules`."""
    return {metric: significance.compare_rules(by_rule, metric) for metric in METRICS}


def in_words(table: pd.DataFrame) -> pd.DataFrame:
    """A table with the names of rules and columns in words."""
    return table.replace({"rule": LABELS}).rename(columns=_HEADS)


def both(tested: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The tables of tests below each other, with the column metric."""
    return pd.concat([t.assign(metric=m) for m, t in tested.items()], ignore_index=True)


def _against_equal(table: pd.DataFrame, t: str) -> tuple:
    """Of the designed shares less equal ones: value, corrected interval, note, seeds."""
    rows = table[(table.target == t) & (table.rule == "lld_sd")].dropna(subset="difference")
    if rows.empty:
        return np.nan, None, "not run for this target, or on one seed only"
    row = rows.iloc[0]
    note = f"nearer on {row.wins:.0f} of {row.n}; interval corrected by Holm"
    return row.difference, significance.corrected_interval(row), note, int(row.n)


def claims(by_rule: pd.DataFrame, tested: Mapping[str, pd.DataFrame]) -> dict[str, tuple]:
    """What the claims of the abstract and the digest came to, by id."""
    measured = {}
    for t in ("code", "data"):
        for metric, table in tested.items():
            measured[f"designed_{_SHORT[metric]}_{t}"] = _against_equal(table, t)
        rows = by_rule[by_rule.target == t]
        for claim, (a, b, metric) in _PAIRS.items():
            wide = rows.pivot(index="seed", columns="rule", values=metric)
            measured[f"{claim}_{t}"] = np.nan, None, "not run for this target"
            if {a, b} <= set(wide.columns):
                test = statistics.paired_test(wide[a], wide[b])
                measured[f"{claim}_{t}"] = test.mean, (test.low, test.high), "", test.n_seeds
    return measured


def main_words(tested: Mapping[str, pd.DataFrame]) -> list[str]:
    """Of the designed shares against equal ones, a phrase for each target and metric: on how many
    seeds nearer, the corrected p if there is one, and whether that shows it."""
    said = []
    for metric, table in tested.items():
        rows = table[table.rule == "lld_sd"].dropna(subset="difference")
        for row in rows.itertuples():
            p = f"{row.holm:.2g}" if np.isfinite(row.holm) else f"{row.p_t:.2g} (not corrected)"
            verdict = "shown" if row.holm < 0.05 and row.difference < 0 else "not shown"
            counted = f"nearer on {row.wins:.0f} of {row.n:.0f} seeds, p {p}"
            said.append(f"{row.target}, {METRICS[metric]}: {counted}, {verdict}")
    return said or ["no target has two seeds"]


def followed(designed: pd.DataFrame) -> list[str]:
    """Pearson's r of the designed and the true shares over domains, for each known target."""
    known = designed.dropna(subset="true").groupby("target", sort=False)
    return [f"{rows.weight.corr(rows.true):.2f} ({t})" for t, rows in known] or ["none is known"]


def left_over(along_training: pd.DataFrame) -> list[str]:
    """The least share of either distance that a way leaves, and which way, for each target."""
    said = []
    for t, rows in along_training.groupby("target", sort=False):
        ends = rows.sort_values("step").groupby("rule")
        for metric in [metric for metric in METRICS if rows[metric].notna().all()]:
            share = ends[metric].last() / ends[metric].first()
            best = f"{share.min():.0%} ({LABELS[share.idxmin()]})"
            said.append(f"{t}, {METRICS[metric]}: {best}")
    return said


def length_factors(lengths: pd.DataFrame) -> list[str]:
    """By how much both distances per byte change from the shortest to the longest texts."""
    said = []
    for t, rows in lengths.sort_values("n_bytes").groupby("target", sort=False):
        factors = {metric: rows[metric].iloc[-1] / rows[metric].iloc[0] for metric in METRICS}
        words = (f"{METRICS[metric]} times {factor:.2f}" for metric, factor in factors.items())
        said.append(f"{t}: {', '.join(words)}")
    return said


def foremost(study: Study, temperature: float) -> str:
    """For each target the share that its foremost text has of the softmax over texts."""
    shares = []
    for t in study.targets:
        of_texts = rules.softmax(study.gaps[t, 1].per_byte, temperature)
        shares.append(f"{of_texts.max():.1%} ({t})")
    return ", ".join(shares)


def ways(study: Study) -> dict[tuple, Reading]:
    """Readings along the training of the first base: by target, rule and step."""
    folders = {}
    for t in study.targets:
        for rule in [rule for rule in PATHS if (t, 1, rule) in study.readings]:
            folder = study.readings[t, 1, rule].folder
            kept = mixtures.checkpoints(folder, study.continued)
            folders |= {(t, rule, step): str(path) for step, path in kept.items()}
    read = study.read(folders, study.world.heldout, study.own_folders, workers=1)
    return read | {(t, rule, 0): study.at_start[1] for t, rule in {key[:2] for key in read}}


def components(study: Study, read: Mapping[tuple, Reading]) -> pd.DataFrame:
    """Points of bases, target and what lies between: columns target, rule, step, x, y (nats)."""
    tables, others = [], study.seeds[1:]
    for t in study.targets:
        keys = [key for key in read if key[0] == t]
        points = [read[key] for key in keys] + [study.at_start[key] for key in (t, *others)]
        L = np.array([r.log_likelihood[study.world.is_text] for r in points])  # (M, N)
        x, y = projection.pca(coordinates.double_centre(L)).T
        keys += [(t, "target", 0), *((t, "bases", s) for s in others)]
        tables.append(pd.DataFrame(keys, columns=["target", "rule", "step"]).assign(x=x, y=y))
    return pd.concat(tables, ignore_index=True)


def along(study: Study, read: Mapping[tuple, Reading]) -> pd.DataFrame:
    """Both distances to the target along the training of the first base."""
    rows = [
        {"target": t, "rule": rule, "step": step} | near(study, t, 1, reading)
        for (t, rule, step), reading in read.items()
    ]
    return pd.DataFrame(rows).sort_values(["target", "rule", "step"])


def aligned(by_rule: pd.DataFrame) -> pd.DataFrame:
    """Every run with the change of its map distance against equal shares on the same base."""
    equal = by_rule[by_rule.rule == "uniform"].set_index(["target", "seed"]).kl_var
    table = by_rule[~by_rule.rule.isin(["before", "uniform"])].copy()
    table["change"] = [row.kl_var - equal[row.target, row.seed] for row in table.itertuples()]
    return table


def by_temperature(
    study: Study, every_run: pd.DataFrame, sweep: list[float], temperature: float
) -> pd.DataFrame:
    """Both distances of the first base by temperature, infinity for equal shares, and sd, that
    over domains."""
    names = {T: T for T in sweep} | {"lld_agg": temperature, "uniform": np.inf}
    table = every_run[(every_run.seed == 1) & every_run.rule.isin(list(names))]
    table = table.assign(temperature=table.rule.map(names))
    table = table.drop_duplicates(["target", "temperature"])
    table["sd"] = [study.gaps[t, 1].means.std() for t in table.target]
    return table[["target", "temperature", "kl_var", "exact_kl", "sd"]].reset_index(drop=True)


def best_words(table: pd.DataFrame) -> list[str]:
    """The temperature of the least distance of either kind, for each target."""
    said = []
    for t, rows in table.groupby("target", sort=False):
        for metric in [metric for metric in METRICS if rows[metric].notna().all()]:
            T = rows.temperature[rows[metric].idxmin()]
            where = f"T = {T:g}" if np.isfinite(T) else "equal shares"
            said.append(f"{t}, {METRICS[metric]}: {where}")
    return said


def by_length(study: Study) -> pd.DataFrame:
    """Both distances of target and first base on the same texts cut to several lengths."""
    own, tables = study.world, []
    used, longest = own.is_text, int(own.heldout.n_bytes[own.is_text].min())
    which = pd.Index(own.names).get_indexer(own.heldout.domains[used])
    lengths = [n for n in (8, 16, 32, 64, 128, 256) if n <= longest]
    base = study.at_start[1].select(used)
    for number, t in enumerate(study.own):
        on = (study.at_start[t].select(used), number, base, which, lengths)
        tables.append(readings.by_length(*on).assign(target=t))
    if not tables:
        return pd.DataFrame()
    table = pd.concat(tables, ignore_index=True)
    return table.assign(ratio=table.kl_var / table.exact_kl)


def capacity(by_rule: pd.DataFrame) -> pd.DataFrame:
    """What is left of the target's lead, nats per byte: its mean and its mean size by domain."""
    rows = by_rule[by_rule.rule.isin(_LEFT)]
    table = rows.groupby(["target", "rule"], sort=False)[["offset", "domain_error"]].mean()
    return in_words(table.reset_index())


def agreement(by_rule: pd.DataFrame) -> str:
    """A sentence on how the two distances agree over all runs."""
    runs = by_rule[by_rule.rule != "before"].dropna(subset="exact_kl")
    if runs.empty:
        return "No target has an exact KL."
    ratio, r = (runs.kl_var / runs.exact_kl).median(), runs.kl_var.corr(runs.exact_kl)
    times = f"the map distance per byte is {ratio:.1f} times exact KL (median)"
    return f"Over all runs {times}, and the two correlate by {r:.2f}."


def abilities(study: Study, by_rule: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every run with the distance of its scores from the target's and their correlation; and the
    mean scores of the rules on the way figures, with the target's, per cent."""
    own = study.world

    def scores(reading: Reading) -> np.ndarray:  # (K + 2,) per cent
        return readings.scores(reading, own.heldout.table, own.names, own.answers)

    wanted = {t: scores(study.at_start[t]) for t in study.own}
    table = by_rule[(by_rule.rule != "before") & by_rule.target.isin(study.own)].copy()
    keys = list(zip(table.target, table.seed, table.rule, strict=True))
    reached = {key: scores(study.readings[key]) for key in keys}
    pairs = [(reached[key], wanted[key[0]]) for key in keys]
    table["distance"] = [np.abs(a - b).mean() for a, b in pairs]
    table["pearson"] = [np.corrcoef(a, b)[0, 1] for a, b in pairs]
    rows = []
    for t in study.own:
        means = {
            LABELS[rule]: np.mean([reached[k] for k in keys if k[0] == t and k[2] == rule], axis=0)
            for rule in PATHS
        }
        columns = {"target": t, "task": [*own.names, "sums", "digits"]}
        rows.append(pd.DataFrame(columns | {"target's": wanted[t]} | means))
    return table, pd.concat(rows, ignore_index=True)


def ability_claims(table: pd.DataFrame, tested: pd.DataFrame) -> dict[str, tuple]:
    """The claims about scores: nearer to the target's, and alike as the map distance falls."""
    measured = {}
    for t in ("code", "data"):
        measured[f"tasks_nearer_{t}"] = _against_equal(tested, t)
        part = table[table.target == t]
        bases = part.seed.nunique()  # runs of one base belong together
        measured[f"pearson_rises_{t}"] = np.nan, None, "no such target, or one base"
        if bases > 1:
            value, interval = statistics.group_bootstrap(
                lambda rows, part=part: part.kl_var.iloc[rows].corr(part.pearson.iloc[rows]),
                part.seed,
            )
            note = f"{len(part)} runs of {bases} bases; interval over bases"
            measured[f"pearson_rises_{t}"] = value, interval, note, bases
    return measured


def hidden(study: Study, law: Law) -> tuple[dict, pd.DataFrame, dict[str, float]]:
    """Guesses of the diets of models that were trained on random mixtures: by number (gap, guess,
    true shares); a table model, domain, true, guessed; and in numbers how good they are."""
    own, end = study.world, law.readings[1, "uniform"].log_likelihood
    guesses, rows = {}, []
    for number, key in enumerate(list(study.measured["hidden"]), start=1):
        values = law.readings[key].log_likelihood - end
        gap = Gap.from_texts(own.design.table, values, own.names)
        guess, true = design(gap, temperature=max(law.slope, 1e-3)), np.array(study.blind[key])
        guesses[number] = gap, guess, true
        rows += [(number, *row) for row in zip(own.names, true, guess, strict=True)]
    table = pd.DataFrame(rows, columns=["model", "domain", "true", "guessed"])
    ranks = [
        pd.Series(gap.means).corr(pd.Series(true), method="spearman")
        for gap, _, true in guesses.values()
    ]
    off = [measures.total_variation(guess, true) for _, guess, true in guesses.values()]
    even = [measures.total_variation(own.uniform, true) for *_, true in guesses.values()]
    good = {"rank": float(np.nanmedian(ranks)), "off": np.mean(off), "even": np.mean(even)}
    return guesses, table, good


def from_scratch(study: Study) -> pd.DataFrame:
    """Equal and designed shares from the first step on, for the first target."""
    t, rows = study.targets[0], []
    for s in study.few:
        both = {"uniform": study.at_start[s], "lld_sd": study.readings["scratch", s]}
        for rule, reading in both.items():
            rows.append({"target": t, "seed": s, "rule": rule} | near(study, t, s, reading))
    return pd.DataFrame(rows).drop(columns="cosine")


def left_by_domain(study: Study, t: str, s: int, rule: str) -> np.ndarray:
    """Mean lead of a target over a student in each domain, (K,) nats per byte."""
    own = study.world
    values = study.at_start[t].log_likelihood - study.readings[t, s, rule].log_likelihood
    return Gap.from_texts(own.heldout.table, values, own.names).means
