"""Many models scored, each in a process of its own."""

import pkgutil

import lazy_loader

ROOMS = [room.name for room in pkgutil.iter_modules(__path__)]
HANDED_ON = {"listing": ["listed", "scored"], "runner": ["score", "score_small"]}
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ROOMS, HANDED_ON)
