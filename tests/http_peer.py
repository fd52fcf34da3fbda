"""A peer that speaks HTTP on this machine: it notes what it is asked, and answers as it is told."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]  # names in small letters
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}

    @property
    def form(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(self.body.decode()).items()}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer; `then` says how it ends."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    then: str = "whole"  # whole, hang_up (before any answer), cut (in the body), endless


@dataclass
class Peer:
    """What it was asked, and what it answers next; the last answer is repeated."""

    replies: list[Reply]
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def http_peer(*replies: Reply) -> Iterator[Peer]:
    """A peer until the block ends."""
    peer = Peer(replies=list(replies) or [Reply()])

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            headers = {key.lower(): value for key, value in self.headers.items()}
            peer.asked.append(
                Asked(method=self.command, path=self.path, headers=headers, body=self.rfile.read(size))
            )
            reply = peer.replies.pop(0) if len(peer.replies) > 1 else peer.replies[0]
            with contextlib.suppress(OSError):
                self.answer(reply)

        do_GET = do_POST = do_PUT = handle_any  # noqa: N815 - as http.server calls them

        def answer(self, reply: Reply) -> None:
            self.close_connection = True
            if reply.then == "hang_up":
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            extra = 10 if reply.then == "cut" else 0
            if reply.then != "endless":
                self.send_header("Content-Length", str(len(reply.body) + extra))
            self.end_headers()
            self.wfile.write(reply.body)
            while reply.then == "endless":
                self.wfile.write(b"x" * 65_536)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        peer.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield peer
        finally:
            server.shutdown()
            thread.join()
