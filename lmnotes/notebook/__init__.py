"""What a cell calls: outputs, claims, exercises, views; knows no science."""

import pkgutil

import lazy_loader

ROOMS = [room.name for room in pkgutil.iter_modules(__path__)]
HANDED_ON = {
    "controls": ["typed"],
    "outputs": ["begin", "figure", "hero", "says", "table"],
    "session": ["note_input"],
    "views": ["explore"],
}
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ROOMS, HANDED_ON)
