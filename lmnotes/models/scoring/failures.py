"""Why a model could not be scored: ten kinds, and what an exception of another package means."""

from collections.abc import Iterator

import numpy as np

from lmnotes.errors import expect_one_of

KINDS = (
    "missing",  # no such model, revision, folder or weights
    "gated",  # its owner must let you in first
    "unsupported",  # this version of transformers does not know the architecture
    "remote_code",  # it runs only with code from its own repository
    "network",
    "out_of_memory",
    "killed",  # its process ended without a word
    "timeout",
    "not_a_number",
    "other",
)
_RETRIED = {"network", "out_of_memory", "killed", "other"}
# Names of classes, so that no package has to be imported for the question.
_BY_CLASS = {
    "GatedRepoError": "gated",
    "RepositoryNotFoundError": "missing",
    "RevisionNotFoundError": "missing",
    "LocalEntryNotFoundError": "network",
    "OfflineModeIsEnabled": "network",
    "EntryNotFoundError": "missing",
    "HFValidationError": "missing",
    "OutOfMemoryError": "out_of_memory",
    "MemoryError": "out_of_memory",
    "FloatingPointError": "not_a_number",
    "ConnectionError": "network",
    "ConnectError": "network",
    "TimeoutException": "network",
    "TimeoutError": "network",
    "Timeout": "network",
    "FileNotFoundError": "missing",
    "NotADirectoryError": "missing",
    "ImportError": "unsupported",  # a package that this architecture or tokenizer needs
}
_BY_MESSAGE = (
    ("gated repo", "gated"),
    ("trust_remote_code", "remote_code"),
    ("contains custom code", "remote_code"),
    ("couldn't connect to", "network"),
    ("could not connect", "network"),
    ("connection error", "network"),
    ("offline mode", "network"),
    ("not a valid model identifier", "missing"),
    ("does not appear to have a file", "missing"),
    ("no file named", "missing"),
    ("out of memory", "out_of_memory"),
    ("can't allocate memory", "out_of_memory"),
    ("not enough memory", "out_of_memory"),
    ("cannot allocate memory", "out_of_memory"),
    ("unrecognized model", "unsupported"),
    ("unrecognized configuration class", "unsupported"),
    ("does not recognize this architecture", "unsupported"),
    ("instantiate the backend tokenizer", "unsupported"),
)
_BY_STATUS = {401: "gated", 403: "gated", 404: "missing", 429: "network"}


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
        raise ScoringFailure(
            "not_a_number",
            f"{len(wrong):,} of {len(values):,} {what} are NaN or infinite, the first is number "
            f'{wrong[0]}; expected finite ones: take Rule(dtype="float32"), or check the weights',
        )


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
        for name in (cls.__name__ for cls in type(cause).__mro__):
            if name in _BY_CLASS:
                return _BY_CLASS[name]
        text = str(cause).lower().replace("’", "'")
        if kind := next((kind for words, kind in _BY_MESSAGE if words in text), None):
            return kind
        status = getattr(getattr(cause, "response", None), "status_code", None) or 0  # of a hub
        if status in _BY_STATUS or status >= 500:
            return _BY_STATUS.get(status, "network")
    return "other"


def worth_another_try(kind: str) -> bool:
    """Whether the same model may well succeed if it is started again at once."""
    return kind in _RETRIED


def may_have_passed(kind: str) -> bool:
    """Whether a failure recorded by an earlier run says nothing about this one."""
    return kind == "network"


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
