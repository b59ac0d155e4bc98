"""Whose turn it is on which device, and who gets ready meanwhile.

A worker holds no device until it is ready; then it takes the first that is free. For each place on
a device one more worker is started early, so that the next model loads while another is scored; no
more load at a time than there are places. Where memory is short none starts before another ends.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager

from lmnotes import parallel

_GROWS = 2  # of weights from disk to memory, as from half to single precision
_SPARE = 2**30  # bytes for the batches that are scored and the libraries of the next worker
_POLL_S = 0.02  # between two looks for a free device
_LOOK_S = 0.2  # between two looks at the memory


class Turn:
    """When a model is scored, and on which device; of one that waits for nobody, at once.

    device: "" until then; stop: ends its worker; waited_s: how long it was ready and waited.
    """

    def __init__(
        self, take: Callable[[], str] = lambda: "auto", stop: threading.Event | None = None
    ):
        self._take, self.stop = take, stop or threading.Event()
        self.device, self.waited_s = "", 0.0

    def has_come(self) -> bool:
        """Whether the model, which is ready, is to be scored now."""
        self.device = self.device or self._take()
        return bool(self.device)

    def wait(self) -> None:
        """Come back when it has come, or `stop` is set."""
        began = time.monotonic()
        while not (self.has_come() or self.stop.wait(_POLL_S)):
            pass
        self.waited_s += time.monotonic() - began


class Turns:
    """The turns of models on some devices.

    Args:
        devices: a name for each model that may be scored at a time.
        ahead: whether as many more may get ready meanwhile.
    """

    def __init__(self, devices: Sequence[str], ahead: bool = True):
        self.stop = threading.Event()
        self._free, self._n_places, self._ahead = list(devices), len(devices), ahead
        self._n_workers = 0
        self._loading: dict[object, int] = {}  # bytes, of each worker that is not ready yet
        self._door, self._changed = threading.Lock(), threading.Condition()

    @contextmanager
    def next(self, n_bytes: Callable[[], int | None]) -> Iterator[Turn]:
        """The turn of the next model, as soon as its worker may be started; the block is its work.

        Args:
            n_bytes: of its files, None while it is not to start early; asked again and again.

        Raises CancelledError once `stop` is set.
        """
        mark = object()
        with self._door, self._changed:  # the door keeps the order in which models come
            while not (self.stop.is_set() or self._may_start(n_bytes)):
                self._changed.wait(_LOOK_S)
            if self.stop.is_set():
                raise CancelledError
            self._n_workers += 1
            self._loading[mark] = _GROWS * (n_bytes() or 0)
        turn = Turn(lambda: self._device_for(mark), self.stop)
        try:
            yield turn
        finally:
            with self._changed:
                self._n_workers -= 1
                self._loading.pop(mark, None)
                self._free += [turn.device] if turn.device else []
                self._changed.notify_all()

    def _may_start(self, n_bytes: Callable[[], int | None]) -> bool:
        if self._n_workers < self._n_places:
            return True
        is_full = self._n_workers >= 2 * self._n_places or len(self._loading) >= self._n_places
        if not self._ahead or is_full or (own := n_bytes()) is None:
            return False
        needed = _GROWS * own + sum(self._loading.values()) + _SPARE
        return needed <= parallel.free_memory()

    def _device_for(self, mark: object) -> str:
        with self._changed:
            if self._loading.pop(mark, None) is not None:  # what it takes can be seen now
                self._changed.notify_all()
            return self._free.pop(0) if self._free else ""
