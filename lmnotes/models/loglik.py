"""`LikelihoodMatrix`: the log-likelihoods of texts under models, with the labels of both."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from lmnotes.errors import InputError, Shown, expect_between, expect_one_of, nearest
from lmnotes.models.maps.coordinates import double_centre
from lmnotes.models.maps.labels import numbers
from lmnotes.text.chunks import TextSet

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True, eq=False, repr=False)
class LikelihoodMatrix(Shown):
    """Row i, column s: the sum of log-probabilities that model i gives to text s, in nats.

    Raises InputError where the tables do not fit the values, or where a value is not a number or
    is +infinity; -infinity is a likelihood of zero, and `clip` raises it.

    >>> models = pd.DataFrame({"model": ["a", "b"]})
    >>> texts = pd.DataFrame({"n_bytes": [2, 4, 3]})
    >>> L = LikelihoodMatrix(np.array([[-1.0, -2, -3], [-2, -2, -90]]), models, texts, "bos=always")
    >>> float(L.clip(threshold=-10).values.min())
    -10.0
    >>> np.asarray(L.select(models=["b"], texts=L.n_bytes > 2))
    array([[ -2., -90.]])
    >>> (L - L.select(models=["a"])).loc["b"].tolist()
    [-1.0, 0.0, -87.0]
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

    @classmethod
    def from_frame(
        cls, table: pd.DataFrame, rule: str = "given", texts: pd.DataFrame | TextSet | None = None
    ) -> "LikelihoodMatrix":
        """The matrix of a table of log-likelihoods in nats, by whatever means they were scored.

        Args:
            table: a row per model, by name, and a column per text, by its id.
            rule: how the texts were scored; only matrices of one rule are compared.
            texts: what is known of the texts, in the order of the columns.

        >>> scores = pd.DataFrame([[-3.0, -1.0]], index=["gpt2"], columns=["first", "second"])
        >>> LikelihoodMatrix.from_frame(scores).to_frame().equals(scores)
        True
        """
        text_set = texts.content_id if isinstance(texts, TextSet) else ""
        known = texts.table if isinstance(texts, TextSet) else texts
        if known is None:
            known = pd.DataFrame({"text_id": table.columns})
        elif "text_id" in known and list(known["text_id"]) != list(table.columns):
            given = f"columns {', '.join(map(str, table.columns[:3]))} ... were given"
            then = "take table[ids], or name the columns so"
            raise InputError(f"{given}; expected the ids of the texts in their order: {then}")
        models = pd.DataFrame({"model": table.index.astype(str)})
        return cls(numbers(table), models, known, rule, text_set)

    def to_frame(self) -> pd.DataFrame:
        """The same numbers as a table, (M, N) nats: names of models by ids of texts.

        Texts without ids, or with ids that come twice, are numbered from 0.
        """
        ids = self.texts.get("text_id", self.texts.index)
        columns = pd.Index(ids if ids.is_unique else self.texts.index, name="text")
        return pd.DataFrame(self.values, pd.Index(self.models["model"]), columns)

    def select(
        self,
        models: npt.ArrayLike | None = None,
        texts: npt.ArrayLike | None = None,
        domains: str | Sequence[str] | None = None,
    ) -> "LikelihoodMatrix":
        """The rows and columns chosen, by names, by masks or by positions.

        Args:
            models: of a name that comes twice both rows are meant.
            texts: names are their ids, where these are strings: whole numbers are positions.
            domains: those of the texts that belong to one of them.
        """
        rows = _positions(models, self.models["model"], "models")
        columns = _positions(texts, self.texts.get("text_id", self.texts.index), "texts")
        if domains is not None:
            own, wanted = self._of_texts("domain"), np.atleast_1d(domains).tolist()
            for domain in wanted:
                expect_one_of("domain", domain, sorted(set(own)))
            columns = columns[own.isin(wanted).to_numpy()[columns]]
        tables = {"models": self.models.iloc[rows], "texts": self.texts.iloc[columns]}
        return replace(self, values=self.values[np.ix_(rows, columns)], **tables)

    @property
    def n_bytes(self) -> np.ndarray:
        """The length of every text in UTF-8 bytes, (N,) int64."""
        return self._of_texts("n_bytes").to_numpy(dtype=np.int64)

    @property
    def shape(self) -> tuple[int, int]:
        """(M, N)."""
        return len(self.models), len(self.texts)

    def __sub__(self, other: "LikelihoodMatrix | npt.ArrayLike") -> pd.DataFrame:
        """Differences in nats as a table, (M, N), which all of `maps` takes.

        other: a matrix of the same models or of a single one, or numbers (N,), (M, 1), (M, N), ().
        """
        mine, theirs, alike = self.to_frame(), other, True
        if isinstance(other, LikelihoodMatrix):
            alike = len({(each.rule, each.text_set, each.threshold) for each in (self, other)}) == 1
            if isinstance(mine.columns, pd.RangeIndex):  # numbers, which are not the texts' own
                alike = alike and self.texts.equals(other.texts)
            theirs = other.to_frame() if len(other) > 1 else other.to_frame().iloc[0]
        difference = mine - theirs  # by their labels: NaN where one is missing
        if not alike or difference.shape != mine.shape or difference.isna().to_numpy().any():
            given = f"{repr(other)[:200]} was to be taken from {self!r}"
            wanted = "the same models or one, texts, rule and threshold"
            raise InputError(f"{given}; expected {wanted}: select() them, and clip a -inf of both")
        return difference.reindex_like(mine)

    def _of_texts(self, name: str) -> pd.Series:
        if name not in self.texts:
            raise InputError(f"texts has no column `{name}`: add it, or do without it, as in nats")
        return self.texts[name]

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        if copy is False and dtype not in (None, np.float64):
            raise InputError(f"dtype {dtype} without a copy; expected float64: allow a copy")
        values = np.asarray(self.values, dtype=dtype)
        return values.copy() if copy and values is self.values else values

    def __len__(self) -> int:
        return len(self.models)

    def _line(self) -> str:
        clipped = "" if self.threshold is None else f", clipped at {self.threshold:.5g}"
        return f"{len(self):,} models x {len(self.texts):,} texts, nats{clipped} ({self.rule})"

    def _rows(self, places: list[int]) -> pd.DataFrame:
        return self.select(places).to_frame()

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
        attributes: dict[str, object] = {"unit": "nats", "rule": self.rule}
        attributes["text_set"] = self.text_set
        if self.threshold is not None:
            attributes["threshold"] = self.threshold
        labels = {"name": "log_likelihood", "attrs": attributes}
        return xarray.DataArray(self.values, coordinates, ("model", "text"), **labels)


@dataclass(frozen=True, eq=False, repr=False)
class MapInput(Shown):
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


def _positions(chosen: npt.ArrayLike | None, labels: pd.Series | pd.Index, axis: str) -> np.ndarray:
    """Positions of names, of a mask or of positions; all of them for None."""
    n = len(labels)
    if chosen is None:
        return np.arange(n)
    chosen = np.asarray([chosen] if isinstance(chosen, str) else chosen)
    if chosen.dtype.kind in "OUT" and chosen.size:
        known = pd.Index(labels)
        for name in chosen[~np.isin(chosen, known)]:
            raise InputError(f"{axis} has no {str(name)!r} among its {n:,}: {nearest(name, known)}")
        return known.get_indexer_for(chosen)
    if chosen.dtype == bool:
        if chosen.shape != (n,):
            raise InputError(f"a mask of shape {chosen.shape} for {n} {axis}: use L.{axis}[...]")
        return np.flatnonzero(chosen)
    if chosen.size and not np.issubdtype(chosen.dtype, np.integer):
        given = f"{axis} of type {chosen.dtype} were given"
        raise InputError(f"{given}; expected names, a mask or positions: take L.{axis}[...]")
    return chosen.astype(np.int64).reshape(-1)
