"""A hub on the loopback interface: it speaks the hub's protocol and serves folders of the tests.

    with loopback_hub.serving({"lab/tiny": folder}) as hub:
        hub.commit("lab/tiny")                            # 40 hexadecimal digits, made of contents
        hub.faults["lab/tiny"] = {"gated": 403}           # see `Hub`
        env = hub.env(cache)                              # for a process of the real client

Written from what `huggingface_hub` 2.4 asks and reads: model info, tree, HEAD and GET of
`resolve`, with the headers X-Repo-Commit, X-Linked-Etag, X-Linked-Size and X-Error-Code.
Files of the kinds in `LFS`: `resolve` redirects them to another path, as to a CDN.
"""

import hashlib
import json
import os
import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from huggingface_hub import close_session, constants

LFS = (".safetensors", ".bin", ".gguf", ".pt", ".model", ".h5", ".msgpack")


@dataclass
class Request:
    """One line of the log: what was asked, and what was given."""

    method: str
    path: str
    range: str = ""
    status: int = 0
    sent: int = 0  # bytes of the body
    when: float = field(default_factory=time.monotonic)


class Hub:
    """What is served, and what goes wrong.

    faults: by model, or path of a plain file, a dictionary of
        gated: 401 or 403, for files as the hub does it (model info stays open);
        private: model info too is refused, with 401;
        missing: 404, no such repository;
        forbidden: 403 for files, without a code;
        garbage: times that model info is a web page, as of a login;
        busy: times that a 429 is given, with retry_after seconds (1);
        broken: times that a 503 is given;
        delay_s: seconds before each answer of a file, or where `info` is set of all answers;
        cut: times that a file's body ends in its middle (after `after` bytes);
        reset: as cut, by a reset of the connection;
        refuses: a status with which a plain file is refused; type: its Content-Type;
        only: a pattern of paths to which all of this is limited.
    A counter is used up as it is answered.
    """

    def __init__(self):
        self.url = ""
        self.requests: list[Request] = []
        self.faults: dict[str, dict] = {}
        self.trees: dict[str, dict[str, dict[str, bytes]]] = {}  # model -> commit -> name -> bytes
        self.blobs: dict[str, bytes] = {}  # LFS files by hash
        self.refs: dict[str, dict[str, str]] = {}  # model -> branch or tag -> commit
        self.about: dict[str, dict] = {}  # more of a model's info, such as tags
        self.plain: dict[str, bytes | Path] = {}  # path -> what lies there
        self.on_request = None  # called with each request before it is answered
        self._lock = threading.Lock()

    def put(self, model: str, files, revision: str = "main") -> str:
        """The commit of a folder, or of a mapping of names to bytes, that a revision now names."""
        if not isinstance(files, dict):
            root = Path(files)
            paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
            files = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
        text = json.dumps({name: hashlib.sha1(data).hexdigest() for name, data in files.items()})
        commit = hashlib.sha1(f"{model} {text}".encode()).hexdigest()
        self.trees.setdefault(model, {})[commit] = dict(files)
        self.blobs |= {_sha256(data): data for name, data in files.items() if name.endswith(LFS)}
        self.refs.setdefault(model, {})[revision] = commit
        return commit

    def commit(self, model: str, revision: str = "main") -> str | None:
        """The commit that a branch, tag or commit of a model stands for."""
        known = self.refs.get(model, {})
        return known.get(revision, revision if revision in self.trees.get(model, {}) else None)

    def settings(self, cache) -> dict[str, str]:
        """The variables of a process that has this hub and no other, with a cache of its own.

        Whatever else it asks comes here too, as to a proxy; see `outside`.
        """
        known = {"HF_ENDPOINT": self.url, "HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "0"}
        known |= {"HF_TOKEN_PATH": f"{cache}/no-token", "HF_HUB_DISABLE_TELEMETRY": "1"}
        known |= dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"), self.url)
        return known | dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")

    def env(self, cache) -> dict[str, str]:
        """The whole environment of such a process."""
        known = {name: value for name, value in os.environ.items() if name != "HF_TOKEN"}
        return known | self.settings(cache)

    def use(self, patch, cache) -> None:
        """Let this process, and those that it starts, have this hub and no other."""
        for name, value in self.settings(cache).items():
            patch.setenv(name, value)
        patch.delenv("HF_TOKEN", raising=False)
        known = {"ENDPOINT": self.url, "HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": False}
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE
        known["HUGGINGFACE_CO_URL_TEMPLATE"] = template.replace(constants.ENDPOINT, self.url)
        for name, value in known.items():
            patch.setattr(constants, name, value)
        close_session()  # which has the proxies of before

    def outside(self) -> list[str]:
        """What was asked of other hosts: nothing, in a test that is well."""
        return [r.path for r in self.requests if r.method == "CONNECT" or "://" in r.path]

    def asked(self, method: str = "", pattern: str = "") -> list[Request]:
        """The requests of a method whose path holds a pattern."""
        with self._lock:
            kept = [r for r in self.requests if not method or r.method == method]
        return [r for r in kept if re.search(pattern, r.path)]

    def fetched(self) -> dict[str, int]:
        """How many bytes of each file's content went out, by its hash or path."""
        sent: dict[str, int] = {}
        for request in self.asked("GET", "^/(?!api/)"):
            if request.status in (200, 206):
                path = request.path
                name = path.rpartition("/")[2] if path.startswith("/lfs/") else path
                sent[name] = sent.get(name, 0) + request.sent
        return sent

    def use_up(self, key: str, fault: str, path: str) -> bool:
        """Whether a fault that counts down strikes now."""
        with self._lock:
            faults = self.faults.get(key, {})
            if faults.get(fault, 0) <= 0 or not re.search(faults.get("only", ""), path):
                return False
            faults[fault] -= 1
            return True


@contextmanager
def serving(folders=(), faults=None, plain=None):
    """A hub that serves folders, by model or `model@revision`, and plain files by path."""
    hub = Hub()
    for name, folder in dict(folders).items():
        model, _, revision = name.partition("@")
        hub.put(model, folder, revision or "main")
        hub.refs[model].setdefault("main", hub.refs[model][revision or "main"])
    hub.faults |= faults or {}
    hub.plain |= plain or {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_):
        pass

    def do_CONNECT(self):
        self.hub.requests.append(Request("CONNECT", self.path))
        self._send(403, b"", {})

    def do_HEAD(self):
        self._answer(False)

    def do_GET(self):
        self._answer(True)

    def do_POST(self):
        self._answer(True)

    def _answer(self, body: bool) -> None:
        split = urlsplit(self.path)
        path = self.path if split.netloc else unquote(split.path)
        self.request_ = Request(self.command, path, self.headers.get("Range", ""))
        with self.hub._lock:
            self.hub.requests.append(self.request_)
        if self.hub.on_request:
            self.hub.on_request(self.request_)
        raw, query = split.path.split("/"), parse_qs(split.query)
        try:
            if raw[1:3] == ["api", "models"]:
                self._api(path, query)
            elif path in self.hub.plain:
                data = self.hub.plain[path]
                data = data.read_bytes() if isinstance(data, Path) else data
                if status := self.hub.faults.get(path, {}).get("refuses"):
                    self._error(status, "")
                elif not self._strikes(path, path):
                    self._file(path, path, data, {"ETag": f'"{_sha256(data)}"'})
            elif match := re.fullmatch(r"/lfs/(.+)/([0-9a-f]{64})", path):
                data = self.hub.blobs.get(match[2])
                if data is None:
                    self._error(404, "")
                elif not self._strikes(match[1], path):
                    self._file(match[1], path, data, {"ETag": f'"{match[2]}"'})
            elif match := re.fullmatch(r"/(.+?)/resolve/([^/]+)/(.+)", split.path):
                self._resolve(*map(unquote, match.groups()))
            else:
                self._error(404, "")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _api(self, path: str, query: dict) -> None:
        rest = urlsplit(self.path).path.removeprefix("/api/models/")
        if rest.endswith("/auth-check"):
            if not self._refused(rest.removesuffix("/auth-check"), api=False):
                self._json({})
            return None
        match = re.fullmatch(r"(.+?)(?:/(revision|tree)/([^/]+)(?:/(.*))?)?", rest)
        model, what, revision, folder = match[1], match[2], match[3], unquote(match[4] or "")
        revision = unquote(revision or "main")
        if self._refused(model, api=True) or self._strikes(model, path):
            return None
        if self.hub.use_up(model, "garbage", path):
            return self._send(200, b"<html>log in</html>", {"Content-Type": "text/html"})
        if (commit := self.hub.commit(model, revision)) is None:
            return self._error(404, "RevisionNotFound")
        files = self.hub.trees[model][commit]
        if what == "tree":
            start = f"{folder}/" if folder else ""
            entries = [_entry(name, data) for name, data in files.items() if name.startswith(start)]
            if folder and not entries:
                return self._error(404, "EntryNotFound", commit)
            return self._json(entries)
        blobs = "blobs" in query
        siblings = [_sibling(name, data, blobs) for name, data in sorted(files.items())]
        faults = self.hub.faults.get(model, {})
        info = {"_id": "0", "id": model, "modelId": model, "sha": commit, "private": False}
        info |= {"gated": "manual" if "gated" in faults else False, "disabled": False}
        info |= {"siblings": siblings, "tags": [], "downloads": 0, "likes": 0}
        self._json(info | self.hub.about.get(model, {}))

    def _resolve(self, model: str, revision: str, name: str) -> None:
        if self._refused(model, api=False) or self._strikes(model, f"{model}/{name}"):
            return
        if (commit := self.hub.commit(model, revision)) is None:
            return self._error(404, "RevisionNotFound")
        data = self.hub.trees[model][commit].get(name)
        if data is None:
            return self._error(404, "EntryNotFound", commit)
        if name.endswith(LFS):
            etag, at = _sha256(data), f"/lfs/{model}/{_sha256(data)}"
            headers = {"X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(len(data))}
            # as to a CDN: to another host, so that the client reads the headers of this answer
            port = self.server.server_port
            headers |= {"X-Repo-Commit": commit, "Location": f"http://localhost:{port}{at}"}
            return self._send(302, b"", headers)
        self._file(
            model, f"{model}/{name}", data, {"X-Repo-Commit": commit, "ETag": f'"{_blob(data)}"'}
        )

    def _refused(self, model: str, api: bool) -> bool:
        faults = self.hub.faults.get(model, {})
        if model not in self.hub.trees or "missing" in faults:
            self._error(404, "RepoNotFound")
        elif "private" in faults:
            self._error(401, "RepoNotFound")
        elif "forbidden" in faults and not api:
            self._error(403, "")
        elif "gated" in faults and not api:
            self._error(faults["gated"], "GatedRepo")
        else:
            return False
        return True

    def _strikes(self, key: str, path: str) -> bool:
        """Whether a passing fault was the answer; a delay is only waited for."""
        faults = self.hub.faults.get(key, {})
        if re.search(faults.get("only", ""), path) and ("/api/" not in path or faults.get("info")):
            time.sleep(faults.get("delay_s", 0))
        if self.hub.use_up(key, "busy", path):
            self._send(429, b"slow down", {"Retry-After": str(faults.get("retry_after", 1))})
        elif self.hub.use_up(key, "broken", path):
            self._send(503, b"down", {})
        else:
            return False
        return True

    def _file(self, key: str, path: str, data: bytes, headers: dict) -> None:
        """A file, or the range of it that was asked for, as far as no fault cuts it."""
        kind = self.hub.faults.get(key, {}).get("type", "application/octet-stream")
        headers |= {"Accept-Ranges": "bytes", "Content-Type": kind}
        status, start, end = 200, 0, len(data)
        is_same = self.headers.get("If-Range") in (None, headers["ETag"])
        asked = self.request_.range if is_same else ""
        if match := re.fullmatch(r"bytes=(\d+)-(\d*)", asked):
            start, end = int(match[1]), int(match[2] or len(data) - 1) + 1
            status, end = 206, min(end, len(data))
            if start >= len(data):
                return self._send(416, b"", {"Content-Range": f"bytes */{len(data)}"})
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
        data, most = data[start:end], None
        if self.command == "GET":
            faults = self.hub.faults.get(key, {})
            for fault in ("cut", "reset"):
                if self.hub.use_up(key, fault, path):
                    most = min(faults.get("after", len(data) // 2), len(data))
                    if fault == "reset":  # closing with data unread in the buffer resets
                        self.connection.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER, 0 s
        self._send(status, data, headers, most)

    def _json(self, value) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _error(self, status: int, code: str, commit: str = "") -> None:
        headers = {"X-Error-Code": code} if code else {}
        headers |= {"X-Error-Message": code} | ({"X-Repo-Commit": commit} if commit else {})
        self._send(status, json.dumps({"error": code}).encode(), headers)

    def _send(self, status: int, data: bytes, headers: dict, most: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.request_.status = status
        if self.command == "HEAD":
            return
        self.request_.sent = len(data) if most is None else most
        self.wfile.write(data[: self.request_.sent])
        self.wfile.flush()
        if most is not None:
            self.close_connection = True


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _blob(data: bytes) -> str:
    """The id that git gives a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _pointer(data: bytes) -> bytes:
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{_sha256(data)}\n"
    return f"{text}size {len(data)}\n".encode()


def _sibling(name: str, data: bytes, blobs: bool) -> dict:
    """A file in a model's info."""
    about = {"rfilename": name}
    if blobs:
        lfs = name.endswith(LFS)
        about |= {"size": len(data), "blobId": _blob(_pointer(data) if lfs else data)}
        if lfs:
            size = len(_pointer(data))
            about["lfs"] = {"sha256": _sha256(data), "size": len(data), "pointerSize": size}
    return about


def _entry(name: str, data: bytes) -> dict:
    """A file in a tree."""
    about = {"type": "file", "path": name, "size": len(data), "oid": _blob(data)}
    if name.endswith(LFS):
        pointer = _pointer(data)
        lfs = {"oid": _sha256(data), "size": len(data), "pointerSize": len(pointer)}
        about |= {"oid": _blob(pointer), "lfs": lfs}
    return about
