"""`LikelihoodMatrix`: the log-likelihoods of texts under models, with the labels of both."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from lmnotes.errors import InputError, expect_between
from lmnotes.models.maps.coordinates import double_centre

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True, eq=False)
class LikelihoodMatrix:
    """Row i, column s: the sum of log-probabilities that model i gives to text s, in nats.

    Raises InputError where the tables do not fit the values, or where a value is not a number or
    is +infinity; -infinity is a likelihood of zero, and `clip` raises it.

    >>> models = pd.DataFrame({"model": ["a", "b"]})
    >>> texts = pd.DataFrame({"n_bytes": [2, 4, 3]})
    >>> L = LikelihoodMatrix(np.array([[-1.0, -2, -3], [-2, -2, -90]]), models, texts, "bos=always")
    >>> float(L.clip(threshold=-10).values.min())
    -10.0
    >>> np.asarray(L.select(models=[1], texts=L.n_bytes > 2))
    array([[ -2., -90.]])
    """

    values: np.ndarray  # (M, N) float64, nats
    models: pd.DataFrame  # (M rows): `model`, and what is known of each
    texts: pd.DataFrame  # (N rows): `text_id`, `domain`, `source`, `n_bytes` ...
    rule: str  # how the texts were scored
    text_set: str = ""  # the content id of the text set
    threshold: float | None = None  # nats; what smaller values were raised to, if they were

    def __post_init__(self):
        values = np.asarray(self.values, dtype=np.float64)
        object.__setattr__(self, "values", values)
        for name in ("models", "texts"):  # the index counts the rows: labels are positions
            object.__setattr__(self, name, getattr(self, name).reset_index(drop=True))
        expected = (len(self.models), len(self.texts))
        if values.shape != expected:
            raise InputError(f"values {values.shape} were given; expected {expected} by the tables")
        if "model" not in self.models:
            raise InputError(f"columns {list(self.models)}; expected one named `model`: rename it")
        bad = np.isnan(values) | (values == np.inf)
        if bad.any():
            row, column = np.argwhere(bad)[0]
            what = f"{values[row, column]} for model {self.models.model[row]!r} and text {column}"
            raise InputError(f"{what}; expected numbers: leave it out, or score it in float32")

    def clip(self, share: float = 0.02, threshold: float | None = None) -> "LikelihoodMatrix":
        """The matrix with every entry below the threshold raised to it.

        Args:
            share: 0..1, the quantile of all M * N entries pooled that is the threshold; the paper
                clips before any centring (Oyama et al., ACL 2025).
            threshold: nats; a threshold of an earlier map, so that models that are added to it are
                clipped as its models were. `share` then has no effect.
        """
        if threshold is None:
            expect_between("share", share, 0, 1, "the paper's is 0.02, and 0 clips nothing")
            # "higher" where an interpolation would touch -inf
            whole = np.isfinite(self.values).all()
            method: Literal["linear", "higher"] = "linear" if whole else "higher"
            threshold = float(np.quantile(self.values, share, method=method))
            if not np.isfinite(threshold):
                then = "give a threshold, a larger share, or score in float32"
                raise InputError(f"more than {share:.1%} of the entries are -inf: {then}")
        return replace(self, values=np.maximum(self.values, threshold), threshold=float(threshold))

    def select(self, models=None, texts=None) -> "LikelihoodMatrix":
        """The rows and columns chosen, by masks or by positions."""
        rows = _positions(models, len(self.models), "models")
        columns = _positions(texts, len(self.texts), "texts")
        tables = {"models": self.models.iloc[rows], "texts": self.texts.iloc[columns]}
        return replace(self, values=self.values[np.ix_(rows, columns)], **tables)

    @property
    def n_bytes(self) -> np.ndarray:
        """The length of every text in UTF-8 bytes, (N,) int64."""
        if "n_bytes" not in self.texts:
            raise InputError("texts has no column `n_bytes`: add it, or ask for nats")
        return self.texts["n_bytes"].to_numpy(dtype=np.int64)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        if copy is False and dtype not in (None, np.float64):
            raise InputError(f"dtype {dtype} without a copy; expected float64: allow a copy")
        values = np.asarray(self.values, dtype=dtype)
        return values.copy() if copy and values is self.values else values

    def __len__(self) -> int:
        return len(self.models)

    def to_xarray(self) -> "xarray.DataArray":
        """The same values as an xarray `DataArray` with dimensions `model` and `text`.

        The columns of both tables are its coordinates. It needs the package xarray.
        """
        try:
            import xarray
        except ImportError as error:
            raise ImportError("to_xarray needs xarray: pip install 'lmnotes[xarray]'") from error
        coordinates = {"model": self.models["model"].to_numpy()}
        for axis, table in (("model", self.models), ("text", self.texts)):
            for name in table.columns.drop("model", errors="ignore"):
                label = name if name not in ("text", *coordinates) else f"{axis}_{name}"
                coordinates[label] = (axis, table[name].to_numpy())
        attributes: dict[str, object] = {
            "unit": "nats",
            "rule": self.rule,
            "text_set": self.text_set,
        }
        if self.threshold is not None:
            attributes["threshold"] = self.threshold
        labels = {"name": "log_likelihood", "attrs": attributes}
        return xarray.DataArray(self.values, coordinates, ("model", "text"), **labels)


@dataclass(frozen=True, eq=False, repr=False)
class MapInput:
    """A scored matrix as a map takes it: clipped, then doubly centred.

    raw: log-likelihoods as scored; clip_share: of its entries, raised to their quantile.
    """

    raw: LikelihoodMatrix
    clip_share: float

    @cached_property
    def clipped(self) -> LikelihoodMatrix:
        """The log-likelihoods, clipped."""
        return self.raw.clip(self.clip_share)

    @property
    def L(self) -> np.ndarray:
        """(M, N) clipped log-likelihoods, nats."""
        return self.clipped.values

    @cached_property
    def Q(self) -> np.ndarray:
        """(M, N) coordinates, nats."""
        return double_centre(self.L)


def _positions(chosen, n: int, axis: str) -> np.ndarray:
    """Positions 0..n-1 of a mask or of positions; all of them for None."""
    if chosen is None:
        return np.arange(n)
    chosen = np.asarray(chosen)
    if chosen.dtype == bool:
        if chosen.shape != (n,):
            raise InputError(f"a mask of shape {chosen.shape} for {n} {axis}: use L.{axis}[...]")
        return np.flatnonzero(chosen)
    if chosen.size and not np.issubdtype(chosen.dtype, np.integer):
        raise InputError(f"{axis} {chosen.dtype}: expected mask or positions: L.{axis}[...] == ...")
    return chosen.astype(np.int64).reshape(-1)
