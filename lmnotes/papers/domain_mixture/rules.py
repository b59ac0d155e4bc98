"""From scores of domains to a mixture of them: rules on the simplex, as pure functions of arrays.

Kishino, Shiomi, Yamagiwa, Oyama and Shimodaira, "Domain Mixture Design via Log-Likelihood
Differences for Aligning Language Models with a Target Model", arXiv 2603.16622. Its equations could
not be read; those here are derived from its abstract, and named in words. K domains, N texts; `w`
is a point of the simplex: K shares, none negative, that sum to one.
"""

import numpy as np
from scipy.optimize import nnls

from lmnotes.errors import InputError, expect_finite, expect_shape
from lmnotes.models.zoo.mixtures import uniform


def softmax(scores: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """w_a proportional to exp(score_a / T), (K,): the entropic rule.

    Args:
        scores: (K,), for example mean log-likelihood differences in nats per byte.
        temperature: in the unit of the scores, above 0; infinity gives equal shares.

    It is the maximiser of sum_a w_a score_a - T KL(w || u) over the simplex, u equal shares.

    >>> softmax([0.0, np.log(3.0)]).round(12).tolist()
    [0.25, 0.75]
    """
    scores = _vector(scores, "scores")
    if not temperature > 0:
        given = f"temperature {temperature} was given; expected a number above 0"
        raise InputError(f"{given}: raise it, the leading domain is the limit of 0")
    exponents = scores / temperature
    weights = np.exp(exponents - exponents.max())
    return weights / weights.sum()


def text_softmax(
    values: np.ndarray, which: np.ndarray, n_domains: int, temperature: float
) -> np.ndarray:
    """w_a proportional to the mean over a domain's texts of exp(b_s / T), (K,): aggregated LLD.

    Args:
        values: (N,) log-likelihood differences b_s, in nats per byte, as is the temperature.
        which: (N,) number of each text's domain, 0..K-1.

    The mean, not the sum, so that a domain with more design texts has no more weight for it. At
    T = 1 nat per text these are importance weights p_T(x) / p_0(x).

    >>> text_softmax(np.log([1.0, 3.0, 2.0]), np.array([0, 0, 1]), 2, 1.0).tolist()
    [0.5, 0.5]
    """
    weights = domain_means(softmax(values, temperature), which, n_domains)
    return weights / weights.sum()


def domain_means(values: np.ndarray, which: np.ndarray, n_domains: int) -> np.ndarray:
    """The mean of the values of each domain's texts, (K,).

    Raises InputError where a domain has no text.

    >>> domain_means([1.0, 2.0, 5.0], np.array([0, 0, 1]), 2).tolist()
    [1.5, 5.0]
    """
    counts = np.bincount(which, minlength=n_domains)
    if len(counts) > n_domains or not counts.all():
        given = f"the {n_domains} domains have {counts.tolist()} texts"
        then = "draw design texts from all domains that are mixed"
        raise InputError(f"{given}; expected one at least of each, and no other domain: {then}")
    return np.bincount(which, weights=values, minlength=n_domains) / counts


def cone(changes: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """The mixture whose change points most nearly to the target, (K,): the cosine rule.

    Args:
        changes: (N, K) change of each text's log-likelihood by an update on each domain.
        direction: (N,) log-likelihoods of the target less those of the base; both are centred here.

    argmax_w cos(H changes w, H direction), found as u* = argmin_{u >= 0} ||H changes u - H d||^2
    and w = u* / sum(u*), for the best direction in a cone is that of the projection onto it. Where
    no domain helps, u* is 0 and the weights are uniform.

    >>> cone(np.array([[1.0, 0], [0, 1], [0, 0]]), [0.6, 0.2, 0.0]).round(9).tolist()
    [0.75, 0.25]
    """
    changes, direction = _centred(changes, direction)
    scale = np.linalg.norm(changes, axis=0).max() or 1.0  # nnls stops by absolute sizes
    weights, _ = nnls(changes / scale, direction / (np.linalg.norm(direction) or 1.0))
    return weights / weights.sum() if weights.sum() > 0 else uniform(changes.shape[1])


def least_squares(changes: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """argmin over the simplex of ||H changes w - H direction||^2, (K,): a mixture of known length.

    Args:
        changes: (N, K), of the same budget as led to the target. direction: (N,).

    Unlike `cone` it uses how far the target is. As sum(w) = 1, what is squared is ||C w||^2 with
    C = H (changes - direction), and for u = t w the least of ||C u||^2 + (sum(u) - 1)^2 over t is
    f / (1 + f), which grows with f = ||C w||^2: non-negative least squares in u finds the same w.

    >>> least_squares(np.array([[1.0, 0], [0, 1], [0, 0]]), [0.75, 0.25, 0.0]).round(9).tolist()
    [0.75, 0.25]
    """
    changes, direction = _centred(changes, direction)
    rest = changes - direction[:, None]
    rest = rest / (np.linalg.norm(rest, axis=0).max() or 1.0)
    wanted = np.append(np.zeros(len(rest)), 1.0)
    weights, _ = nnls(np.vstack([rest, np.ones(rest.shape[1])]), wanted)
    return weights / weights.sum()


def random(n_domains: int, seed: int) -> np.ndarray:
    """Shares drawn from Dirichlet(1), every mixture being as likely as any other, (K,)."""
    return np.random.default_rng(seed).dirichlet(np.ones(n_domains))


def _vector(values, what: str) -> np.ndarray:
    values = np.asarray(values, np.float64)
    expect_shape(what, values, "(n,)", "give one number each")
    expect_finite(what, values, "leave out what could not be scored")
    return values


def _centred(changes, direction) -> tuple[np.ndarray, np.ndarray]:
    """Both less their means over the texts: a common offset is no direction of the map."""
    changes, direction = np.asarray(changes, np.float64), _vector(direction, "differences")
    then = "score the same texts before and after, with a column per domain"
    expect_shape("changes", changes, f"({len(direction)}, K)", then)
    expect_finite("changes", changes, then)
    return changes - changes.mean(axis=0), direction - direction.mean()
