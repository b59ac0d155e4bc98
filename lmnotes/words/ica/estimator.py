"""ICA in the conventions of scikit-learn: a transformer for its pipelines, searches and tables."""

import warnings
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from lmnotes.words.ica import decomposition
from lmnotes.words.ica.components import Components

FLOATS = (np.float64, np.float32)


class ICA(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Independent components by `decomposition.fit`, where scikit-learn's FastICA could stand.

    It differs from FastICA in this: every axis has positive skewness, and the most skewed comes
    first; the solver is L-BFGS, which also ends where the fixed point turns in circles; the
    coordinates have variance 1 always, and are float64; there must be more rows than columns, no
    column may be constant, and `n_components` may be no more than the columns; directions without
    variance are dropped, with a warning. The start is the same in every fit unless told otherwise.

    Args:
        n_components: K, principal components kept before the rotation; None for all.
        fun: "logcosh" or "cube", the contrast of `fit`.
        tol: the gradient norm to reach, or with `solver="fastica"` the change in an axis's cosine.
        max_iter: steps over all rows. Where they do not suffice, a ConvergenceWarning says so.
        solver: "lbfgs", or "fastica", scikit-learn's own.
        random_state: of the random start; None draws another each time, as everywhere there.
        device: of torch; None takes a GPU where there is one.

    Attributes:
        components_: (K, D), `transform(X) = (X - mean_) @ components_.T`.
        mixing_: (D, K) its pseudo-inverse, `inverse_transform(S) = S @ mixing_.T + mean_`.
        mean_: (D,) of the rows.
        whitening_: (K, D) onto principal components of variance 1, largest first; `components_`
            are a rotation of it.
        skewness_: (K,) of the axes.
        n_iter_: steps over all rows.
        n_features_in_, feature_names_in_: of the columns, as in every estimator.

    >>> sources = np.random.default_rng(0).exponential(size=(2000, 2))
    >>> ica = ICA(tol=1e-6).fit(sources @ np.array([[2.0, 1.0], [1.0, 1.0]]))
    >>> ica.transform([[3.0, 2.0], [0.0, 0.0]]).shape, ica.get_feature_names_out().tolist()
    ((2, 2), ['ica0', 'ica1'])
    """

    def __init__(
        self,
        n_components: int | None = None,
        *,
        fun: Literal["logcosh", "cube"] = "logcosh",
        tol: float = 1e-4,
        max_iter: int = 500,
        solver: Literal["lbfgs", "fastica"] = "lbfgs",
        random_state: int | np.random.RandomState | None = 0,
        device: str | None = None,
    ):
        self.n_components = n_components
        self.fun = fun
        self.tol = tol
        self.max_iter = max_iter
        self.solver = solver
        self.random_state = random_state
        self.device = device

    def fit(
        self, X: npt.ArrayLike, y: Any = None, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """The estimator, fitted to rows (V, D), counted by `sample_weight` (V,) where given."""
        self._fit(X, sample_weight)
        return self

    def fit_transform(
        self, X: npt.ArrayLike, y: Any = None, sample_weight: npt.ArrayLike | None = None
    ) -> np.ndarray:
        """The coordinates (V, K) of the rows that it is fitted to."""
        return self._fit(X, sample_weight).values

    def transform(self, X: npt.ArrayLike) -> np.ndarray:
        """The coordinates (n, K) float64 of rows (n, D)."""
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=FLOATS, reset=False)
        return (rows - self.mean_) @ self.components_.T

    def inverse_transform(self, X: npt.ArrayLike) -> np.ndarray:
        """The rows (n, D) that have these coordinates (n, K), as far as K axes can tell them."""
        check_is_fitted(self)
        return check_array(X, dtype=FLOATS) @ self.mixing_.T + self.mean_

    def _fit(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None) -> Components:
        rows = validate_data(self, X, dtype=FLOATS, ensure_min_samples=2)
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, rows)
        seed = self.random_state
        if not isinstance(seed, int | np.integer):
            seed = check_random_state(seed).randint(2**31 - 1)
        options: dict[str, Any] = {"n_components": self.n_components, "contrast": self.fun}
        options |= {"tolerance": self.tol, "max_iterations": self.max_iter}
        options |= {"solver": self.solver, "device": self.device}
        fitted = decomposition.fit(rows, weights=weights, seed=int(seed), **options)
        if not fitted.converged:
            warnings.warn(fitted.summary(), ConvergenceWarning, stacklevel=3)
        self.components_, self.mean_ = np.ascontiguousarray(fitted.unmixing.T), fitted.mean
        self.mixing_ = np.linalg.pinv(self.components_)
        # components_ = rotation @ whitening_, whose rows are orthogonal, longer the less variance
        _, length, direction = np.linalg.svd(self.components_, full_matrices=False)
        self.whitening_ = (length[:, None] * direction)[::-1]
        self.skewness_, self.n_iter_ = fitted.skewness, fitted.n_iterations
        return fitted

    @property
    def _n_features_out(self) -> int:
        return len(self.components_)
