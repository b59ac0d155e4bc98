"""Relations by analogy: tasks, mean differences, predictions, ranks."""

import pkgutil

import lazy_loader

ROOMS = [room.name for room in pkgutil.iter_modules(__path__)]
HANDED_ON = {
    "prediction": ["answer", "predict"],
    "relations": ["RelationSet"],
    "tasks": ["build"],
    "vectors": ["estimate"],
}
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ROOMS, HANDED_ON)
