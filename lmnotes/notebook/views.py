"""A view with controls: live widgets for a reader at a notebook, drawn stills for a page."""

import asyncio
import html
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lmnotes.errors import InputError, expect_one_of
from lmnotes.notebook import shown
from lmnotes.notebook.controls import controls_of

PAGE = "application/vnd.lmnotes.page+json"  # what the page of a notebook makes answer by itself
_SLOW = 0.3  # seconds; a slower drawing follows the slider only when it is let go
_REST = 0.4  # seconds that a slider stands still before the drawing is made crisp


def is_live() -> bool:
    """Whether a reader sits at this notebook, so that widgets would be answered.

    `LMNOTES_HEADLESS=1` and `LMNOTES_LIVE=1` decide. Else JupyterLab and VS Code name the cell
    (`cellId`) in each request that they send to the kernel; papermill, nbclient and nbconvert do
    not.
    """
    if os.environ.get("LMNOTES_HEADLESS") == "1":
        return False
    if os.environ.get("LMNOTES_LIVE") == "1":
        return True
    kernel = getattr(running_shell(), "kernel", None)
    if kernel is None:
        return False
    return bool((kernel.get_parent("shell") or {}).get("metadata", {}).get("cellId"))


class Explorer:
    """What `explore` returns: `set` moves the controls, `output` is what was drawn last."""

    def __init__(self, draw: Callable, controls: Mapping[str, object]):
        self._draw = draw
        self.controls = controls_of(draw, controls)
        self.widgets: dict[str, Any] = {}  # by name, when live
        self.view: Any = None  # the box that holds them over the drawing, when live
        self.area: Any = None  # the HTML widget that shows the drawing or its error, when live
        self.stills: list[tuple[dict, object]] = []  # settings and drawing of each, when headless
        self.frames: list[tuple[dict, object]] = []  # the same of what a page moves through
        self.said = ""  # what a text was taken as
        self.output: object = None
        self.error = ""
        self._holding = False
        self._shown_in: int | None = None  # of the cells, in the order they ran
        self._timer: asyncio.TimerHandle | None = None
        self._places: list = []  # of the axes of each figure

    @property
    def values(self) -> dict[str, object]:
        """The present value of every control."""
        return {name: control.value for name, control in self.controls.items()}

    def set(self, **values: object) -> None:
        """Move controls to these values and draw once.

        Raises `InputError` for a control that is not there or a value that it cannot take.
        """
        for name, value in values.items():
            expect_one_of("control", name, self.controls)
            self.controls[name].checked(value)
        for name, value in values.items():
            self._take(name, value)
        self._redraw()

    def _take(self, name: str, given: object) -> None:
        """Move a control, and its widget, without drawing; say what a text was taken as."""
        control = self.controls[name]
        control.value = shown = control.checked(given)
        if control.is_typed:
            shown = control.name_of(control.value)
            is_known = given in (control.value, shown)
            self.said = "" if is_known else f"“{given}” is taken as “{shown}”"
        if name in self.widgets:
            self._holding = True
            try:
                self.widgets[name].value = shown
            finally:
                self._holding = False

    def _redraw(self) -> None:
        """Draw at the present values; when live, an error is shown in place of the drawing."""
        if self.view is None:
            self.output = _drawn(self._draw, self.values)
            return
        try:
            self.output, self.error = _drawn(self._draw, self.values), ""
            self._steady(self.output)
            self._put(shown.SCREEN)
        except Exception:
            self.output, self.error = None, traceback.format_exc()
            self.area.value = (
                f'<pre style="color:#b00020;overflow:auto">{html.escape(self.error)}</pre>'
            )
            return
        if self._timer is not None:
            self._timer.cancel()
        try:
            self._timer = asyncio.get_running_loop().call_later(_REST, self._put)
        except RuntimeError:  # no loop, so nobody is dragging
            self._put()

    def _put(self, dpi: int = shown.CRISP) -> None:
        """Show the output under what a text was taken as."""
        said = f"<p>{html.escape(self.said)}</p>" if self.said else ""
        self.area.value = said + shown.as_html(self.output, dpi)

    def _steady(self, output: object) -> None:
        """Let the axes of the figures stand where they stood in the drawing before."""
        figures = shown.figures_of(output)
        before = self._places + [None] * len(figures)
        self._places = [shown.steady(f, old) for f, old in zip(figures, before, strict=False)]

    def _moved(self, change: dict) -> None:
        """A reader has moved a widget."""
        if not self._holding:
            name = next(name for name, widget in self.widgets.items() if widget is change["owner"])
            try:
                self._take(name, change["new"])
            except InputError as error:  # nothing is like the text: the old one stays
                self._take(name, self.controls[name].value)
                self.said = str(error)
            self._redraw_in_time()

    def _go_live(self) -> None:
        """Build the box of controls over the drawing, and draw."""
        import ipywidgets

        self.area = ipywidgets.HTML()
        self.widgets = {name: control.widget() for name, control in self.controls.items()}
        self.view = ipywidgets.VBox([*self.widgets.values(), self.area])
        self._redraw_in_time()
        names = max((len(widget.description) for widget in self.widgets.values()), default=0)
        for widget in self.widgets.values():
            if widget.style.has_trait("description_width"):  # one below the other
                widget.style.description_width = f"{0.6 * names + 0.5:.1f}em"
            widget.layout.width, widget.layout.max_width = "28rem", "100%"
            widget.observe(self._moved, names="value")

    def _redraw_in_time(self) -> None:
        """Draw, and let sliders redraw while they move if that was quick enough."""
        start = time.perf_counter()
        self._redraw()
        quick = time.perf_counter() - start <= _SLOW
        for name, widget in self.widgets.items():
            if self.controls[name].low is not None:
                widget.continuous_update = quick

    def _ipython_display_(self) -> None:
        shell = running_shell()
        if shell is not None and self._shown_in != shell.execution_count:
            self._show()  # not in the cell that made it, which has shown it

    def _show(self) -> None:
        shell = running_shell()
        if shell is None:
            return
        from IPython.display import HTML, display

        self._shown_in = shell.execution_count
        if self.view is not None:
            display(self.view)
        stills = [self._captioned(*still) for still in self.stills]
        if not self.frames:
            for still in stills:
                display(HTML(still))
            return
        shows = "".join(stills)
        display({"text/html": shows, PAGE: self._frames()}, raw=True)

    def _captioned(self, values: dict, output: object, dpi: int = shown.CRISP) -> str:
        """A drawing over its settings, as HTML."""
        named = {
            name.replace("_", " "): self.controls[name].name_of(values[name]) for name in values
        }
        settings = html.escape(", ".join(f"{name} = {value}" for name, value in named.items()))
        caption = f"<figcaption><small>{settings}</small></figcaption>"
        return f"<figure>{shown.as_html(output, dpi)}{caption}</figure>"

    def _frames(self) -> dict:
        """What a page needs to move the view: the control, its values, and the HTML of each."""
        for _ in range(2):  # the first time to find places that suit all
            for _, output in self.frames:
                self._steady(output)
        first, last = self.frames[0][0], self.frames[-1][0]
        control = self.controls[next(name for name in first if first[name] != last[name])]
        return {
            "control": control.name.replace("_", " "),
            "values": [control.name_of(values[control.name]) for values, _ in self.frames],
            "frames": [self._captioned(*frame, shown.SCREEN) for frame in self.frames],
        }


def explore(
    draw: Callable,
    stills: Sequence[Mapping[str, object]] = (),
    frames: str | None = None,
    **controls: object,
) -> Explorer:
    """A view of `draw(**values)`: sliders and menus when live, drawn stills when headless.

    Args:
        draw: returns a matplotlib figure, a DataFrame or a text for the values of the controls; its
            own defaults are where the controls start.
        stills: settings to draw when headless; the defaults alone where there are none.
        frames: a control that the page of the executed notebook moves by itself, through at most
            twelve of its values, the others at their defaults.
        controls: by name, a range `(low, high)` or `(low, high, step)`, a list of choices, a dict
            of named ones, True or False, a text, or `typed(choices)`.

    An error inside `draw` is shown in place of the drawing when live, and raised when headless.

    >>> view = explore(lambda n: "x" * n, n=(1, 9))
    >>> view.set(n=3)
    >>> view.output
    'xxx'
    """
    explorer = Explorer(draw, controls)
    moves: list[dict[str, object]] = []
    if frames is not None:
        expect_one_of("control", frames, explorer.controls)
        moves = [{frames: value} for value in explorer.controls[frames].spread()]
    if is_live():
        explorer._go_live()
    else:
        defaults = explorer.values
        for still in stills or [{}]:  # an error ends the run
            explorer.set(**(defaults | dict(still)))
            explorer.stills.append((explorer.values, explorer.output))
        for move in moves if len(moves) > 1 else ():
            explorer.set(**(defaults | move))
            explorer.frames.append((explorer.values, explorer.output))
    explorer._show()
    return explorer


def running_shell() -> Any:
    """The IPython shell of this process, or None."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return get_ipython()


def show_markdown(text: str) -> None:
    """Show a text as markdown in the notebook that runs this, if one does."""
    if text and running_shell() is not None:
        from IPython.display import Markdown, display

        display(Markdown(text))


def _drawn(draw: Callable, values: dict) -> object:
    """What `draw` returns, with its figures closed so that the notebook shows them once."""
    output = draw(**values)
    for figure in shown.figures_of(output):
        from matplotlib import pyplot

        pyplot.close(figure)
    return output
