"""What a function asks while it starts and does its first work: the Lambda Runtime API, a bucket, and a table.

The answers are made beforehand and come at once from this process, so that the times are the function's own.
Nothing leaves this machine.
"""

import collections
import http.server
import json
import queue
import threading
import time

RUNTIME = "/2018-06-01/runtime"
PATIENCE = 60


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_of: object) -> None:
        """A function that is stopped leaves its connections open; that is no fault."""


class Cloud:
    """Serves one function on a free port of 127.0.0.1; notes when it is ready and when it has answered."""

    def __init__(self, photo: bytes) -> None:
        self.photo = photo
        self.written = b""
        self.asked: collections.Counter[str] = collections.Counter()
        self._moments: queue.Queue = queue.Queue()
        self._events: queue.Queue = queue.Queue()
        cloud = self

        class Asked(_Asked):
            served = cloud

        self._server = _Server(("127.0.0.1", 0), Asked)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def invoke(self, event: dict) -> None:
        """Has an event ready for who asks for the next."""
        self._events.put(event)

    def moment(self, name: str) -> tuple[float, bytes]:
        """When the function did this, and what it said; nothing else may come before it."""
        try:
            said, when, words = self._moments.get(timeout=PATIENCE)
        except queue.Empty:
            raise TimeoutError(f"the function said nothing for {PATIENCE} s; it should have: {name}") from None
        if said != name:
            raise RuntimeError(f"the function should have: {name}; it did: {said}: {words[:2000]!r}")
        return when, words

    def note(self, name: str, words: bytes = b"") -> None:
        """Notes that the function did this now."""
        self._moments.put((name, time.perf_counter(), words))

    def next_event(self) -> dict | None:
        """The event that is ready, or will be; none if there will be no more."""
        return self._events.get()

    def close(self) -> None:
        """Serves no more."""
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Asked(http.server.BaseHTTPRequestHandler):
    """One connection of the function."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    served: Cloud

    def log_message(self, *_words: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:  # noqa: N802
        if self.path == f"{RUNTIME}/invocation/next":
            self.served.note("ready")
            headers = {
                "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + PATIENCE) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
            }
            self._answer(json.dumps(self.served.next_event()).encode(), headers=headers)
        else:
            self.served.asked["GetObject"] += 1
            self._answer(self.served.photo, kind="image/jpeg", headers=self._of_object())

    def do_HEAD(self) -> None:  # noqa: N802
        self.served.asked["HeadObject"] += 1
        self._answer(self.served.photo, kind="image/jpeg", headers=self._of_object())

    def do_POST(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self._chunks()
        if self.path.startswith(RUNTIME):
            # The last part says what came of it: response or error.
            self.served.note(self.path.rsplit("/", 1)[1], body)
            self._answer(b"", status=202)
        else:
            # No row yet, and every write is taken.
            operation = self.headers.get("X-Amz-Target", "?").rsplit(".", 1)[-1]
            self.served.asked[operation] += 1
            if operation != "GetItem":
                self.served.written = body
            self._answer(b"{}", kind="application/x-amz-json-1.0", headers={"x-amz-crc32": "2745614147"})

    def _of_object(self) -> dict[str, str]:
        return {"ETag": '"0123456789abcdef0123456789abcdef"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}

    def _chunks(self) -> bytes:
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _answer(
        self, body: bytes, status: int = 200, kind: str = "application/json", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
