"""A base model and two of its fine-tunes: the plane of their weights, scored and predicted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lmnotes.models import interpolate
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import prediction, projection

if TYPE_CHECKING:
    import pandas

    from lmnotes.models.interpolate import Geometry
    from lmnotes.models.scoring.rule import Rule
    from lmnotes.text.chunks import TextSet

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
        return interpolate.predicted(self.raw[self.corners], points, self.floor)

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
    def table(self) -> "pandas.DataFrame":
        """a, b, both means and both components of every point."""
        import pandas

        mean, predicted = self.means
        found = pandas.DataFrame(self.points, columns=["a", "b"])
        found = found.assign(mean=mean, predicted=predicted)
        return found.assign(component_1=self.coordinates[:, 0], component_2=self.coordinates[:, 1])

    @property
    def summary(self) -> "pandas.DataFrame":
        """Sizes of the steps, their angle, and how well the means are predicted."""
        import pandas

        values = {
            "size of step 1, rms per parameter": self.geometry.rms_1,
            "size of step 2, rms per parameter": self.geometry.rms_2,
            "angle, degrees": self.geometry.angle,
            "r": self.agreement[0],
            "rho": self.agreement[1],
        }
        return pandas.DataFrame({"quantity": list(values), "value": list(values.values())})

    def changes(self, a: float, b: float) -> "pandas.DataFrame":
        """Mean change from the base in every domain, predicted at (a, b) and measured at the
        nearest point: domain, predicted, actual (nats per text); `.attrs["nearest"]`."""
        import pandas

        nearest = int(np.abs(self.points - [a, b]).sum(axis=1).argmin())
        base = self.values[self.corners[0]]
        moved = {
            "predicted": self.predicted(np.array([[a, b]]))[0] - base,
            "actual": self.values[nearest] - base,
        }
        table = pandas.DataFrame(moved).groupby(self.domains).mean().rename_axis("domain")
        table.attrs["nearest"] = self.points[nearest].tolist()
        return table.reset_index()


def scored(
    models: Sequence[str],
    names: Sequence[str],
    texts: "TextSet",
    n_texts: int,
    rule: "Rule",
    floor: float = PUBLISHED_FLOOR,
) -> Plane:
    """The plane of three models on `n_texts` of the texts, evenly spaced.

    Args:
        models: folders or hub ids of base, first and second. names: what they are called.
    """
    spaced = np.linspace(0, len(texts) - 1, min(n_texts, len(texts))).astype(int)
    some, points = texts.select(spaced), interpolate.grid()
    raw, geometry = interpolate.grid_scores(models, some, points, rule)
    return Plane(list(names), points, raw, geometry, floor, np.asarray(some.domains))
