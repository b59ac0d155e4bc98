"""Independent components of word vectors: fitted, named, matched, compared."""

import pkgutil

import lazy_loader

ROOMS = [room.name for room in pkgutil.iter_modules(__path__)]
HANDED_ON = {
    "decomposition": ["fit", "fit_embedding"],
    "estimator": ["ICA"],
    "matching": ["match", "match_many", "top_words"],
    "other_axes": ["pca"],
}
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ROOMS, HANDED_ON)
