"""One file over HTTP: taken up where it was cut, begun anew where it has changed, and for each
failure its own words."""

import contextlib
import errno
import http.client
import shutil
import ssl
import urllib.error
import urllib.request
from pathlib import Path

from tqdm.auto import tqdm

from lmnotes import store
from lmnotes.errors import InputError

TIMEOUT = 10  # seconds without a byte from the other side
_BLOCK = 1 << 18
_LATER = "the same command goes on from there"
_BROKEN = (ConnectionError, ssl.SSLError, http.client.HTTPException)


def fetch(url: str, file: Path) -> None:
    """Put the file of an address in its place, once it is whole; one that is there stays.

    What has come lies in `<name>.partial` meanwhile. When the connection breaks, and in a later
    call, the rest is asked for by a range, under the condition that the server has the same file
    still (RFC 9110, 13.1.5); otherwise it sends the whole again.

    Raises InputError: nothing, or not all, can be had, with the reason and what to do; or the disk
    has no room for it. What has come stays.
    """
    partial = file.with_name(f"{file.name}.partial")
    mark = file.with_name(f"{partial.name}-of")  # the ETag, or the date, of what it is a part of
    with store.writing(file), store.locked(file.with_name(f"{file.name}.lock")):
        while not file.is_file():  # another process may have brought it while this one waited
            n_before = partial.stat().st_size if partial.exists() else 0
            try:
                n_bytes, n_all = _receive(url, partial, mark)
            except (urllib.error.URLError, TimeoutError, *_BROKEN) as error:
                what, then = _words(error)
            else:
                if n_bytes == n_all:
                    partial.replace(file)
                    mark.unlink(missing_ok=True)
                if n_bytes == n_all or n_bytes > n_before:
                    continue
                of_all = f" of {n_all:,}" if n_all else ""
                what, then = f"the connection broke after {n_bytes:,}{of_all} bytes", _LATER
            given = f"{file.name!r} is not in {file.parent} and cannot be downloaded: {what}"
            aside = f"{then}, or fetch {url} on another machine and put it at {file}"
            raise InputError(f"{given}; expected the file, or a network that gives it; {aside}")


def _receive(url: str, partial: Path, mark: Path) -> tuple[int, int | None]:
    """The bytes that have come, and those that there are (None: the server does not say)."""
    request = urllib.request.Request(url, headers={"User-Agent": "lmnotes"})
    if partial.exists() and mark.exists() and partial.stat().st_size:
        # one byte again, so that a range of a file that is whole already is not an empty one
        request.add_header("Range", f"bytes={partial.stat().st_size - 1}-")
        request.add_header("If-Range", mark.read_text())
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        is_rest = response.status == http.HTTPStatus.PARTIAL_CONTENT
        start = partial.stat().st_size - 1 if is_rest else 0
        length = response.headers["Content-Length"]
        if response.headers.get_content_type() == "text/html":  # of a login, or of a proxy
            raise urllib.error.URLError("a web page came in its place")
        if length and shutil.disk_usage(partial.parent).free < int(length):
            raise OSError(errno.ENOSPC, "no space left", str(partial))
        if not start:
            partial.unlink(missing_ok=True)
            tag = response.headers["ETag"] or ""
            known = response.headers["Last-Modified"] if tag[:2] in ("", "W/") else tag
            mark.write_text(known) if known else mark.unlink(missing_ok=True)
        n_all = start + int(length) if length else None
        bar = tqdm(total=n_all, initial=start, unit="B", unit_scale=True, disable=None)
        with bar, open(partial, "r+b" if start else "wb") as stream, contextlib.suppress(*_BROKEN):
            stream.seek(start)
            while block := response.read(_BLOCK):
                stream.write(block)
                bar.update(len(block))
            n_all = n_all or stream.tell()
    return partial.stat().st_size, n_all


def _words(error: Exception) -> tuple[str, str]:
    """What was wrong, and what to do."""
    if isinstance(error, urllib.error.HTTPError):
        wait = error.headers["Retry-After"] if error.headers else None
        if error.code == http.HTTPStatus.TOO_MANY_REQUESTS:
            after = f" {wait} seconds" if wait and wait.isdigit() else f" until {wait}" * bool(wait)
            return f"the server asks to wait{after} (429)", "run the same command after that"
        if error.code >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            return f"the server fails ({error.code})", "run the same command later"
        if error.code in (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.GONE):
            return f"there is no such file any more ({error.code})", "look where it has moved"
        return f"the server refuses it ({error.code} {error.reason})", "ask who may have it"
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return f"nothing came for {TIMEOUT} seconds", _LATER
    return f"there is no connection to it ({reason})", "connect and run again"
