"""What a random direction would show: laws of one component, of a product of two, and p-values.

A word's vector of length 1 that points anywhere with equal chance has components that are nearly
N(0, 1/K); the product of the components of two such words is nearly a product of two normals, with
density (K / pi) K0(K |x|). Whether an axis matters to a word or to a pair is judged against these.
The paper: Yamagiwa, Oyama, Shimodaira, "Revisiting Cosine Similarity via Normalized ICA-transformed
Embeddings", COLING 2025.
"""

import functools
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import scipy.optimize
import scipy.special
import scipy.stats

from lmnotes.errors import InputError, expect_between, expect_one_of, expect_whole
from lmnotes.statistics import holm

Alternative = Literal["greater", "two-sided", "size"]
Law = Literal["normal", "sphere", "product"]
Method = Literal["none", "bonferroni", "holm", "bh"]
_BLOCK = 16384


def product_tail(u: npt.ArrayLike) -> np.ndarray:
    """P(XY > u) for independent standard normals X and Y, exact down to 1e-300.

    Args:
        u: 0 or more, any shape; in units of 1/K for the products of two words' components. NaN
            stays NaN, and infinity gives 0.

    T(u) = (1/pi) int_0^{pi/2} exp(-u / cos t) dt, whose terms are all positive: the integral of
    K0 from 0 to u subtracted from 1/2 would lose every digit below 1e-9.

    >>> [f"{value:.8g}" for value in product_tail(np.array([0, 1, 100.0]))]
    ['0.5', '0.10449683', '1.4749658e-45']
    """
    u = np.asarray(u, dtype=np.float64)
    if (u < 0).any():
        raise InputError(f"tail at {np.nanmin(u):g}: expected 0 or more; product_p takes any sign")
    flat = u.ravel()
    tail = np.where(np.isnan(flat), np.nan, 0.0)
    small, others = flat < 1e-3, (flat >= 1e-3) & (flat < np.inf)
    for chosen, n_nodes in ((small, 200), (others, 48)):  # small: a long integral
        rows = np.flatnonzero(chosen)
        for block in np.array_split(rows, range(_BLOCK, len(rows), _BLOCK)):
            tail[block] = _tail(flat[block], n_nodes)
    return tail.reshape(u.shape)


def _tail(u: np.ndarray, n_nodes: int) -> np.ndarray:
    # tan t = sinh y makes the integrand smooth and doubly exponentially small, where the
    # trapezoidal rule converges exponentially; past `reach` it is below 1e-20 of its start.
    reach = np.minimum(46.0, np.arccosh(1 + 46.0 / np.maximum(u, 1e-300)))
    y = reach * np.linspace(0, 1, n_nodes)[:, None]  # (n_nodes, N)
    cosh = np.cosh(y)
    values = np.exp(-u * (cosh - 1)) / cosh
    integral = (values.sum(axis=0) - 0.5 * (values[0] + values[-1])) * reach / (n_nodes - 1)
    return np.exp(-u) * integral / np.pi


def component_tail(z: npt.ArrayLike, dim: int, law: Law = "normal") -> np.ndarray:
    """P(component > z) for a random direction in `dim` dimensions, by the normal or the exact law.

    The exact law of a component z is (z + 1) / 2 ~ Beta((K - 1) / 2, (K - 1) / 2).
    """
    expect_one_of("law", law, ("normal", "sphere"))
    expect_whole("dim", dim, 2 if law == "sphere" else 1)
    z = np.asarray(z, dtype=np.float64)
    if law == "normal":
        return scipy.special.ndtr(-z * np.sqrt(dim))
    half = (dim - 1) / 2
    return scipy.special.betainc(half, half, np.clip((1 - z) / 2, 0, 1))


def component_p(
    values: npt.ArrayLike, dim: int, alternative: Alternative = "greater"
) -> np.ndarray:
    """The p-value of each component of a word's vector of length 1.

    Args:
        alternative: `greater` asks for large positive values; `two-sided` for large ones of either
            sign, at twice the price; `size` is the paper's tail of |z|, which does not pay it.
    """
    return _p(values, lambda z: component_tail(z, dim), alternative)


def product_p(values: npt.ArrayLike, dim: int, alternative: Alternative = "greater") -> np.ndarray:
    """The p-value of each product of the components of two words' vectors of length 1."""
    return _p(values, lambda x: product_tail(dim * x), alternative)


def _p(values: npt.ArrayLike, tail, alternative: Alternative) -> np.ndarray:
    expect_one_of("alternative", alternative, get_args(Alternative))
    values = np.asarray(values, dtype=np.float64)
    above = tail(np.abs(values))
    if alternative == "greater":
        return np.where(values >= 0, above, 1 - above)
    return np.minimum(1, 2 * above) if alternative == "two-sided" else above


def adjust(p: npt.ArrayLike, method: Method = "bonferroni") -> np.ndarray:
    """The p-values (K,), or each row of (N, K), adjusted for being K tests at once.

    Args:
        method: `bonferroni` and `holm` bound the chance of one false axis, `bh` (Benjamini and
            Hochberg) the share of false ones among the chosen; `none` leaves them as they are.

    >>> adjust(np.array([0.01, 0.04, 0.03]), "holm").round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p, dtype=np.float64)
    for end in (p.min(initial=0), p.max(initial=0)):
        expect_between("p", float(end), 0, 1, "give p-values")
    expect_one_of("method", method, get_args(Method))
    if method == "bh":
        return scipy.stats.false_discovery_control(p, axis=-1)
    if method == "bonferroni":
        return np.minimum(1, p.shape[-1] * p)
    return np.apply_along_axis(holm, -1, p) if method == "holm" else p


def threshold(
    dim: int, law: Law = "normal", alpha: float = 0.05, n_tests: int | None = None
) -> float:
    """The value above which p is less than alpha / n_tests; n_tests is `dim` unless given."""
    n_tests = dim if n_tests is None else n_tests
    expect_whole("n_tests", n_tests, 1)
    level = alpha / n_tests
    expect_between("alpha / n_tests", level, 1e-300, 0.4999, "give a smaller alpha, above 0")

    def excess(x: float) -> float:
        tail = product_tail(dim * x) if law == "product" else component_tail(x, dim, law)
        return float(np.log(tail + np.finfo(float).tiny) - np.log(level))

    return float(scipy.optimize.brentq(excess, 0.0, 1.0 if law == "sphere" else 700 / dim))


def density(x: npt.ArrayLike, dim: int, law: Law) -> np.ndarray:
    """The density of a component (`normal`, `sphere`) or of a `product` of two, inf at 0."""
    x = np.asarray(x, dtype=np.float64)
    if law == "product":
        return dim / np.pi * scipy.special.k0(dim * np.abs(x))
    if law == "sphere":
        return scipy.stats.beta.pdf((x + 1) / 2, (dim - 1) / 2, (dim - 1) / 2) / 2
    return scipy.stats.norm.pdf(x, scale=dim**-0.5)


def false_axes(
    dim: int,
    *,
    kind: Literal["component", "product"] = "component",
    alternative: Alternative = "greater",
    method: Method = "bonferroni",
    alpha: float = 0.05,
    n_draws: int = 2000,
    seed: int = 0,
) -> float:
    """How often random directions show one significant axis or more: the family-wise error."""
    values, above = _random_tail(dim, kind, n_draws, seed)
    p = _p(values, lambda _: above, alternative)
    return float((adjust(p, method) < alpha).any(axis=1).mean())


@functools.lru_cache(maxsize=1)
def _random_tail(dim: int, kind: str, n_draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What random directions show on each axis (n_draws, dim), and its tail by size."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(2, n_draws, dim))
    values, others = drawn / np.linalg.norm(drawn, axis=2, keepdims=True)
    if kind == "component":
        return values, component_tail(np.abs(values), dim)
    return values * others, product_tail(dim * np.abs(values * others))
