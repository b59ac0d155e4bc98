"""The controls of a view: what each may take, written as ipywidgets abbreviates them."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lmnotes.errors import InputError


@dataclass
class Control:
    """One control: what it may take, and its present value."""

    name: str
    value: object
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: Mapping[str, object] | None = None

    def checked(self, value: object) -> object:
        """The value, if the control can take it.

        >>> Control("n", 5, low=1, high=9).checked(3)
        3
        """
        if self.choices is not None:
            fits, expected = value in self.choices.values(), f"one of {list(self.choices.values())}"
        elif self.low is not None:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            fits = number and self.low <= value <= self.high
            fits = fits and (isinstance(self.value, float) or value == int(value))
            expected = f"{self.low}..{self.high}"
        else:
            fits, expected = type(value) is type(self.value), type(self.value).__name__
        if not fits:
            given = f"control {self.name!r} was set to {value!r}"
            raise InputError(f"{given}; expected {expected}: choose from it")
        return value

    def widget(self):
        """The ipywidgets widget of this control."""
        import ipywidgets

        look = {"description": self.name.replace("_", " ")}
        look["style"] = {"description_width": "initial"}
        if self.choices is not None:
            return ipywidgets.Dropdown(options=list(self.choices.items()), value=self.value, **look)
        if self.low is not None:
            kind = ipywidgets.FloatSlider if isinstance(self.value, float) else ipywidgets.IntSlider
            ends = {"min": self.low, "max": self.high, "step": self.step}
            return kind(value=self.value, **ends, **look)
        if isinstance(self.value, bool):
            return ipywidgets.Checkbox(value=self.value, indent=False, **look)
        return ipywidgets.Text(value=self.value, continuous_update=False, **look)


def controls_of(draw: Callable, given: Mapping[str, object]) -> dict[str, Control]:
    """The controls that abbreviations stand for, each at the default of `draw` where it has one."""
    parameters = inspect.signature(draw).parameters.items()
    defaults = {name: p.default for name, p in parameters if p.default is not p.empty}
    made = {}
    for name, value in given.items():
        made[name] = control = _control(name, value)
        if name in defaults:
            control.value = type(control.value)(control.checked(defaults[name]))
    return made


def _control(name: str, given: object) -> Control:
    """The control that one abbreviation stands for."""
    if isinstance(given, bool | str):
        return Control(name, given)
    if isinstance(given, Mapping) and given:
        return Control(name, next(iter(given.values())), choices=dict(given))
    if isinstance(given, list) and given:
        return Control(name, given[0], choices={str(choice): choice for choice in given})
    if isinstance(given, tuple) and len(given) in (2, 3):
        numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in given)
        if numbers and given[0] < given[1]:
            whole = all(isinstance(end, int) for end in given)
            low, high, step = (*given, 1 if whole else (given[1] - given[0]) / 100)[:3]
            steps = (high - low) // (2 * step)
            middle = low + steps * step if whole else (low + high) / 2
            return Control(name, middle, low, high, step)
    wanted = (
        "(low, high), (low, high, step), a list of choices, a dict of named ones, a bool or text"
    )
    raise InputError(f"control {name!r} was given {given!r}; expected {wanted}: write one of these")
