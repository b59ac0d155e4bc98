"""The rotation that makes white data least Gaussian: L-BFGS on the orthogonal group.

After Ablin, Cardoso and Gramfort, *Faster ICA under orthogonal constraint*, 2018 (Picard-O), with
six changes. It begins with FastICA's own steps: where all rows are about equally long, a random
rotation's axes look Gaussian or flatter, and a descent by slopes stays there, while the fixed point
leaps away. All axes are made sharp before one may be flat: a quarter of them stayed flat otherwise,
on vectors of about equal length. Early steps look at a part of the rows. The line search follows
the slope, which comes with the gradient, so that the contrast itself is never summed. The curvature
of a pair of axes is the exact one, with E[g'(y_i) y_j^2]: words far from the origin are far on many
axes, so that with E[g'(y_i)], as for independent columns, it would be twice as much. A step is
Cayley's instead of the exponential, which it equals to second order. Letters: Z white data (V, K),
R rotation (K, K), Y = Z R, g the contrast's derivative, C = E[g(Y)' Y], A a skew-symmetric step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from lmnotes import errors
from lmnotes.errors import InputError, expect_finite, expect_one_of, expect_shape, expect_weights

if TYPE_CHECKING:
    import torch

LEAPS = 15  # steps of FastICA at the beginning
MEMORY = 15  # pairs of steps and gradient differences
REFRESH = 10  # steps from one look at the curvature to the next, which costs half a gradient
REACH = 0.5  # radians that an axis turns in one step at most: beyond, slopes lead astray
FLOOR = 0.01  # smallest curvature that a step is divided by
SCATTER = 0.6  # the same over sqrt(K / V): curvatures of so few rows scatter by as much
PATIENCE = 500  # steps without a tenth of progress, after which it stops; saddles take hundreds
ROWS_PER_COLUMN = 12  # a part of the rows with fewer than this says too little about the whole


@dataclass(frozen=True, repr=False)
class Solution(errors.Shown):
    """A rotation (K, K) and how far it came.

    Args:
        gradient_norm: largest |entry| of `gradient` at the rotation, over all rows, in float64.
        n_iterations: steps over all rows. n_part_steps: steps over a part of them.
        history: (n_iterations,) the gradient norm before each step over all rows.
    """

    rotation: np.ndarray
    gradient_norm: float
    n_iterations: int
    n_part_steps: int
    limit: float
    history: list[float] = field(repr=False)

    @property
    def converged(self) -> bool:
        """Whether the gradient norm came down to the limit."""
        return self.gradient_norm <= self.limit


def gradient(
    white: np.ndarray,
    rotation: np.ndarray,
    weights: np.ndarray | None = None,
    contrast: str = "logcosh",
) -> np.ndarray:
    """The skew-symmetric gradient (K, K) at a rotation, in float64: zero at every ICA solution.

    Entry (i, j) is half of s_i E[g(y_i) y_j] - s_j E[g(y_j) y_i], where s_i is 1 for a component
    that the contrast finds sharper than a Gaussian and -1 for a flatter one. Its largest absolute
    value is the gradient norm of Picard and of our benchmark.

    >>> gradient(np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]]), np.eye(2)).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    data = Moments(white, weights, contrast, "float64", "cpu")
    moments, slope, _ = data.under(data.tensor(rotation))
    return skew(moments, signs_of(moments, slope)).numpy()


def solve(
    white: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    contrast: str = "logcosh",
    signs: float | None = None,
    start: np.ndarray | None = None,
    seed: int = 0,
    tolerance: float = 1e-4,
    max_iterations: int = 500,
    device: str | None = None,
) -> Solution:
    """The rotation of white data (V, K) whose columns Z R are least Gaussian, from a random start.

    Args:
        weights: (V,) of the rows; None for equal ones. Z has to be white under them.
        contrast: "logcosh" (g = tanh) or "cube" (g = u^3).
        signs: None lets every component be sharper or flatter than a Gaussian, as FastICA does; -1
            with "cube" maximises the sum of fourth moments, which is Varimax on white data.
        start: (K, K) rotation to begin with, instead of the seed's.
        tolerance: for the gradient norm over all rows.
        max_iterations: steps over all rows.
        device: of torch; None takes a GPU where there is one.

    It works in float32 and goes on in float64 where float32 cannot tell the gradient any more. Word
    vectors have many optima with flat saddles between them: the gradient norm falls and rises again
    on the way, and the optimum at the end depends on the start.
    """
    import torch

    expect_one_of("contrast", contrast, CONTRASTS)
    expect_shape("white data", white, "(V, K)", "whiten them with whitening.whiten")
    expect_finite("white data", white)
    if len(white) < white.shape[1]:
        raise InputError(f"white data of shape {white.shape}: expected (V, K) with V >= K")
    weights = None if weights is None else expect_weights("weights", weights, len(white))
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    n_rows, k = white.shape
    rotation = torch.from_numpy(random_rotation(k, seed) if start is None else start).double()
    sharp = 1.0 if contrast == "logcosh" else -1.0  # a spike has a small E log cosh, a large E u^4
    search = _Search(rotation.to(device), sharp if signs is None and start is None else signs)
    order = np.random.default_rng(seed).permutation(n_rows)
    part = np.inf
    for share in (8, 3):
        if n_rows // share >= max(ROWS_PER_COLUMN * k, BLOCK) and start is None:
            rows = order[: n_rows // share]
            some = None if weights is None else weights[rows]
            data = Moments(white[rows], some, contrast, "float32", device)
            search.leap(data, LEAPS if not search.history else 0)
            # the rest of the way is the part's own noise, which the whole does not share
            part = max(tolerance, 0.5 / np.sqrt(len(rows)))
            search.descend(data, part, 60)
    n_part_steps, search.history = len(search.history), []
    data = Moments(white, weights, contrast, "float32", device)
    if not n_part_steps and start is None:
        search.leap(data, min(LEAPS, max_iterations))
        rough = max(tolerance, 0.5 / np.sqrt(n_rows))
        search.descend(data, rough, min(60, max_iterations - len(search.history)))
    search.fixed = signs  # sharp axes first: a descent by slopes seldom leaves flat ones
    search.descend(data, tolerance, max_iterations - len(search.history))
    exact = Moments(white, weights, contrast, "float64", device)
    search.descend(exact, tolerance, max_iterations - len(search.history))
    rotation, steps = search.rotation.cpu().numpy(), search.history
    return Solution(rotation, search.norm, len(steps), n_part_steps, tolerance, steps)


def random_rotation(k: int, seed: int) -> np.ndarray:
    """A rotation or reflection (K, K) drawn uniformly.

    >>> rotation = random_rotation(3, seed=0)
    >>> np.allclose(rotation.T @ rotation, np.eye(3))
    True
    """
    q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((k, k)))
    return q * np.sign(np.diag(r))


class _Search:
    """A rotation on its way down, with what it remembers of the landscape."""

    def __init__(self, rotation, signs):
        self.rotation, self.fixed = rotation, signs
        self.history, self.norm, self.signs = [], np.inf, None
        self.steps, self.differences = [], []
        self.crossed, self.age, self.floor = None, 0, FLOOR

    def leap(self, data, n_steps: int) -> None:
        """Steps of FastICA's fixed point: R <- the rotation nearest to R (C' - E[g'(Y)])."""
        import torch

        for _ in range(n_steps):
            moments, slope, _ = data.under(self.rotation)
            signs = signs_of(moments, slope) if self.fixed is None else self.fixed
            self.norm = float(skew(moments, slope * 0 + signs).abs().max())
            self.history.append(self.norm)
            u, _, v = torch.linalg.svd(self.rotation @ (moments.T - slope.diag()))
            self.rotation = u @ v

    def descend(self, data, tolerance: float, max_iterations: int) -> None:
        """Steps until the gradient norm is within tolerance, lost in rounding, or time is up."""
        self.floor = max(FLOOR, SCATTER * (len(self.rotation) / len(data.rows)) ** 0.5)
        self._look(*data.under(self.rotation, curved=True))
        lost = 4 * data.eps  # a mean of many products is known better than one of them
        best, since = self.norm, 0
        for _ in range(max_iterations):
            is_lost = self.norm < lost and data.eps > 1e-10
            if self.norm <= tolerance or since > PATIENCE or is_lost:
                break
            self.history.append(self.norm)
            self._step(data)
            best, since = (self.norm, 0) if self.norm < 0.9 * best else (best, since + 1)

    def _look(self, moments, slope, crossed) -> None:
        """Gradient, curvature and signs at the present rotation."""
        signs = signs_of(moments, slope)
        if self.fixed is not None:
            signs = 0 * signs + self.fixed
        if self.signs is None or (signs != self.signs).any():
            self.steps, self.differences = [], []  # they belong to another function
        self.signs = signs
        self.gradient = skew(moments, signs)
        self.crossed, self.age = (self.crossed, self.age + 1) if crossed is None else (crossed, 0)
        half = signs[:, None] * (self.crossed - moments.diagonal()[:, None]) / 2
        self.curvature = (half + half.T).clamp(min=self.floor).float()
        self.norm = float(self.gradient.abs().max())

    def _direction(self):
        """Minus the gradient times the inverse Hessian that L-BFGS knows of, by two loops."""
        q, saved = self.gradient.float().flatten(), []
        for step, difference in zip(reversed(self.steps), reversed(self.differences), strict=True):
            scale = 1 / float(step.dot(difference))
            weight = scale * float(step.dot(q))
            q.add_(difference, alpha=-weight)
            saved.append((step, difference, scale, weight))
        q /= self.curvature.flatten()
        for step, difference, scale, weight in reversed(saved):
            q.add_(step, alpha=weight - scale * float(difference.dot(q)))
        return -q.view_as(self.gradient).double()

    def _step(self, data) -> None:
        """One step along the direction, shortened until the slope there is no longer steeply up."""
        direction = self._direction()
        slope = float((direction * self.gradient).sum())
        if not slope < 0:
            self.steps, self.differences = [], []
            direction = self._direction()
            slope = float((direction * self.gradient).sum())
        length = min(1.0, REACH / float(direction.norm(dim=1).max()))
        for _ in range(8):
            turned = self.rotation @ cayley(length * direction).T
            moments = data.under(turned, curved=self.age >= REFRESH)
            new = skew(moments[0], self.signs)
            there = float((direction * new).sum())
            if there <= 0.7 * -slope:
                break
            length *= min(max(slope / (slope - there), 0.1), 0.5)
        step, difference = length * direction, new - self.gradient
        if float((step * difference).sum()) > 1e-12 * float((step * step).sum()):
            self.steps = [*self.steps[1 - MEMORY :], step.float().flatten()]
            self.differences = [*self.differences[1 - MEMORY :], difference.float().flatten()]
        self.rotation = turned
        self._look(*moments)


def cayley(skewed: "torch.Tensor") -> "torch.Tensor":
    """The rotation (1 - A/2)^-1 (1 + A/2) of a skew-symmetric A (K, K): exp(A) + O(A^3)."""
    import torch

    half, one = skewed / 2, torch.eye(len(skewed), dtype=skewed.dtype, device=skewed.device)
    return torch.linalg.solve(one - half, one + half)


CONTRASTS = ("logcosh", "cube")
BLOCK = 2048  # rows at a time: they stay in the processor's cache


class Moments:
    """White rows on a device, and the moments of their rotations."""

    def __init__(
        self, white: np.ndarray, weights: np.ndarray | None, contrast: str, dtype: str, device: str
    ):
        import torch

        self.dtype, self.device, self.contrast = getattr(torch, dtype), device, contrast
        self.rows = self.tensor(white)
        self.is_weighted = weights is not None
        shares = np.ones(len(white)) if weights is None else weights
        self.weights, self.total = self.tensor(shares), float(np.sum(shares))
        self.eps = np.finfo(dtype).eps

    def tensor(self, array: np.ndarray) -> "torch.Tensor":
        """An array as a tensor of these rows' type, on their device."""
        import torch

        return torch.as_tensor(np.ascontiguousarray(array), dtype=self.dtype, device=self.device)

    def under(self, rotation: "torch.Tensor", curved: bool = False) -> Sequence:
        """C = E[g(Y)' Y] (K, K), E[g'(Y)] (K,) and, if asked for, E[g'(Y)' Y^2] (K, K); or None."""
        import torch

        rotation, k = rotation.to(self.dtype), rotation.shape[1]
        moments, crossed, slope = (rotation.new_zeros(*s) for s in ((k, k), (k, k), (k,)))
        block = min(BLOCK if self.device == "cpu" else 64 * BLOCK, len(self.rows))
        room = rotation.new_empty(2, block, k)  # new memory for every block would cost a third
        for start in range(0, len(self.rows), block):
            rows = self.rows[start : start + block]
            weights = self.weights[start : start + block]
            y, g = room[:, : len(rows)]
            torch.mm(rows, rotation, out=y)  # (block, K)
            torch.tanh(y, out=g) if self.contrast == "logcosh" else torch.pow(y, 3, out=g)
            moments.addmm_(g.T, y * weights[:, None] if self.is_weighted else y)
            if self.contrast == "logcosh":
                g.square_().neg_().add_(1)
            else:
                torch.square(y, out=g).mul_(3)
            slope.addmv_(g.T, weights)
            if curved:
                y.square_()
                crossed.addmm_(g.T, y.mul_(weights[:, None]) if self.is_weighted else y)
        sums = (moments, slope, crossed) if curved else (moments, slope)
        means = [total.double() / self.total for total in sums]
        return means if curved else (*means, None)


def signs_of(moments: "torch.Tensor", slope: "torch.Tensor") -> "torch.Tensor":
    """1 for components sharper than a Gaussian, -1 for flatter ones (K,)."""
    curvature = slope - moments.diagonal()
    return 1.0 - 2.0 * (curvature < 0)


def skew(moments: "torch.Tensor", signs: "torch.Tensor") -> "torch.Tensor":
    """The skew-symmetric part of the signed moments (K, K)."""
    signed = signs[:, None] * moments
    return (signed - signed.T) / 2
