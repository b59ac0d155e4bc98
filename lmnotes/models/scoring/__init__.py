"""Exact log-likelihoods of texts under any causal language model."""

import pkgutil

import lazy_loader

ROOMS = [room.name for room in pkgutil.iter_modules(__path__)]
HANDED_ON = {
    "loading": ["Scorer", "load"],
    "rule": ["PUBLISHED", "Rule"],
    "score": ["Scores", "score_texts"],
}
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ROOMS, HANDED_ON)
