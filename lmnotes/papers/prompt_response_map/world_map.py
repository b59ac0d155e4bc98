"""Maps of the small world: its models scored under every prompt, what their distances are about,
how far these are divergences, and what prompts do to the models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon

from lmnotes import statistics
from lmnotes.models import maps
from lmnotes.models.scoring import prompts
from lmnotes.papers.prompt_response_map import (
    additivity,
    conditions,
    factor_shares,
    small_world,
    small_world_kl,
)
from lmnotes.papers.prompt_response_map.conditional_kl import ConditionalKL

FACTORS = ("taste", "rule", "size")
_EMPTY, _PMI = "unconditional, empty prompt", "PMI, empty prompt"
_CONTROLS = tuple(
    small_world.Member(taste, small_world.OVERLAP, 32, 1, 3) for taste in (0.85, 0.15)
)


@dataclass(frozen=True)
class World:
    """M = 12 models of the small world, and two controls whose tags depend on each other, which are
    the last of M + 2 rows of trained. N pairs, and scores under all eight prompts."""

    trained: pd.DataFrame
    pairs: small_world.Drawn
    scores: conditions.Conditions
    control_pairs: small_world.Drawn
    control_scores: conditions.Conditions

    @property
    def models(self) -> pd.DataFrame:
        """The twelve, without the controls."""
        return self.trained.iloc[: -len(_CONTROLS)]

    @property
    def upper(self) -> tuple[np.ndarray, np.ndarray]:
        """The first and the second model of every pair of models."""
        return np.triu_indices(len(self.models), 1)

    def examples(self, n: int) -> pd.DataFrame:
        """The first n pairs: tags, rule, source, response."""
        drawn = self.pairs
        table = {"tags": self.tags, "rule": drawn.rule, "source": drawn.source}
        return pd.DataFrame(table | {"response": drawn.response_texts}).head(n)

    @cached_property
    def tags(self) -> np.ndarray:
        """(N,) the tags in the prompt of each pair, such as "AB", or "none"."""
        names = {text: name for name, text in small_world.PROMPTS.items()}
        return np.array([names[text] for text in self.pairs.prompt_texts])

    @cached_property
    def vectors(self) -> dict[str, np.ndarray]:
        """(M, N) nats: conditional, unconditional by two estimators, and their PMI."""
        under = self.scores.values[:, : len(self.models)]  # (8 prompts, M, N)
        own = [self.scores.names.index(tag) for tag in self.tags]
        given = under[own, :, np.arange(len(self.tags))].T  # (M, N)
        empty = self.scores["none"][: len(self.models)]
        mean = prompts.marginal(under.transpose(1, 0, 2))
        vectors = {"conditional": given, _EMPTY: empty, "unconditional, marginal": mean}
        pmi = {_PMI: prompts.pmi(given, empty), "PMI, marginal": prompts.pmi(given, mean)}
        return vectors | pmi

    @cached_property
    def distance(self) -> dict[str, np.ndarray]:
        """(M, M) map distances, nats per response, of each of `vectors`."""
        return {name: maps.kl(maps.double_centre(v)) for name, v in self.vectors.items()}

    @cached_property
    def shift(self) -> dict[str, np.ndarray]:
        """Tags -> (M, N) nats, the move of each model when they are shown; not centred."""
        return {name: self.scores.shift(name, "none")[:-2] for name in self.scores.names}

    @cached_property
    def differs(self) -> np.ndarray:
        """In what the two models of each pair differ: "seed", "size", "taste and rule" ..."""
        factors = self.models[list(FACTORS)].to_numpy()
        named = []
        for row in factors[self.upper[0]] != factors[self.upper[1]]:
            names = [name for name, is_other in zip(FACTORS, row, strict=True) if is_other]
            names = [name for name in names if name != "size"] or names
            named.append(" and ".join(names) or "seed")
        return np.array(named)

    def unconditional_estimators(self) -> tuple[float, float]:
        """The least correlation of a model's two unconditional vectors, and their mean difference,
        empty prompt less marginal, nats."""
        empty, mean = self.vectors[_EMPTY], self.vectors["unconditional, marginal"]
        alike = [np.corrcoef(a, b)[0, 1] for a, b in zip(empty, mean, strict=True)]
        return min(alike), (empty - mean).mean()

    def places(self, names: Sequence[str]) -> pd.DataFrame:
        """Every model on several maps: model, map, x, y, and colour and shape in words."""
        table = self.models[["model", "label"]].assign(
            colour=[f"taste {taste:.2f}" for taste in self.models.taste], shape=self.models.rule
        )
        planes = ((name, plane(self.vectors[name])[0]) for name in names)
        return pd.concat([table.assign(map=name).join(xy) for name, xy in planes])


def plane(vectors: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """First two principal components of (M, N) nats per root of a response, and their shares."""
    values = maps.double_centre(vectors)
    shares = np.diff(maps.projection.spectrum(values), prepend=0)
    xy = maps.pca(values) / np.sqrt(values.shape[1])
    return pd.DataFrame(xy[:, :2], columns=["x", "y"]), shares[:2]


def measure(n_pairs: int, *, n_steps: int = 900, seed: int = 0, workers: int = 1) -> World:
    """The models of the small world, trained and scored on n pairs; everything is kept on disk."""
    members = (*small_world.MEMBERS, *_CONTROLS)
    trained = small_world.build(members, n_steps=n_steps, workers=workers)
    pairs = small_world.draw(n_pairs, seed=seed)
    own = small_world.draw(n_pairs, rule=small_world.OVERLAP, seed=seed + 1)
    controls = trained.iloc[-len(_CONTROLS) :].reset_index(drop=True)
    options = {"rule": small_world.PROMPT_RULE, "workers": workers}
    scores = [
        conditions.score(models, drawn.response_texts, small_world.PROMPTS, **options)
        for models, drawn in ((trained, pairs), (controls, own))
    ]
    return World(trained, pairs, scores[0], own, scores[1])


def explained(world: World, n_permutations: int, n_draws: int, seed: int = 0) -> pd.DataFrame:
    """What each map is about: map, factor, R2, low, high, pseudo-F, p of
    `factor_shares.permanova`."""
    labels = {name: world.models[name].to_numpy() for name in FACTORS}
    rows = []
    for name, values in world.vectors.items():
        result = factor_shares.permanova(world.distance[name], labels, n_permutations, seed)
        shares = factor_shares.drawn_shares(values, labels, n_draws, seed)
        draws = shares.pivot(index="draw", columns="factor", values="r2")
        for row in result.itertuples():
            interval = statistics.interval_holding(row.r2, draws[row.factor])
            rows.append((name, row.factor, row.r2, *interval, row.f, row.p))
    return pd.DataFrame(rows, columns=["map", "factor", "R2", "low", "high", "pseudo-F", "p"])


def pmi_claims(world: World, n_draws: int, seed: int = 0) -> dict[str, tuple]:
    """Claims about what PMI takes out and what it shows, over sets that were trained apart."""
    sets, claims = world.models.groupby(["taste", "rule"]).cumcount(), {}
    for claim, factor, more, less in (
        ("pmi_removes_taste", "taste", "conditional", _PMI),
        ("pmi_shows_training", "rule", _PMI, "conditional"),
    ):
        vectors, labels = (world.vectors[more], world.vectors[less]), world.models[factor]
        gaps = factor_shares.share_gaps(*vectors, labels, sets, n=n_draws, seed=seed)
        claims[claim] = (*statistics.over_seeds(*gaps), "", len(gaps[0]))
    return claims


def levels(world: World, n_draws: int, seed: int = 0) -> pd.DataFrame:
    """How far models are apart on each map, on average and where only the seed differs, with the
    agreement of halves of the pairs."""
    rng, rows, n = np.random.default_rng(seed), [], len(world.tags)
    seeds = np.array([name == "seed" for name in world.differs])
    for name, values in world.vectors.items():
        apart = 2 * world.distance[name][world.upper]
        drawn = (values[:, rng.integers(n, size=n)] for _ in range(n_draws))
        again = [2 * maps.kl(maps.row_centre(part))[world.upper].mean() for part in drawn]
        interval = statistics.interval_holding(apart.mean(), again)
        halves = factor_shares.split_half(values, 50, seed).mean()
        rows.append((name, apart.mean(), *interval, apart[seeds].mean(), halves, values.mean()))
    columns = ["map", "mean variance of a difference", "low", "high", "two seeds of a cell"]
    return pd.DataFrame(rows, columns=[*columns, "split-half correlation", "mean entry, nats"])


def parts(world: World, **resampling) -> pd.DataFrame:
    """Shares of the squared conditional distance in %, with intervals over models: how models
    react (PMI), what they like (unconditional), and a cross term."""
    i, j = world.upper
    like, react = (maps.double_centre(world.vectors[name]) for name in (_EMPTY, _PMI))
    cross = 2 * ((react[i] - react[j]) * (like[i] - like[j])).mean(axis=1)
    whole = 2 * world.distance["conditional"][i, j]
    of_whole = {"PMI": 2 * world.distance[_PMI][i, j]}
    of_whole |= {"unconditional": 2 * world.distance[_EMPTY][i, j], "cross term": cross}
    rows = []
    for name, part in of_whole.items():

        def share(drawn, part=part):
            inside = np.isin(i, drawn) & np.isin(j, drawn)  # a model drawn twice counts once
            return 100 * part[inside].sum() / whole[inside].sum()

        value, interval = statistics.group_bootstrap(share, range(len(world.models)), **resampling)
        rows.append((name, value, *interval))
    return pd.DataFrame(rows, columns=["part", "%", "low", "high"])


def pairs_beside_kl(world: World, kl: ConditionalKL) -> pd.DataFrame:
    """Map distance and KL of each pair of models, nats per response, both ways averaged."""
    i, j = world.upper
    names = world.models.label.to_numpy()
    both = {name: ((values + values.T) / 2)[i, j] for name, values in vars(kl).items()}
    table = {"first": names[i], "second": names[j], "differ in": world.differs}
    table |= {"exact": both["rao_blackwell"], "error": both["rao_blackwell_error"] / np.sqrt(2)}
    table |= {"monte_carlo": both["monte_carlo"], "given": world.distance["conditional"][i, j]}
    return pd.DataFrame(table | {"own": both["half_variance"]})


def agreements(world: World, kl: ConditionalKL, **resampling) -> tuple[pd.DataFrame, dict]:
    """Agreement of the map with KL estimated directly, intervals over models; and the claims."""
    i, j = world.upper
    map_distance = world.distance["conditional"]
    mc, truth = ((v + v.T) / 2 for v in (kl.monte_carlo, kl.rao_blackwell))
    given = world.vectors["conditional"]
    within = maps.kl(maps.coordinates.centre_within(given, world.tags))
    compared = {
        name: maps.robustness.agreement(first, second, ranks="ranks" in name, **resampling)
        for name, first, second in (
            ("map and Monte-Carlo KL", map_distance, mc),
            ("map and Monte-Carlo KL, ranks", map_distance, mc),
            ("map and exact KL", map_distance, truth),
            ("map and exact KL, ranks", map_distance, truth),
            ("roots of both", np.sqrt(map_distance), np.sqrt(truth)),
            ("rows centred within prompts, and exact KL", within, truth),
            ("Monte-Carlo and exact KL", mc, truth),
        )
    }
    between = 100 * factor_shares.between_share(given, world.tags)
    for name, values in (
        ("median ratio of map distance to exact KL", map_distance[i, j] / truth[i, j]),
        ("median % of the variance that is between prompts", between[i, j]),
    ):

        def median(drawn, values=values):
            return np.median(values[np.isin(i, drawn) & np.isin(j, drawn)])

        compared[name] = statistics.group_bootstrap(median, range(len(world.models)), **resampling)
    rows = [(name, value, *interval) for name, (value, interval) in compared.items()]
    claims = {"kl_up_to": compared["map and Monte-Carlo KL"]}
    claims |= {"squared_distance_is_kl": compared["map and exact KL, ranks"]}
    return pd.DataFrame(rows, columns=["quantity", "value", "low", "high"]), claims


def row_of(table: pd.DataFrame, words: str) -> tuple[float, tuple[float, float]]:
    """Value and interval of the first quantity of `agreements` that begins with these words."""
    row = table[table.quantity.str.startswith(words)].iloc[0]
    return row.value, (row.low, row.high)


def beside_words(world: World, n_prompts: int, seed: int = 0, **resampling) -> tuple:
    """Root map distance beside how differently the models' answers are spelt, a row per pair; and
    the claim."""
    written = small_world_kl.responses(list(world.models.folder), n_prompts, seed=seed)
    spelt, root = factor_shares.response_distance(written), np.sqrt(world.distance["conditional"])
    measured = maps.robustness.agreement(root, spelt, seed=seed, **resampling)
    table = {"words": spelt[world.upper], "distance": root[world.upper]}
    return pd.DataFrame(table | {"differ in": world.differs}), {"semantic_related": measured}


def clipping(world: World, exact: np.ndarray, **resampling) -> pd.DataFrame:
    """What raising the lowest entries to a quantile does: share, r with low and high, ratio."""
    given, truth, rows = world.vectors["conditional"], (exact + exact.T) / 2, []
    for share in (0, 0.02, 0.05, 0.1):
        raised = np.maximum(given, np.quantile(given, share)) if share else given
        clipped = maps.kl(maps.row_centre(raised))
        r, interval = maps.robustness.agreement(clipped, truth, **resampling)
        rows.append((share, r, *interval, np.median(clipped[world.upper] / truth[world.upper])))
    return pd.DataFrame(rows, columns=["share", "r", "low", "high", "ratio"])


def budget(world: World, n_runs: int, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`factor_shares.budget` of the conditional map, and what theory says: columns n, error."""
    given, n = world.vectors["conditional"], len(world.tags)
    sizes = [size for size in (25, 50, 100, 200) if size < n] or [n // 2]
    spent = factor_shares.budget(given, sizes, n_runs, seed)
    differences = maps.robustness.pair_differences(given, np.column_stack(world.upper))
    error = np.median(maps.robustness.relative_error(differences))
    theory = pd.DataFrame({"n": np.array(sizes)})  # half of the draws are off by less than .674 sd
    theory["error"] = 0.674 * error * np.sqrt(n / theory.n - 1)
    return spent, theory


def sums(world: World, **resampling) -> tuple[pd.DataFrame, dict[str, tuple]]:
    """How moves of two and three tags add, a row per model and tags, beside `additivity.measure`'s
    controls, another model being the one that has the other rule only; and the claim."""
    models = world.models
    cells = models.groupby(["taste", "width", "seed"]).indices.values()  # two rules in each
    twin = {k: other for a, b in cells for k, other in ((a, b), (b, a))}
    twins = [twin[k] for k in range(len(models))]
    cases = {"A and B": "AB", "A and C": "AC", "B and C": "BC", "A, B and C": "ABC"}
    compositions = {label: (tuple(tags), tags) for label, tags in cases.items()}
    table = additivity.table(world.shift, compositions, ("A", "B", "C"), twins)
    table = table.rename(columns={"label": "operations"})
    table["model"] = models.label.to_numpy()[table.row]
    two = table[table.operations != "A, B and C"]
    two = two.groupby("model", sort=False)[["r2", "best_single"]].mean()
    ahead = (two.r2 - two.best_single).to_numpy()
    p = wilcoxon(two.r2, two.best_single, alternative="greater").pvalue
    better = f"better in {(ahead > 0).sum()} of {len(ahead)} models, signed-rank p = {p:.2g}"
    note = f"R2 of the sum {two.r2.mean():.2f}; {better}"
    rows = range(len(ahead))
    value = statistics.group_bootstrap(lambda drawn: ahead[drawn].mean(), rows, **resampling)
    return table, {"additive": (*value, note)}


def control_sums(world: World) -> pd.DataFrame:
    """The same of tags that depend on each other, in the two controls: a row per model and tags."""
    names = world.trained.label.to_numpy()[len(world.models) :]
    shift = {name: world.control_scores.shift(name, "none") for name in world.control_scores.names}
    cases = {"A and B (paraphrase)": ("AB", "AB"), "A and C (contradiction)": ("AC", "AC")}
    table = additivity.table(shift, cases, ("A", "B", "C"), range(len(names)))
    table = table.rename(columns={"label": "operations"}).assign(model=names[table.row])
    return table[["operations", "model", "cosine", "r2", "slope", "best_single"]]


def cases(added: pd.DataFrame, controls: pd.DataFrame) -> pd.DataFrame:
    """Rows of `sums` and `control_sums` as model, tags ("AB"), is_control, r2, best_single."""
    both = pd.concat([added.assign(is_control=False), controls.assign(is_control=True)])
    both["tags"] = both.operations.str.replace(r" \(.*|[^ABC]", "", regex=True)
    return both[["model", "tags", "is_control", "r2", "best_single"]].reset_index(drop=True)


def directions(world: World) -> pd.DataFrame:
    """Cosine of the moves of every two models under the same tags: operation, pair, cosine."""
    i, j = world.upper
    rules, tables = world.models.rule.to_numpy(), []
    pair = np.where(rules[i] == rules[j], "same rule", "different rules")
    for name in ("A", "B", "C", "ABC"):
        moves = maps.row_centre(world.shift[name])
        cosines = moves @ moves.T / np.outer(*[np.linalg.norm(moves, axis=1)] * 2)
        tables.append(pd.DataFrame({"operation": name, "pair": pair, "cosine": cosines[i, j]}))
    return pd.concat(tables, ignore_index=True)


def on_the_map(world: World, tags: Sequence[str] = ("none", "A", "B", "C")) -> tuple:
    """Every model under each of some tags, on one plane, nats per root of a response; and the
    shares of variance of its axes. Shifted points do not move it: the first tags centre it."""
    values = np.stack([maps.row_centre(world.scores[tag][: len(world.models)]) for tag in tags])
    values -= values[0].mean(axis=0)  # (tags, M, N)
    n = len(world.tags)
    flat = values.reshape(-1, n) / np.sqrt(n)
    _, sizes, axes = np.linalg.svd(flat, full_matrices=False)
    table = pd.concat([world.models[["label", "taste", "rule"]].assign(tags=tag) for tag in tags])
    table[["x", "y"]] = flat @ axes[:2].T
    return table.reset_index(drop=True), (sizes**2 / (sizes**2).sum())[:2]


def exact_laws(seed: int = 0) -> tuple[pd.DataFrame, Mapping[str, pd.Series]]:
    """Three worlds of forty responses known exactly: law, sum of two single moves, both, and bayes,
    what the sum misses by the formula, nats and centred; and `additivity.measure` of each law."""
    tables, fits = [], {}
    for kind in ("independent", "paraphrase", "contradiction"):
        joint = additivity.joint_shifts(additivity.example_law(kind, seed=seed))
        joint -= joint.mean()
        table = {"law": kind, "sum": joint["first"] + joint.second, "both": joint.both}
        tables.append(pd.DataFrame(table | {"bayes": joint.interaction}))
        fits[kind] = additivity.measure(joint[["first", "second"]].to_numpy().T, joint.both)
    return pd.concat(tables, ignore_index=True), fits
