"""The models of a map with what the map asks of them: coordinates, distances, families, lineages.

They may be a zoo, any list of models, or the authors' released matrix; the rest of a page need not
know which.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from lmnotes.errors import expect_between
from lmnotes.figures.maps import classes
from lmnotes.models.loglik import LikelihoodMatrix, MapInput
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.runner.listing import short_names
from lmnotes.models.scoring.rule import PUBLISHED, Rule
from lmnotes.models.scoring.rule import read as read_rule
from lmnotes.notebook import card
from lmnotes.papers.model_map.task_scores import LEADERBOARD
from lmnotes.text import chunks
from lmnotes.text.chunks import TextSet

PUBLISHED_BYTES = 972.3188  # mean length of the 10,000 chunks of the Pile; second-hand
_NO_SCORES = ["n_parameters", "created_at", "order"]  # numbers of a csv of models
EXAMPLE = "aaditya/Llama3-OpenBioLLM-8B"  # the one model of which log-likelihoods were printed


@dataclass(frozen=True, eq=False, repr=False)
class Population(MapInput):
    """M models and what they find likely in N texts.

    raw: log-likelihoods as scored; clip_share: of its entries, raised to their quantile; models: a
    row each, with family, lineage, order (of creation) and n_parameters among its columns; texts:
    N strings, or none where only their likelihoods are known.
    """

    models: pd.DataFrame
    domains: np.ndarray  # (N,)
    n_bytes: np.ndarray  # (N,)
    texts: Sequence[str]
    is_published: bool
    failed: pd.DataFrame | None = None  # models that could not be scored, why, and what to do
    benchmarks: Sequence[str] = ()  # columns of `models` that are scores, as they were handed over
    inputs: Sequence = ()  # of models of one's own: their ids, and whether they failed

    def __repr__(self) -> str:
        threshold = self.clipped.threshold
        cut = "not clipped" if threshold is None else f"clipped at {threshold:.1f} nats"
        return f"<Population: {len(self):,} models, {len(self.domains):,} texts, {cut}>"

    def __len__(self) -> int:
        return len(self.models)

    @property
    def names(self) -> np.ndarray:
        """(M,) names of the models."""
        return self.models["model"].to_numpy()

    @property
    def labels(self) -> np.ndarray:
        """(M,) short names in words, for figures."""
        return self.models["label"].to_numpy()

    @property
    def by_label(self) -> dict[str, str]:
        """Names of models by their short names."""
        return dict(zip(self.labels, self.names, strict=True))

    @property
    def seed_pairs(self) -> list[tuple[int, int]]:
        """Rows of every two models that differ in the seed of their training only."""
        if not self.is_zoo:
            return []
        alike = ["family", "kind", "mixture", "n_parameters", "step", "tokenizer", "leaked"]
        scratch = self.models[self.models.kind == "neural"]
        known = [name for name in alike if name in scratch]
        rows = scratch.groupby(known, observed=True).indices.values()
        places = scratch.index.to_numpy()
        return [pair for same in rows for pair in itertools.combinations(places[same].tolist(), 2)]

    @property
    def is_zoo(self) -> bool:
        """Whether the models were trained here, so that it is known what they read."""
        return "mixture" in self.models

    @property
    def rule(self) -> Rule:
        """What the models were scored by; for the released matrix, what others are scored by."""
        return PUBLISHED if self.is_published else read_rule(self.raw.rule)

    @cached_property
    def distance(self) -> np.ndarray:
        """(M, M) map distances: half the variance of the difference over texts, nats per text."""
        return maps.kl(self.Q)

    @cached_property
    def mean(self) -> np.ndarray:
        """(M,) mean log-likelihoods, nats per text."""
        return self.L.mean(axis=1)

    def square(self, order: np.ndarray) -> pd.DataFrame:
        """The map distances with names of models, rows and columns in this order."""
        return pd.DataFrame(self.distance, self.names, self.names).iloc[order, order]

    def index(self, name: str) -> int:
        """The row of a model."""
        return int(np.flatnonzero(self.names == name)[0])

    def described(self, places: pd.DataFrame) -> pd.DataFrame:
        """The table of models with what colours a map: mean log-likelihood, log10 size, strongest
        domain; and the columns of `places`, (M, ...)."""
        size = pd.to_numeric(self.models["n_parameters"], errors="coerce")
        columns = {
            "mean log-likelihood": self.mean,
            "log10 size": np.log10(size),
            "strongest domain": maps.primary_domain(self.Q, self.domains),
        }
        return self.models.assign(**columns, **{name: places[name].to_numpy() for name in places})

    def joined(self, rows: np.ndarray) -> np.ndarray:
        """(M + m, N) clipped log-likelihoods of these models and of m more, whose rows are raised
        to the same threshold."""
        return np.vstack([self.L, np.maximum(np.atleast_2d(rows), self.clipped.threshold)])


def home_texts() -> TextSet:
    """The texts that the zoo's leaked models have read, where the map is of other texts."""
    return chunks.load("installed", size=128, per_domain=120)


def describe_texts(texts: TextSet) -> pd.DataFrame:
    """A row per domain: number of texts, files, mean bytes."""
    columns = {"texts": ("text_id", "size"), "files": ("source", "nunique")}
    columns |= {"mean bytes": ("n_bytes", "mean")}
    return texts.table.groupby("domain").agg(**columns).reset_index()


def describe_models(models: pd.DataFrame) -> pd.DataFrame:
    """A row per family and, where known, kind: number of models, their sizes, what they read."""
    keys = [name for name in ("family", "kind") if name in models]
    columns = {"models": ("model", "size"), "smallest": ("n_parameters", "min")}
    columns |= {"largest": ("n_parameters", "max")}
    if "mixture" in models:
        columns |= {"read": ("mixture", lambda names: ", ".join(dict.fromkeys(map(str, names))))}
    return models.groupby(keys, sort=False, observed=True).agg(**columns).reset_index()


def build(
    raw: LikelihoodMatrix,
    clip_share: float = 0.02,
    texts: TextSet | None = None,
    is_published: bool = False,
) -> Population:
    """The population of a scored matrix.

    Args:
        texts: those of the matrix, to be shown.
        is_published: the released matrix, whose lengths are known in the mean only.
    """
    models = _labelled(raw.models.reset_index(drop=True))
    n = raw.values.shape[1]
    domains = raw.texts["domain"].to_numpy() if "domain" in raw.texts else np.full(n, "all")
    n_bytes = raw.n_bytes if "n_bytes" in raw.texts else np.full(n, PUBLISHED_BYTES)
    shown = texts.texts if texts is not None and len(texts) == n else []
    known = [name for name in LEADERBOARD if is_published and name in models]
    more = {"is_published": is_published, "benchmarks": known}
    return Population(raw, clip_share, models, domains, n_bytes, shown, **more)


def scored(
    models: pd.DataFrame, texts: TextSet, rule: Rule, clip_share: float = 0.02, folder=None
) -> Population:
    """The population of a zoo on some texts; rows that the ledger in a folder, by default that of
    these texts and this rule, has are not scored again."""
    from lmnotes.models import runner
    from lmnotes.models.ledger import ledger

    rows = ledger.open(texts, rule, folder)
    runner.score_small(models, rows)
    return build(rows.matrix(about=models), clip_share, texts)


def choose(
    texts: TextSet,
    trained: pd.DataFrame | None,
    rule: str,
    clip_share: float,
    *,
    models_file: str | None = None,
    published_matrix: str | None = None,
    ledger: str | None = None,
) -> Population:
    """The models of the map: those of the released matrix or of a file, else those trained here.

    Args:
        rule: such as "bos=always truncate=512"; empty, the published one.
        models_file: as `runner.listed` reads it; what else it has in numbers are scores. ledger:
            the folder of their rows.

    Raises InputError where fewer than two models could be scored.
    """
    from lmnotes.models import runner
    from lmnotes.models.ledger import read_released

    if published_matrix is not None:
        return build(read_released(published_matrix), clip_share, is_published=True)
    if models_file is None:
        return scored(trained, texts, read_rule(rule), clip_share, ledger)
    table = runner.listed(models_file)
    result = runner.scored(table, texts, rule, ledger)
    why = [f"{lost.label}: {lost.reason}" for lost in result.failures.itertuples()]
    then = "; ".join(why[:3]) or "name more"
    expect_between("models that were scored", len(result.matrix), 2, then=then)
    scores = table.select_dtypes("number").columns.difference(_NO_SCORES, sort=False)
    more = {"failed": result.failures, "inputs": result.inputs, "benchmarks": list(scores)}
    return replace(build(result.matrix, clip_share, texts), **more)


def released_facts(
    population: Population, leak_table: pd.DataFrame | None = None
) -> dict[str, float]:
    """What can be checked of the authors' released matrix, by claim; NaN for another population and
    for what is not there.

    Args:
        leak_table: of `leaks.read`, for the means of the models that were trained on the Pile.
    """
    raw, models = population.raw.values, population.models
    threshold, in_a_bit = population.clipped.threshold or np.nan, PUBLISHED_BYTES * np.log(2)
    legend = card.table("06", "legend", index_col="type").models
    counts = models.family.astype(str).value_counts().reindex(legend.index)
    printed = card.table("06", "example")
    places = np.flatnonzero(population.names == EXAMPLE)
    row = raw[places[0]] if len(places) == 1 else np.full(raw.shape[1], np.nan)
    about = models.iloc[places[0]] if len(places) == 1 else {}
    facts = {
        "n_models": len(population),
        "n_texts": raw.shape[1],
        "raw_min": raw.min(),
        "raw_max": raw.max(),
        "clip_threshold": threshold,
        "clip_bits": -threshold / in_a_bit,
        "types": (counts - legend).abs().max(skipna=False),
        "example_texts": np.abs(row[printed.text] - printed.log_likelihood).max(),
        "example_mean": row.mean(),
        "example_bits": -row.mean() / in_a_bit,
        "leak_likelihood": np.nan,
        "leak_tasks": np.nan,
    }
    for name in (*LEADERBOARD, "6-TaskMean"):
        facts[f"example_{name.lower().replace('-', '_')}"] = float(about.get(name, np.nan))
    if leak_table is not None:
        seen = leak_table[leak_table["has seen the texts"]]
        facts["leak_likelihood"] = seen["mean log-likelihood, nats"].mean()
        facts["leak_tasks"] = seen["task mean, %"].mean()
    return facts if population.is_published else dict.fromkeys(facts, np.nan)


def published_claims(
    population: Population, leak_table: pd.DataFrame, text_set: str
) -> dict[str, tuple]:
    """`released_facts` and the length of the authors' texts, as claims with what they need."""
    absent = "needs the released matrix: give published_matrix"
    said = {
        claim: (value, None, "" if np.isfinite(value) else absent)
        for claim, value in released_facts(population, leak_table).items()
    }
    is_pile, needs = text_set == "pile10k", "needs the authors' texts: text_set = pile10k"
    length = population.n_bytes.mean() if is_pile else np.nan
    return said | {"mean_bytes": (length, None, "" if is_pile else needs)}


def _labelled(models: pd.DataFrame) -> pd.DataFrame:
    """The table with the columns that a map needs, from what is known."""
    for name, other, unknown in (
        ("family", "type", "all"),
        ("n_parameters", "size", np.nan),
        ("order", "created_at", range(len(models))),  # as in the list
    ):
        if name not in models:
            models[name] = models.get(other, unknown)
    if "twin" in models:  # a model that has seen the texts is a relative of its twin
        models["lineage"] = models.lineage.mask(models.twin != "", models.twin)
    else:
        lineage = models.get("lineage", models["family"])  # of one alone no relatives are known
        models["lineage"] = lineage if lineage.nunique() > 1 else models["model"]
        models["order"] = pd.to_datetime(models["order"], errors="coerce").rank(method="dense")
    models["family"] = classes(models["family"])
    if "label" not in models:
        models["label"] = short_names(models["model"])
    return models
