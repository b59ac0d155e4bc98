"""What notebook 07 works on: log-likelihoods, what is known of the models, what of the texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from lmnotes.errors import InputError
from lmnotes.models import ledger, runner
from lmnotes.models.loglik import LikelihoodMatrix, MapInput
from lmnotes.models.maps import layout, resample
from lmnotes.models.runner import listing
from lmnotes.models.scoring.rule import read as read_rule
from lmnotes.papers.text_resampling import errors
from lmnotes.text import chunks
from lmnotes.text.chunks import TextSet

PUBLISHED_SHAPE = (1018, 10_000)
PUBLISHED_BYTES = 972.3188  # mean length of the 10,000 chunks of the Pile; second-hand
LEAST_MODELS = 6  # of a map: two halves of three
BENCHMARKS = ["ARC", "HellaSwag", "MMLU", "TruthfulQA", "Winogrande", "GSM8K"]
ELSEWHERE = "a number of the published 1,018 x 10,000 matrix: give published_matrix"
# columns that may tell which models are alike, of a zoo, of the released matrix, of a ledger
_FAMILIES = ("family", "type", "model_type", "architecture")
_ORDERS = ("order", "created_at", "created", "date")


@dataclass(frozen=True, eq=False, repr=False)
class Study(MapInput):
    """M models and N texts, with importances and distances as far as they are asked for.

    raw: log-likelihoods as scored, whose table of models has `label`, `family` and `lineage`;
    clip_share: of its entries, raised to their quantile; texts: to be shown, where they are known;
    failures, inputs: of models of one's own, as `listing.scored` gives them.
    """

    texts: TextSet | None = None
    failures: pd.DataFrame | None = None
    inputs: list[dict] | None = None

    def __len__(self) -> int:
        return len(self.raw.models)

    @property
    def n_texts(self) -> int:
        """N."""
        return self.raw.values.shape[1]

    @property
    def is_published(self) -> bool:
        """Whether this is the authors' matrix, which alone has their numbers of texts."""
        return self.raw.values.shape == PUBLISHED_SHAPE

    @property
    def models(self) -> pd.DataFrame:
        """What is known of the models, a row each."""
        return self.raw.models

    @property
    def labels(self) -> np.ndarray:
        """(M,) short names in words."""
        return self.models["label"].to_numpy(str)

    @property
    def family(self) -> np.ndarray:
        """(M,) models that share architecture and size."""
        return self.models["family"].to_numpy(str)

    @property
    def lineage(self) -> np.ndarray:
        """(M,) the ancestor of each; a model that has seen the texts stays with its twin."""
        own = self.models["lineage"].astype(str)
        if "twin" in self.models:
            own = own.mask(self.models["twin"] != "", self.models["twin"])
        return own.to_numpy(str)

    @property
    def domain(self) -> np.ndarray:
        """(N,) domains of the texts, `all` where they are not known."""
        known = "domain" in self.raw.texts
        return self.raw.texts["domain"].to_numpy(str) if known else np.full(self.n_texts, "all")

    @property
    def n_bytes(self) -> np.ndarray:
        """(N,) bytes of the texts."""
        known = "n_bytes" in self.raw.texts
        return self.raw.n_bytes if known else np.full(self.n_texts, PUBLISHED_BYTES)

    @cached_property
    def G(self) -> np.ndarray:
        """(M, M) squared distances, nats^2 over all texts."""
        return resample.squared_distances(self.Q)

    @cached_property
    def pis(self) -> dict[str, np.ndarray]:
        """The importance of every text, (N,) for each method."""
        return {method: resample.importance(self.Q, method) for method in resample.METHODS}

    @cached_property
    def weights(self) -> dict[str, np.ndarray]:
        """What each pair counts in a measure of error, (M, M) for each measure."""
        return {measure: errors.pair_weights(self.G, measure) for measure in errors.MEASURES}

    def places(self, perplexity: float = 30.0) -> pd.DataFrame:
        """The stored places of the models by all texts, (M, 4), as all maps of them have them."""
        return layout.build(self.Q, self.models["model"].astype(str), perplexity=perplexity)

    def pair_at(self, rank: float) -> tuple[int, int]:
        """The rows of the pair at a percentage of all pairs, by their distance."""
        rows, columns = np.triu_indices(len(self), 1)
        order = np.argsort(self.G[rows, columns], kind="stable")
        pair = order[min(len(order) - 1, int(rank * len(order) / 100))]
        return int(rows[pair]), int(columns[pair])

    def published(self, numbers: Mapping[str, float]) -> dict[str, tuple]:
        """Claims about numbers of the authors' matrix, which no other can answer."""
        if self.is_published:
            return {claim: (value,) for claim, value in numbers.items()}
        return {claim: (np.nan, None, ELSEWHERE) for claim in numbers}


def describe(raw: LikelihoodMatrix) -> LikelihoodMatrix:
    """The matrix with the columns `label`, `family` and `lineage` in its table of models.

    A model of one's own is called by the last part of its name. Where no column tells families
    apart, all are one; where none tells lineages, families stand for them.

    Raises InputError for fewer than six models.
    """
    about = raw.models.copy()
    if len(about) < LEAST_MODELS:
        given = f"a matrix of {len(about)} models was given"
        raise InputError(f"{given}; expected {LEAST_MODELS} or more: score more models")
    names = about["model"].astype(str)
    if "label" not in about:
        about["label"] = listing.short_names(names)
    column = next((name for name in _FAMILIES if name in about), None)
    about["family"] = about[column].fillna("unknown").astype(str) if column else "all"
    if "lineage" not in about:
        about["lineage"] = about["family"] if about["family"].nunique() > 1 else names
    return LikelihoodMatrix(raw.values, about, raw.texts, raw.rule, raw.text_set, raw.threshold)


def score(
    texts: TextSet,
    trained: pd.DataFrame | None,
    models_file: str | None,
    clip_share: float = 0.02,
    *,
    rule: str = "",
    folder: str | None = None,
) -> Study:
    """The study of models that are scored here: a zoo's, or those that a file lists.

    Args:
        trained: the table of a zoo; None with models_file, as `listing.listed` reads it.
        rule: such as "bos=always truncate=512". folder: of the ledger.
    """
    if trained is None:
        own = listing.scored(listing.listed(models_file), texts, rule, folder)
        return Study(describe(own.matrix), clip_share, texts, own.failures, own.inputs)
    rows = ledger.open(texts, read_rule(rule), folder)
    runner.score_small(trained, rows)
    return Study(describe(rows.matrix(about=trained)), clip_share, texts)


def read(
    published_matrix: str | None,
    sealed_matrix: str | None,
    *,
    text_set: str = "installed",
    clip_share: float = 0.02,
) -> Study:
    """The study of a matrix that was scored before: the authors', or one that Ledger.seal wrote.

    text_set: only to show texts beside their importance; `installed` shows none.
    """
    is_released = published_matrix is not None
    raw = (
        ledger.read_released(published_matrix) if is_released else ledger.read_sealed(sealed_matrix)
    )
    texts = chunks.load(text_set) if text_set != "installed" else None
    return Study(describe(raw), clip_share, texts)


def age(study: Study) -> np.ndarray:
    """The rows of the models from the oldest to the latest, by name where no date is known."""
    by = [*[name for name in _ORDERS if name in study.models][:1], "model"]
    return study.models.sort_values(by, kind="stable").index.to_numpy()


def tasks(study: Study) -> pd.DataFrame | None:
    """The six benchmarks and their mean, "task mean", per cent, M rows; None where the matrix lacks
    one of them."""
    if not set(BENCHMARKS) <= set(study.models):
        return None
    scores = study.models[BENCHMARKS].apply(pd.to_numeric, errors="coerce")
    return scores.assign(**{"task mean": scores.mean(axis=1, skipna=False)})
