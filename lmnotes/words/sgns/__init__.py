"""Skip-gram with negative sampling: its training and its objective."""

import pkgutil

import lazy_loader

ROOMS = [room.name for room in pkgutil.iter_modules(__path__)]
HANDED_ON = {"skipgram": ["checkpoint", "train"]}
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ROOMS, HANDED_ON)
