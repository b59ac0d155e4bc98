"""What is said of a long job: a bar on a terminal, elsewhere a line for every step and 20 seconds;
more or less of it within `speaking`."""

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_EVERY_S = 20.0  # seconds of silence, at most
_level = 0  # of this process: -1 where only failures are said, 1 where more is


@contextmanager
def speaking(level: int) -> Iterator[None]:
    """Inside, only what failed is said at -1, what is usual at 0, and more at 1."""
    global _level
    before, _level = _level, level
    try:
        yield
    finally:
        _level = before


def says(level: int) -> bool:
    """Whether what belongs to a level is said now."""
    return _level >= level


def say(message: str, level: int = 0) -> None:
    """Print a message of a level, where that is said."""
    if says(level):
        print(message, file=sys.stdout, flush=True)


class Progress:
    """Says where a job is, on a terminal by a bar, else by lines; to be used as a context.

    Args:
        title: what goes on, such as `06 laptop`.
        unit: what is counted.
        seconds: how long all of it took last time, or is expected to; None where nobody knows.
        basis: where that number is from.

    Whoever waits for the job calls `step` when it comes to something new, and `tick` about once a
    second meanwhile.

    >>> with Progress("zoo", seconds=60, basis="last time") as progress:
    ...     progress.step("12 models")
    zoo: 12 models, 0 s, about 60 s left (as last time)
    """

    def __init__(
        self, title: str, unit: str = "cell", seconds: float | None = None, basis: str = ""
    ):
        from tqdm import tqdm

        self.title, self.left, self.basis = title, seconds, basis
        self.text, self.count = "", ""
        self.start = self.stepped = self.told = time.monotonic()
        # a terminal may say that it has no columns: there would be no bar then
        size = {"ncols": shutil.get_terminal_size().columns, "nrows": 20}
        silent = None if says(0) else True  # None: where there is no terminal
        self.bar = tqdm(desc=title, unit=unit, disable=silent, leave=False, **size)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def step(
        self, text: str, at: int = 0, n: int = 0, detail: str = "", left: float | None = None
    ) -> None:
        """Come to a step.

        Args:
            text: what it is called; a line is written where it is another one.
            at: its number, of `n`.
            detail: what the bar says in its place.
            left: seconds from its beginning to the end of all.
        """
        if left is not None:
            self.left, self.stepped = left, time.monotonic()
        is_new, self.text, self.count = text != self.text, text, f" ({at} of {n})" if n else ""
        if not self.bar.disable:
            self.bar.total, self.bar.n = n or None, at
            self.bar.set_postfix_str((detail or text)[:50])
        elif is_new:
            self._tell()

    def tick(self) -> None:
        """Let the clock be seen."""
        if not self.bar.disable:
            self.bar.ncols = shutil.get_terminal_size().columns
            self.bar.refresh()
        elif time.monotonic() - self.told >= _EVERY_S:
            self._tell()

    def _tell(self) -> None:
        self.told = time.monotonic()
        message = f"{self.title}: {self.text}{self.count}, {spell(self.told - self.start)}"
        if self.left is not None:
            left = self.left - (self.told - self.stepped)
            late = f"longer than {self.basis}"
            message += f", about {spell(left)} left (as {self.basis})" if left > 0 else f", {late}"
        say(message)


def spell(seconds: float) -> str:
    """Seconds, as a person says them.

    >>> spell(8.4), spell(89), spell(200), spell(7500)
    ('8 s', '89 s', '3 min 20 s', '125 min')
    """
    seconds = round(seconds)
    if seconds < 90:
        return f"{seconds} s"
    return f"{seconds // 60} min" + (f" {seconds % 60} s" if seconds < 600 else "")
