"""The controls of a view: what each may take, written as ipywidgets abbreviates them."""

import difflib
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lmnotes.errors import InputError

if TYPE_CHECKING:
    import ipywidgets

_FRAMES, _SUGGESTED = 12, 500  # most frames of a page; most choices offered while typing


@dataclass
class Control:
    """One control: what it may take, and its present value."""

    name: str
    value: Any  # what the drawing takes
    low: float | None = None  # where it is a range
    high: float = math.inf
    step: float = 1
    choices: dict[str, object] = field(default_factory=dict)
    is_typed: bool = False

    def checked(self, value: object) -> object:
        """The value, if the control can take it; of typed text, the choice nearest to it.

        >>> Control("n", 5, low=1, high=9).checked(3)
        3
        """
        if self.is_typed:
            return self._nearest(value)
        if self.choices:
            fits, expected = value in self.choices.values(), f"one of {list(self.choices.values())}"
        elif self.low is not None:
            fits = (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and self.low <= value <= self.high
                and (isinstance(self.value, float) or value == int(value))
            )
            expected = f"{self.low}..{self.high}"
        else:
            fits, expected = type(value) is type(self.value), type(self.value).__name__
        if not fits:
            given = f"control {self.name!r} was set to {value!r}"
            raise InputError(f"{given}; expected {expected}: choose from it")
        return value

    def _nearest(self, given: object) -> object:
        """The choice that is meant: by value, name, case, beginning, or likeness, in this order."""
        if given in self.choices.values():
            return given
        text = str(given).strip()
        folded, low = {name.casefold(): name for name in reversed(self.choices)}, text.casefold()
        begun = [name for name in self.choices if low and name.casefold().startswith(low)]
        like = [folded[name] for name in difflib.get_close_matches(low, folded, n=1)]
        meant = (
            [name for name in (text, folded.get(low, text)) if name in self.choices] + begun + like
        )
        if not meant:
            wanted = f"one of {len(self.choices):,} choices such as {next(iter(self.choices))!r}"
            given = f"{text!r} was typed for {self.name!r}"
            raise InputError(f"{given}; expected {wanted}: try another")
        return self.choices[meant[0]]

    def name_of(self, value: object) -> str:
        """What a value is called."""
        named = self.choices.items()
        return next((name for name, choice in named if choice == value), str(value))

    def spread(self) -> list:
        """At most twelve values from end to end, as the frames of a page show them."""
        values = list(self.choices.values())
        if isinstance(self.value, bool):
            values = [False, True]
        elif self.low is not None:
            steps = range(int((self.high - self.low) / self.step + 1e-9) + 1)
            numbers = [self.low + step * self.step for step in steps]
            values = [round(n, 10) if isinstance(self.value, float) else n for n in numbers]
        if self.is_typed or not values:
            given = f"frames={self.name!r} was given, a control that is typed"
            raise InputError(f"{given}; expected a range or a list: name another control")
        n = min(_FRAMES, len(values))
        return [values[round(i * (len(values) - 1) / max(n - 1, 1))] for i in range(n)]

    def widget(self) -> "ipywidgets.Widget":
        """The ipywidgets widget of this control."""
        import ipywidgets

        style = {"description_width": "initial"}
        look = {"description": self.name.replace("_", " "), "style": style}
        if self.is_typed:
            offered = [*self.choices][:_SUGGESTED]
            text = {"value": self.name_of(self.value), "continuous_update": False}
            return ipywidgets.Combobox(options=offered, ensure_option=False, **text, **look)
        if self.choices:
            return ipywidgets.Dropdown(options=list(self.choices.items()), value=self.value, **look)
        if self.low is not None:
            kind = ipywidgets.FloatSlider if isinstance(self.value, float) else ipywidgets.IntSlider
            ends = {"min": self.low, "max": self.high, "step": self.step}
            return kind(value=self.value, **ends, **look)
        if isinstance(self.value, bool):
            return ipywidgets.Checkbox(value=self.value, indent=False, **look)
        return ipywidgets.Text(value=self.value, continuous_update=False, **look)


def typed(choices: Iterable[object] | Mapping[str, object], value: object = None) -> Control:
    """A control that is typed, not chosen: a word among thousands, taken as the nearest known.

    Args:
        choices: all that may be typed, or a dict of names for them.
        value: where the control starts, unless `draw` has a default; without it the first choice.
    """
    named = choices if isinstance(choices, Mapping) else {str(choice): choice for choice in choices}
    if not named:
        raise InputError("a typed control was given no choices; expected one or more: pass some")
    first = next(iter(named.values())) if value is None else value
    return Control("", first, choices=dict(named), is_typed=True)


def controls_of(draw: Callable, given: Mapping[str, object]) -> dict[str, Control]:
    """The controls that abbreviations stand for, each at the default of `draw` where it has one."""
    parameters = inspect.signature(draw).parameters.items()
    defaults = {name: p.default for name, p in parameters if p.default is not p.empty}
    made = {}
    for name, value in given.items():
        made[name] = control = _control(name, value)
        if name in defaults:
            value = control.checked(defaults[name])
            control.value = value if control.is_typed else type(control.value)(value)
    return made


def _control(name: str, given: object) -> Control:
    """The control that one abbreviation stands for."""
    if isinstance(given, Control):
        return replace(given, name=name, value=given.checked(given.value))
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
