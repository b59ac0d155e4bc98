"""Between three models: weights theta_0 + a (theta_1 - theta_0) + b (theta_2 - theta_0).

Section 6.3 and appendix J of the model-map paper: a base model and two fine-tunes of it, a and b in
{0, .2, .4, .6, .8, 1}. Only meaningful for models that share their lineage.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmnotes.models.scoring.rule import Rule
from lmnotes.text.chunks import TextSet

if TYPE_CHECKING:
    import torch


from functools import cached_property
from typing import TYPE_CHECKING

from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import prediction, projection

if TYPE_CHECKING:
    pass

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
    one = two = both = 0.0
    n = 0
    for zero, a, b in _aligned(base, first, second):
        step_1, step_2 = a.double() - zero.double(), b.double() - zero.double()
        one += (step_1**2).sum().item()
        two += (step_2**2).sum().item()
        both += (step_1 * step_2).sum().item()
        n += zero.numel()
    if one == 0 or two == 0:
        raise ValueError(
            "a fine-tune equals the base in every weight; expected three different models: choose "
            "others"
        )
    cosine = both / math.sqrt(one * two)
    angle = math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
    return Geometry(math.sqrt(one / n), math.sqrt(two / n), both / n, angle, n)


def interpolated(
    base: "torch.nn.Module", first: "torch.nn.Module", second: "torch.nn.Module"
) -> "Blend":
    """A model that `at(a, b)` sets to theta(a, b), a copy: the three given ones stay as they are.

    Where the fine-tunes have added rows to a vocabulary, the common rows are mixed and the rest is
    the base's.
    """
    import copy

    return Blend(copy.deepcopy(base), list(_aligned(base, first, second)))


class Blend:
    """One model whose weights move in the plane of three others."""

    def __init__(self, model: "torch.nn.Module", weights: list):
        self.model = model
        self._weights = weights

    def at(self, a: float, b: float) -> "torch.nn.Module":
        """The model at (1 - a - b) theta_0 + a theta_1 + b theta_2; changed by the next call."""
        import torch

        with torch.no_grad():
            targets = dict(self.model.named_parameters()).values()
            for target, (zero, one, two) in zip(targets, self._weights, strict=True):
                mixed = (1 - a - b) * zero.double() + a * one.double() + b * two.double()
                target[tuple(slice(size) for size in mixed.shape)] = mixed.to(target.dtype)
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
    found = weights @ np.asarray(log_likelihood, np.float64)
    return found if threshold is None else np.maximum(found, threshold)


def grid_scores(
    models: Sequence[str], texts: TextSet, points: np.ndarray, rule: Rule
) -> tuple[np.ndarray, Geometry]:
    """Log-likelihoods of the texts at every point, (G, N) nats, and the geometry of the three.

    Args:
        models: folders or hub ids of base, first and second. Kept as an artefact.
    """
    from lmnotes import store
    from lmnotes.models.scoring import identity

    key = {"models": [identity.identify(model).id for model in models], "rule": rule.name}
    key |= {"texts": texts.content_id, "points": np.asarray(points).round(6).tolist()}

    def write(folder: Path) -> None:
        values, found = _scored(models, texts, points, rule)
        np.save(folder / "log_likelihood.npy", values)
        (folder / "geometry.json").write_text(json.dumps(asdict(found)))

    path = store.build("interpolation", key, write)
    found = json.loads((path / "geometry.json").read_text())
    return np.load(path / "log_likelihood.npy"), Geometry(**found)


def _scored(models, texts, points, rule) -> tuple[np.ndarray, Geometry]:
    from lmnotes.models.scoring import loading, score

    three = [loading.load(model, dtype=rule.dtype) for model in models]
    weights = [scorer.model for scorer in three]
    blend, rows = interpolated(*weights), []
    for a, b in points:
        scorer = loading.wrap(blend.at(a, b), three[0].tokenizer, name=f"{a:g}, {b:g}")
        rows.append(score.texts(scorer, texts, rule=rule).log_likelihood)
    return np.stack(rows), geometry(*weights)


def _aligned(
    base: "torch.nn.Module", first: "torch.nn.Module", second: "torch.nn.Module"
) -> Iterator[tuple["torch.Tensor", "torch.Tensor", "torch.Tensor"]]:
    """Each weight of the base with those of the two others, cut to their common part."""
    weights: list[Mapping[str, torch.Tensor]] = [
        {name: weight.detach() for name, weight in model.named_parameters()}
        for model in (base, first, second)
    ]
    unknown = set(weights[0]) ^ set(weights[1]) | set(weights[0]) ^ set(weights[2])
    if unknown:
        raise ValueError(
            f"weights {sorted(unknown)[:3]} are not in all three models; expected a base and two "
            "fine-tunes of it: choose models of one architecture"
        )
    for name, zero in weights[0].items():
        three = (zero, weights[1][name], weights[2][name])
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
    geometry: "Geometry"
    floor: float
    domains: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """(G, N) clipped log-likelihoods."""
        return np.maximum(self.raw, self.floor)

    @cached_property
    def corners(self) -> np.ndarray:
        """The rows of base, first and second."""
        return np.array([np.flatnonzero((self.points == one).all(axis=1))[0] for one in _CORNERS])

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
        one, other = (mean[:, None] for mean in self.means)
        r, rho = (prediction.correlations(one, other, ranks=ranks) for ranks in (False, True))
        return float(r[0]), float(rho[0])

    @cached_property
    def coordinates(self) -> np.ndarray:
        """(G, 2) principal components of the row-centred log-likelihoods."""
        return projection.pca(maps.row_centre(self.values))

    @property
    def table(self) -> pd.DataFrame:
        """a, b, both means and both components of every point."""
        mean, predicted = self.means
        found = pd.DataFrame(self.points, columns=["a", "b"])
        found = found.assign(mean=mean, predicted=predicted)
        return found.assign(component_1=self.coordinates[:, 0], component_2=self.coordinates[:, 1])

    @property
    def summary(self) -> pd.DataFrame:
        """Sizes of the steps, their angle, and how well the means are predicted."""
        values = {
            "size of step 1, rms per parameter": self.geometry.rms_1,
            "size of step 2, rms per parameter": self.geometry.rms_2,
            "angle, degrees": self.geometry.angle,
            "r": self.agreement[0],
            "rho": self.agreement[1],
        }
        return pd.DataFrame({"quantity": list(values), "value": list(values.values())})

    def changes(self, a: float, b: float) -> pd.DataFrame:
        """Mean change from the base in every domain, predicted at (a, b) and measured at the
        nearest point: domain, predicted, actual (nats per text); `.attrs["nearest"]`."""
        nearest = int(np.abs(self.points - [a, b]).sum(axis=1).argmin())
        base = self.values[self.corners[0]]
        moved = {
            "predicted": self.predicted(np.array([[a, b]]))[0] - base,
            "actual": self.values[nearest] - base,
        }
        table = pd.DataFrame(moved).groupby(self.domains).mean().rename_axis("domain")
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
