"""The order of a run's work: what several notebooks need is made once and first, as jobs of their
own; the longest way to the end goes first, but for what gives the first figure.

A card's `[[shared]]` names the call that makes an artefact. Filled with the values of the
notebook's parameters it is the job; equal calls of several notebooks are one, and a call that
stands inside another is made before it.
"""

import ast
import contextlib
import copy
import importlib
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from graphlib import TopologicalSorter
from importlib.util import find_spec

from lmnotes import parallel
from lmnotes.errors import InputError
from lmnotes.notebook.card import Card

_POLL_S = 0.2


class Order:
    """Which job is next, of those whose needs are done.

    Args:
        seconds: about how long each job takes, by its name.
        needs: names of the jobs that each waits for.
        first: names of the jobs that show something soon after their start. Until one has been
            taken, the shortest way to one of them goes first; then the longest way to the end.
    """

    def __init__(
        self, seconds: Mapping[str, float], needs: Mapping[str, Iterable[str]], first: Iterable[str]
    ):
        graph = {name: set(needs.get(name, ())) for name in seconds}
        in_order = [*TopologicalSorter(graph).static_order()]
        self._sorter = TopologicalSorter(graph)
        self._sorter.prepare()
        self._ready: list[str] = []
        self._first, self._hurries = set(first), True
        self._to_end: dict[str, float] = {}
        self._to_first = dict.fromkeys(self._first, 0.0)
        for name in reversed(in_order):
            after = [other for other in seconds if name in graph[other]]
            rest = max((self._to_end[other] for other in after), default=0.0)
            self._to_end[name] = seconds[name] + rest
            if name not in self._first:
                way = min((self._to_first[other] for other in after), default=float("inf"))
                self._to_first[name] = seconds[name] + way

    def __bool__(self) -> bool:
        """Whether there is a job that is not done."""
        return self._sorter.is_active()

    def take(self) -> str | None:
        """The job to start now; None where all that are left wait for others, or none are."""
        self._ready += self._sorter.get_ready() if self else ()
        if not self._ready:
            return None

        def rank(name: str) -> tuple:
            to_end = self._to_end[name]
            return (self._to_first[name], to_end, name) if self._hurries else (-to_end, name)

        name = min(self._ready, key=rank)
        self._ready.remove(name)
        self._hurries &= name not in self._first
        return name

    def done(self, name: str) -> None:
        """Let those go on that waited for this job, however it ended."""
        self._sorter.done(name)


def shared_calls(card: Card, values: Mapping[str, object]) -> dict[str, float]:
    """The calls that a notebook shares, filled with its parameters, and the seconds of each.

    >>> from lmnotes.notebook.card import Shared
    >>> corpus = Shared("corpus", "text.load(name)", "_ in [0]", 10)
    >>> vectors = Shared("vectors", "words.train(corpus, seed=n)", "n in range(seed, seed + 2)", 60)
    >>> card = Card("01", "01_x", "X", shared=(corpus, vectors))
    >>> for call in shared_calls(card, {"name": "a", "seed": 7}):
    ...     print(call)
    text.load('a')
    words.train(text.load('a'), seed=7)
    words.train(text.load('a'), seed=8)
    """
    calls: dict[str, float] = {}
    templates: dict[str, ast.expr] = {}
    for shared in card.shared:
        try:
            templates[shared.name] = _Filled(templates).visit(_parsed(f"({shared.make})"))
            name = shared.each.partition(" in ")[0]
            for item in eval(f"[{name} for {shared.each}]", dict(values)):
                known = {**values, name: item}
                filled = {key: _parsed(repr(value)) for key, value in known.items()}
                tree = _Filled(filled).visit(copy.deepcopy(templates[shared.name]))
                calls[ast.unparse(tree)] = shared.seconds
        except Exception as error:
            given = f"{card.number}.toml [[shared]] {shared.name}: {type(error).__name__}: {error}"
            then = "a call of the notebook's parameters, and what it is made for: mend it"
            raise InputError(f"{given}; expected {then}") from error
    return calls


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


class _Filled(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, expressions: Mapping[str, ast.expr]):
        self.expressions = expressions

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.expressions.get(node.id, node)


def graph(shared: Mapping[str, Mapping[str, float]]) -> tuple[dict, dict]:
    """Seconds and needs of the calls that two notebooks or more share, by call; and of each
    notebook the calls that it needs.

    Args:
        shared: notebook -> what `shared_calls` gives for it.
    """
    uses = Counter(call for calls in shared.values() for call in calls)
    known = {call: float(s) for calls in shared.values() for call, s in calls.items()}
    seconds = {call: s for call, s in known.items() if uses[call] > 1}
    needs = {a: [b for b in seconds if b != a and b in a] for a in seconds}
    needs |= {name: [call for call in calls if call in seconds] for name, calls in shared.items()}
    return seconds, needs


def make(call: str, env: Mapping[str, str], stop: threading.Event, tick: Callable) -> str:
    """Make what a call gives, in a process of its own: "", or why it could not be.

    Meanwhile `tick` is called; an event that is set ends it as an interrupt does.
    """
    with open(os.devnull, "w") as quiet:
        how = {"stdout": subprocess.PIPE, "stderr": quiet, "text": True}
        child = parallel.popen("lmnotes.runs.order:work", call, str(os.getpid()), env=env, **how)
    try:
        while (code := child.poll()) is None:
            if stop.wait(_POLL_S):
                raise KeyboardInterrupt
            tick()
        said = child.stdout.read().strip()
        return said or (f"its process ended with code {code}" if code else "")
    finally:
        parallel.end(child)


def work() -> None:
    """Be the process of a call: print the error that it raises, or nothing."""
    call, parent = sys.argv[1:]
    parallel.end_with(int(parent))
    try:
        with contextlib.redirect_stdout(sys.stderr):
            eval(call, {name: importlib.import_module(f"lmnotes.{name}") for name in _rooms(call)})
    except Exception as error:
        print(f"{type(error).__name__}: {' '.join(str(error).split())[:600]}")


def _rooms(call: str) -> set[str]:
    """The rooms of this package that a call names."""
    names = {node.id for node in ast.walk(ast.parse(call)) if isinstance(node, ast.Name)}
    return {name for name in names if find_spec(f"lmnotes.{name}")}
