"""Between three models: weights theta_0 + a (theta_1 - theta_0) + b (theta_2 - theta_0).

Section 6.3 and appendix J of the model-map paper: a base model and two fine-tunes of it, a and b in
{0, .2, .4, .6, .8, 1}. Only meaningful for models that share their lineage.
"""

import copy
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmnotes import parallel, store
from lmnotes.errors import InputError
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import prediction, projection
from lmnotes.models.scoring.rule import Rule
from lmnotes.models.zoo.plans import Spec
from lmnotes.papers.model_map.tokenizers import fork
from lmnotes.text.chunks import TextSet

if TYPE_CHECKING:
    import torch

STEPS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Geometry:
    """Two steps away from one base in weight space: sizes per parameter, and the angle between."""

    rms_1: float
    rms_2: float
    inner: float  # mean product per parameter
    angle: float  # degrees
    n_parameters: int

    def place(self, grid: np.ndarray) -> np.ndarray:
        """Where theta(a, b) lies in the plane of the two steps, (G, 2) in units of rms.

        >>> corner = Geometry(3.0, 2.0, 0.0, 90.0, 10).place(np.array([[1.0, 1.0]]))
        >>> corner.round(6).tolist()
        [[3.0, 2.0]]
        """
        turn = math.radians(self.angle)
        axes = np.array(
            [[self.rms_1, 0.0], [self.rms_2 * math.cos(turn), self.rms_2 * math.sin(turn)]]
        )
        return np.asarray(grid) @ axes


def grid(steps: tuple[float, ...] = STEPS) -> np.ndarray:
    """All pairs (a, b) of the steps, (G, 2), a slowest.

    >>> len(grid()), grid()[7].tolist()
    (36, [0.2, 0.2])
    """
    return np.array([(a, b) for a in steps for b in steps])


def geometry(
    base: "torch.nn.Module", first: "torch.nn.Module", second: "torch.nn.Module"
) -> Geometry:
    """Size and angle of the steps from `base` to the two others, over all parameters.

    Parameters only: buffers are no weights. Raises `ValueError` where names differ.
    """
    squares_1 = squares_2 = products = 0.0
    n = 0
    for zero, a, b in _aligned(base, first, second):
        step_1, step_2 = a.double() - zero.double(), b.double() - zero.double()
        squares_1 += (step_1**2).sum().item()
        squares_2 += (step_2**2).sum().item()
        products += (step_1 * step_2).sum().item()
        n += zero.numel()
    if squares_1 == 0 or squares_2 == 0:
        given = "a fine-tune equals the base in every weight"
        raise InputError(f"{given}; expected three different models: choose others")
    cosine = np.clip(products / math.sqrt(squares_1 * squares_2), -1, 1)
    rms_1, rms_2 = math.sqrt(squares_1 / n), math.sqrt(squares_2 / n)
    return Geometry(rms_1, rms_2, products / n, math.degrees(math.acos(cosine)), n)


class Blend:
    """One model, a copy of the base, whose weights move in the plane of three others.

    Where the fine-tunes have added rows to a vocabulary, the common rows are mixed and the rest is
    the base's.
    """

    def __init__(
        self, base: "torch.nn.Module", first: "torch.nn.Module", second: "torch.nn.Module"
    ):
        self.model = copy.deepcopy(base)
        self._weights = list(_aligned(base, first, second))

    def model_at(self, a: float, b: float) -> "torch.nn.Module":
        """The model at (1 - a - b) theta_0 + a theta_1 + b theta_2; changed by the next call."""
        targets = self.model.parameters()
        for target, (zero, first, second) in zip(targets, self._weights, strict=True):
            mixed = (1 - a - b) * zero.double() + a * first.double() + b * second.double()
            target.data[tuple(slice(size) for size in mixed.shape)] = mixed.to(target.dtype)
        return self.model


def predicted(
    log_likelihood: np.ndarray, points: np.ndarray, threshold: float | None = None
) -> np.ndarray:
    """(1 - a - b) l_0 + a l_1 + b l_2 text by text for every point, (G, N) nats.

    Args:
        log_likelihood: (3, N) of base, first and second.
        points: (G, 2), as `grid` gives them.
        threshold: entries below it are raised to it, as those of the texts are.

    >>> predicted(np.array([[-8.0], [-6.0], [-4.0]]), np.array([[0.5, 0.5], [1.0, 1.0]])).tolist()
    [[-5.0], [-2.0]]
    """
    points = np.asarray(points, np.float64)
    weights = np.column_stack([1 - points.sum(axis=1), points])  # (G, 3)
    values = weights @ np.asarray(log_likelihood, np.float64)
    return values if threshold is None else np.maximum(values, threshold)


def grid_scores(
    models: Sequence[str], texts: TextSet, points: np.ndarray, rule: Rule
) -> tuple[np.ndarray, Geometry]:
    """Log-likelihoods of the texts at every point, (G, N) nats, and the geometry of the three.

    Args:
        models: folders or hub ids of base, first and second. Kept as an artefact.
    """
    from lmnotes.models.scoring import identity

    key = {"models": [identity.identify(model).id for model in models], "rule": rule.name}
    key |= {"texts": texts.content_id, "points": np.asarray(points).round(6).tolist()}

    def write(folder: Path) -> None:
        work = partial(_scored, texts=texts, points=points, rule=rule)
        values, steps = parallel.in_fresh_process(work, list(models))  # their memory ends with it
        np.save(folder / "log_likelihood.npy", values)
        (folder / "geometry.json").write_text(json.dumps(asdict(steps)))

    path = store.build("interpolation", key, write)
    steps = json.loads((path / "geometry.json").read_text())
    return np.load(path / "log_likelihood.npy"), Geometry(**steps)


def _scored(models, texts, points, rule) -> tuple[np.ndarray, Geometry]:
    from lmnotes.models.scoring import identity, loading, score

    whos = [identity.identify(model) for model in models]
    three = [loading.load(w.model, revision=w.hub_revision, dtype=rule.dtype) for w in whos]
    networks = [scorer.model for scorer in three]
    blend, rows = Blend(*networks), []
    for a, b in points:
        names = {"name": f"{a:g}, {b:g}", "dtype": rule.dtype}
        scorer = loading.wrap(blend.model_at(a, b), three[0].tokenizer, **names)
        rows.append(score.score_texts(scorer, texts, rule=rule).log_likelihood)
    return np.stack(rows), geometry(*networks)


def _aligned(*models: "torch.nn.Module") -> Iterator[tuple["torch.Tensor", ...]]:
    """Each weight of the base with those of the two others, cut to their common part."""
    weights = [{name: w.detach() for name, w in model.named_parameters()} for model in models]
    unknown = set(weights[0]) ^ set(weights[1]) | set(weights[0]) ^ set(weights[2])
    if unknown:
        given = f"weights {sorted(unknown)[:3]} are not in all three models"
        then = "choose models of one architecture"
        raise InputError(f"{given}; expected a base and two fine-tunes of it: {then}")
    for name in weights[0]:
        three = [of_model[name] for of_model in weights]
        common = tuple(slice(min(sizes)) for sizes in zip(*(w.shape for w in three), strict=True))
        yield tuple(weight[common] for weight in three)


PUBLISHED_FLOOR = -1400.0  # nats: the paper clips here in this experiment, not at 2 %
_CORNERS = ((0, 0), (1, 0), (0, 1))


@dataclass(frozen=True, eq=False)
class Plane:
    """G models theta(a, b) and their log-likelihoods of N texts.

    names: of base, first and second; points: (G, 2); raw: (G, N) nats; floor: entries below it are
    raised to it; domains: (N,).
    """

    names: list[str]
    points: np.ndarray
    raw: np.ndarray
    geometry: Geometry
    floor: float
    domains: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """(G, N) clipped log-likelihoods."""
        return np.maximum(self.raw, self.floor)

    @cached_property
    def corners(self) -> np.ndarray:
        """The rows of base, first and second."""
        return np.array([(self.points == corner).all(axis=1).argmax() for corner in _CORNERS])

    def predicted(self, points: np.ndarray) -> np.ndarray:
        """(G, N) predictions for these points from the three corners, clipped."""
        return predicted(self.raw[self.corners], points, self.floor)

    @property
    def means(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean log-likelihoods of the points, measured and predicted, (G,) nats each."""
        return self.values.mean(axis=1), self.predicted(self.points).mean(axis=1)

    @cached_property
    def agreement(self) -> tuple[float, float]:
        """Pearson's r and Spearman's rho of the measured and predicted means."""
        means = [mean[:, None] for mean in self.means]
        r, rho = (prediction.correlations(*means, ranks=ranks).item() for ranks in (False, True))
        return r, rho

    @cached_property
    def coordinates(self) -> np.ndarray:
        """(G, 2) principal components of the row-centred log-likelihoods."""
        return projection.pca(maps.row_centre(self.values))

    @property
    def table(self) -> pd.DataFrame:
        """a, b, both means and both components of every point."""
        columns = ["a", "b", "mean", "predicted", "component_1", "component_2"]
        values = np.column_stack([self.points, *self.means, self.coordinates])
        return pd.DataFrame(values, columns=columns)

    @property
    def summary(self) -> pd.DataFrame:
        """Sizes of the steps, their angle, and how well the means are predicted."""
        values = {
            "size of step 1, rms per parameter": self.geometry.rms_1,
            "size of step 2, rms per parameter": self.geometry.rms_2,
            "angle, degrees": self.geometry.angle,
            "angle of random steps, degrees": 90.0,
            "its standard deviation": math.degrees(1 / math.sqrt(self.geometry.n_parameters)),
            "r": self.agreement[0],
            "rho": self.agreement[1],
        }
        return pd.DataFrame({"quantity": list(values), "value": list(values.values())})

    def changes(self, a: float, b: float) -> pd.DataFrame:
        """Mean change from the base in every domain, predicted at (a, b) and measured at the
        nearest point: domain, predicted, actual (nats per text); `.attrs["nearest"]`."""
        nearest = int(np.abs(self.points - [a, b]).sum(axis=1).argmin())
        values = {"predicted": self.predicted([[a, b]])[0], "actual": self.values[nearest]}
        moved = pd.DataFrame(values).sub(self.values[self.corners[0]], axis=0)
        table = moved.groupby(self.domains).mean().rename_axis("domain")
        table.attrs["nearest"] = self.points[nearest].tolist()
        return table.reset_index()


def scored(
    models: Sequence[str],
    names: Sequence[str],
    texts: TextSet,
    n_texts: int,
    rule: Rule,
    floor: float = PUBLISHED_FLOOR,
) -> Plane:
    """The plane of three models on `n_texts` of the texts, evenly spaced.

    Args:
        models: folders or hub ids of base, first and second. names: what they are called.
    """
    spaced = np.linspace(0, len(texts) - 1, min(n_texts, len(texts))).astype(int)
    some, points = texts.select(spaced), grid()
    raw, geometry = grid_scores(models, some, points, rule)
    return Plane(list(names), points, raw, geometry, floor, np.asarray(some.domains))


def choose(
    names: Sequence[str],
    trained: pd.DataFrame | None,
    specs: Sequence[Spec],
    texts: TextSet,
    *,
    n_texts: int,
    rule: Rule,
    floor: float,
) -> Plane | None:
    """The plane of the three named models, else of a base and two fine-tunes among those that were
    trained here (clipped at `floor`), else none."""
    if names:
        return scored(names, [name.split("/")[-1] for name in names], texts, n_texts, rule)
    if trained is None:
        return None
    known = trained.set_index("model").loc[list(fork(specs))]
    return scored(list(known.folder), list(known.label), texts, n_texts, rule, floor)


def claims(plane: Plane | None) -> dict[str, tuple]:
    """What section 6.3 and appendix J say, NaN for another triple than theirs."""
    other = "a number of other models (interpolation_models names three); one triple is no sample"
    base = plane.names[0] if plane else ""
    r, rho = plane.agreement if plane else (math.nan, math.nan)
    geometry = vars(plane.geometry) if plane else {}
    measured = {"r": r, "rho": rho, **geometry}
    return {
        f"interpolation_{name}": (
            (measured[key], None, ", ".join(plane.names))
            if model in base
            else (math.nan, None, other)
        )
        for name, key, model in (
            ("r", "r", "Mistral"),
            ("rho", "rho", "Mistral"),
            ("angle", "angle", "Mistral"),
            ("rms_1", "rms_1", "Mistral"),
            ("rms_2", "rms_2", "Mistral"),
            ("llama", "angle", "lama"),
        )
    }
