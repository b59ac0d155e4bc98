"""Maps of models from their log-likelihoods: pure functions of arrays."""

import pkgutil

import lazy_loader

ROOMS = [room.name for room in pkgutil.iter_modules(__path__)]
HANDED_ON = {
    "coordinates": ["double_centre", "kl", "row_centre"],
    "prediction": ["ridge"],
    "projection": ["pca", "tsne"],
}
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ROOMS, HANDED_ON)
