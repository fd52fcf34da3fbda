"""The console on a socket: alone in the process, or in a thread beside the daemon."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from workflow.errors import NotNow, UsageError

if TYPE_CHECKING:
    import uvicorn

    from console.web import Place

_PATIENCE = 10  # seconds for which pages that are being answered are waited for at the end


def listen(host: str, port: int) -> socket.socket:
    """The socket, bound before anything else is begun: a port that is taken is known at once.

    Raises:
        UsageError: somebody else has it, or it may not be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise UsageError(
            f"网页未打开：{host}:{port} 不能用（{error.strerror}）。请停止占用它的程序，或用 --port 换一个。",
            f"The console was not opened: {host}:{port} can't be had ({error.strerror}). Stop what uses it, "
            "or choose another with --port.",
        ) from None


def listen_near(host: str, port: int) -> socket.socket:
    """The socket on this port, or on any that is free.

    Raises:
        UsageError: none can be had.
    """
    try:
        return listen(host, port)
    except UsageError:
        return listen(host, 0)


def address(listening: socket.socket) -> str:
    """What to type into a browser."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def server_of(place: Place) -> uvicorn.Server:
    """The console, not yet at work."""
    import uvicorn

    from console.web import create_app

    return uvicorn.Server(
        uvicorn.Config(
            create_app(place),
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_PATIENCE,
        )
    )


class Served:
    """The console in a thread of its own, for as long as the block lasts."""

    def __init__(self, place: Place, listening: socket.socket, on_failure: Callable[[], None]) -> None:
        self._server, self._listening, self._on_failure = server_of(place), listening, on_failure
        self._thread = threading.Thread(target=self._run, name="console")
        self._asked, self._why = False, ""

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listening])
        except BaseException as error:  # uvicorn ends with SystemExit, which a thread swallows
            self._why = f"{type(error).__name__}: {error}"
        if not self._asked:
            self._on_failure()

    def __enter__(self) -> Served:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Let it finish its answers, and end."""
        ended_by_itself = not self._thread.is_alive()
        self._asked = self._server.should_exit = True
        self._thread.join()
        if ended_by_itself and kind is None:
            raise NotNow(
                f"网页意外停止，守护进程已随之停止。请查看上面的日志后重新启动。{self._why}",
                "The console stopped by itself, and the daemon was stopped with it. Look at the log above, "
                f"then start again. {self._why}",
            )
