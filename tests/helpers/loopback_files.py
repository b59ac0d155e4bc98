"""Plain files from this machine over HTTP, with ranges, and what goes wrong with real ones."""

import contextlib
import hashlib
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Server:
    """What is served by name, and what was asked for.

    faults: one per request, in order: an int is a status, with headers where it is a pair;
    "cut N" ends the connection after N bytes, "slow S" waits S seconds before the answer.
    requests: (name, Range or "", bytes sent) of each.
    """

    files: dict[str, bytes]
    url: str = ""
    faults: list = field(default_factory=list)
    requests: list[tuple[str, str, int]] = field(default_factory=list)


@contextlib.contextmanager
def serving(files: dict[str, bytes]):
    served = Server(files)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            name, asked = self.path.rpartition("/")[2], self.headers["Range"] or ""
            fault = served.faults.pop(0) if served.faults else ""
            served.requests.append((name, asked, 0))
            if isinstance(fault, int | tuple) or name not in served.files:
                status, headers = (fault, {}) if isinstance(fault, int) else fault or (404, {})
                return self.answer(status, headers | {"Content-Length": 0})
            kind, _, number = fault.partition(" ")
            if kind == "slow":
                time.sleep(float(number))
            data = served.files[name]
            tag = f'"{hashlib.md5(data).hexdigest()}"'
            is_same = self.headers["If-Range"] in (None, tag)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and is_same else 0
            body = data[start : start + int(number)] if kind == "cut" else data[start:]
            headers = {"ETag": tag, "Content-Length": len(data) - start}
            if asked and is_same:
                headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            served.requests[-1] = (name, asked, len(body))
            self.answer(206 if asked and is_same else 200, headers)
            self.wfile.write(body)
            self.close_connection = kind == "cut"

        def answer(self, status, headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, str(value))
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
