"""Why a model could not be scored: eleven kinds, and what an exception of another package means."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from lmnotes.errors import expect_one_of

_LOOK = "read its log in the ledger's folder logs, then --retry-failed"
ADVICE = {  # each kind, and what to do about it; docs/cluster.md has the same table
    # no such model, revision, folder or weights
    "missing": "name a folder or hub id with all of its weights and its tokenizer",
    # its owner must let you in first
    "gated": "ask its owner on the hub, then log in",
    # this version of transformers does not know the architecture
    "unsupported": "leave it out: it is no causal model that this installation loads",
    # it runs only with code from its own repository
    "remote_code": "lmnotes score --trust-remote-code, where you trust it",
    "network": "run again when the hub can be reached",
    "out_of_memory": "a larger device, or dtype=bfloat16",
    "killed": _LOOK,  # its process ended without a word
    "timeout": "lmnotes score --time-limit with more seconds",
    "not_a_number": "score in dtype=float32",
    # a device, a disk or a permission of the machine, whatever the model
    "machine": "mend the device, disk or permission; run again",
    "other": _LOOK,
}
KINDS = tuple(ADVICE)
# Patterns of names of classes, so that no package has to be imported for the question.
_CLASSES = {
    "gated": "GatedRepoError",
    "missing": "(Repository|Revision|Entry|File)NotFoundError|NotADirectoryError|"
    "HFValidationError|SafetensorError",
    "network": "LocalEntryNotFoundError|OfflineModeIsEnabled|Connect(ion)?Error|"
    "TransportError|Timeout(Error|Exception)?",
    "out_of_memory": "(OutOf)?MemoryError",
    "not_a_number": "FloatingPointError",
    "unsupported": "ImportError",  # a package that this architecture or tokenizer needs
}
_MESSAGES = {
    "gated": "gated repo",
    "remote_code": "trust_remote_code|contains custom code",
    "network": "couldn't connect to|could not connect|connection error|offline mode",
    "missing": "not a valid model identifier|does not appear to have a file|no file named",
    "out_of_memory": "out of memory|not enough memory|can(no|')t allocate memory",
    "machine": "cuda error(?!: device-side assert)|nvidia driver|no cuda gpus|"
    "not compiled with cuda|no space left|quota exceeded|permission denied|"
    "read-only file system|too many open files|input/output error|stale file handle",
    "unsupported": "unrecognized (model|configuration class)|does not recognize this architecture|"
    "instantiate the backend tokenizer|gguf (model|file)",
}
_BY_STATUS = {401: "gated", 403: "gated", 404: "missing", 429: "network"}


def told(kinds: Iterable[str]) -> str:
    """A line for each kind of failure among the kinds: what to do."""
    return "".join(f"{kind}: {then}\n" for kind, then in ADVICE.items() if kind in set(kinds))


class ScoringFailure(Exception):
    """A model that could not be scored; `kind` is one of `KINDS`."""

    def __init__(self, kind: str, message: str):
        expect_one_of("kind", kind, KINDS)
        super().__init__(message)
        self.kind = kind


def expect_numbers(what: str, values: np.ndarray) -> None:
    """Raise ScoringFailure, `not_a_number`, where values are NaN or infinite."""
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        given = f"{len(wrong):,} of {len(values):,} {what}, the first is number {wrong[0]}"
        then = 'expected finite ones: take Rule(dtype="float32"), or check the weights'
        raise ScoringFailure("not_a_number", f"{given}, are NaN or infinite; {then}")


def classify(error: BaseException) -> str:
    """The kind of an exception, by its class, its words, then those of what caused it.

    >>> classify(MemoryError())
    'out_of_memory'
    >>> classify(OSError("You are trying to access a gated repo."))
    'gated'
    """
    for cause in _causes(error):
        if isinstance(cause, ScoringFailure):
            return cause.kind
        if type(cause).__name__ == "LocalEntryNotFoundError" and cause.__cause__:
            continue  # what the hub's client says after any answer but a file
        for name in (cls.__name__ for cls in type(cause).__mro__):
            if kind := _kind(_CLASSES, name, re.fullmatch):
                return kind
        if kind := _kind(_MESSAGES, str(cause).lower().replace("’", "'"), re.search):
            return kind
        status = getattr(getattr(cause, "response", None), "status_code", None) or 0  # of a hub
        if status in _BY_STATUS or status >= 500:
            return _BY_STATUS.get(status, "network")
    return "other"


def asked_pause_s(error: BaseException) -> float:
    """Seconds that a hub asked to be left alone for, 0 where it did not."""
    for cause in _causes(error):
        headers = getattr(getattr(cause, "response", None), "headers", None) or {}
        limit = re.search(r"r=0;\s*t=(\d+)", headers.get("ratelimit", ""))
        if (asked := limit[1] if limit else headers.get("retry-after", "")).isdecimal():
            return float(asked)
    return 0


def worth_another_try(kind: str, message: str = "") -> bool:
    """Whether the same model may well succeed if it is started again at once; not where the message
    says that this user keeps the hub's client from the network."""
    if "HF_HUB_OFFLINE" in message:
        return False
    return kind in {"network", "out_of_memory", "killed", "other"}


def may_have_passed(kind: str) -> bool:
    """Whether a failure recorded by an earlier run says nothing about this one."""
    return kind in {"network", "machine"}


def holds_under(kind: str, before: Mapping, now: Mapping) -> bool:
    """Whether a recorded failure would come again under a run's `devices` and `time_limit_s`."""
    if kind == "timeout" and now["time_limit_s"] > before.get("time_limit_s", np.inf):
        return False
    of_device = kind in {"out_of_memory", "killed", "timeout"}
    return not of_device or before.get("devices", now["devices"]) == now["devices"]


def _kind(patterns: Mapping[str, str], text: str, match: Callable) -> str | None:
    return next((kind for kind, pattern in patterns.items() if match(pattern, text)), None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
