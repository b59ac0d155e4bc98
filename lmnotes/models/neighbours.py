"""Do models stand among their own, beyond chance: neighbours of one family, domains of strength.

Each comes as a value per model, so that its mean has an interval over models.
"""

from typing import TYPE_CHECKING

import numpy as np

from lmnotes.models.maps import projection

if TYPE_CHECKING:
    from lmnotes.models.population import Population


def of_family(here: "Population", k: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Of every model that has relatives: the share of its k nearest that are of its family, and
    what chance gives."""
    n = len(here)
    apart = np.where(np.eye(n, dtype=bool), np.inf, here.kl)
    family = here.models.family.astype(str).to_numpy()
    same = projection.purity(family, np.argsort(apart, axis=1)[:, : min(k, n - 1)])
    relatives = np.array([np.sum(family == one) - 1 for one in family])
    return same[relatives > 0], relatives[relatives > 0] / (n - 1)


def of_domain(here: "Population", strongest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of every model that read mostly one domain: whether its domain of strength is that one, and
    how often a model drawn at random has that domain. Empty where no mixtures are known.

    Args:
        strongest: (M,) domain of strength of each.
    """
    if not here.is_zoo:
        return np.zeros(0), np.zeros(0)
    mixture = here.models.mixture.astype(str).to_numpy()
    heavy = np.isin(mixture, list(set(here.domains)))
    strongest = np.asarray(strongest, object)
    hit = (mixture == strongest)[heavy].astype(float)
    return hit, np.array([np.mean(strongest == one) for one in mixture[heavy]])
