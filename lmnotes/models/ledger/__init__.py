"""Scores of models on one set of texts, a row each, never scored twice."""

import pkgutil

import lazy_loader

ROOMS = [room.name for room in pkgutil.iter_modules(__path__)]
HANDED_ON = {
    "ledger": ["Ledger", "open", "open_folder"],
    "released": ["read_released", "read_sealed"],
}
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ROOMS, HANDED_ON)
