"""How does a call reach the simulator and its answer get back? HTTP/1.1, one thread a connection."""

from __future__ import annotations

import io
import socket
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote_to_bytes

from werkzeug.wrappers import Request, Response

from zcrm_core import ConfigError
from zcrm_simulator.loopback import is_loopback

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Wire = Literal["send", "reset", "truncate", "drop"]
"""What happens to an answer on its way out."""

Application = Callable[[Request], tuple[Response, Wire]]

_WAKE_SECONDS = 1.0
_MAX_BODY = 128 * 1024 * 1024
_BODILESS = frozenset({204, 304})  # RFC 9110 section 6.4.1
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Server(ThreadingMixIn, TCPServer):
    """A threaded server on a loopback address.

    Args:
        host: a loopback address or ``localhost``.
        port: the port; 0 takes a free one.
        application: what answers a call, and what happens to the answer on the wire.
        connected: called once for each connection.

    Raises:
        ConfigError: ``host`` is not a loopback address, or the port cannot be had.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, application: Application, connected: Callable[[], None]) -> None:
        if not is_loopback(host):
            raise ConfigError(
                f"The simulator does not listen on {host!r}.",
                why="It hands out tokens to anybody who asks, so it serves this machine alone.",
                fix="Use 127.0.0.1, ::1 or localhost.",
            )
        self.application = application
        self._connected = connected
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._loop: threading.Thread | None = None
        self._stopping = False
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise ConfigError(
                f"The simulator cannot listen on port {port} of {host}.",
                why=f"The system says: {error.strerror}.",
                fix="Choose another port, or 0 for a free one.",
            ) from error

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Answer calls in the background from now on."""
        self._loop = threading.Thread(target=self._accept, name=f"zcrm-simulator-{self.port}", daemon=True)
        self._loop.start()

    def _accept(self) -> None:
        """Wait for connections without ever looking at a clock; ``stop`` makes one to end the wait."""
        while not self._stopping:
            self.handle_request()

    def verify_request(self, request: object, client_address: object) -> bool:
        """Turn away who comes while the server is stopping."""
        return not self._stopping

    def stop(self) -> None:
        """Close every connection and leave no thread behind."""
        if self._loop is not None:
            self._stopping = True
            with suppress(OSError):  # the loop may have ended by another connection
                socket.create_connection((str(self.server_address[0]), self.port), _WAKE_SECONDS).close()
            self._loop.join()
        self.server_close()
        with self._lock:
            connections = dict(self._connections)
        for connection in connections:
            with suppress(OSError):  # its thread may have closed it in the meantime
                connection.shutdown(socket.SHUT_RDWR)
        for thread in connections.values():
            thread.join()

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Give a new connection a thread of its own."""
        assert isinstance(request, socket.socket)  # noqa: S101  a TCP server hands over sockets
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name=f"zcrm-simulator-{self.port}-connection",
            daemon=True,
        )
        with self._lock:
            alive = {known: runner for known, runner in self._connections.items() if runner.is_alive()}
            self._connections = alive | {request: thread}
        self._connected()
        thread.start()

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Close a connection; one that is to be reset is not said goodbye to first."""
        assert isinstance(request, socket.socket)  # noqa: S101  a TCP server hands over sockets
        size = struct.calcsize("ii")
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, size) == _RESET_ON_CLOSE:
            request.close()
        else:
            super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing when a client has gone away; print the traceback of anything else."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # handed through


class _Handler(BaseHTTPRequestHandler):
    """One connection: reads calls, writes answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
        """Write nothing; the journal keeps what came in."""

    def _serve(self) -> None:
        body = self._read_body()
        if body is None:
            return
        request = Request(self._environ(body))
        request.max_form_memory_size = _MAX_BODY
        with request:  # closes the files that came with it
            response, wire = self.server.application(request)
        if wire == "send":
            self._write(response, response.get_data())
        elif wire == "truncate":
            data = response.get_data()
            self._write(response, data[: len(data) // 2])
            self.close_connection = True
        else:
            if wire == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815  http.server's names

    def _read_body(self) -> bytes | None:
        """Return the body, or refuse the call and return ``None``."""
        length = self.headers.get("Content-Length", "0")
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            self._refuse(411, "Send a Content-Length.")
        elif not length.isascii() or not length.isdigit():
            self._refuse(400, "The Content-Length is no number.")
        elif int(length) > _MAX_BODY:
            self._refuse(413, "The body is too large.")
        else:
            return self._whole_body(int(length))
        return None

    def _whole_body(self, length: int) -> bytes | None:
        """Return the body; a client that goes away in the middle of it has asked for nothing."""
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return None
        return body

    def _refuse(self, status: int, text: str) -> None:
        self.close_connection = True
        self._write(Response(text, status, mimetype="text/plain"), text.encode())

    def _environ(self, body: bytes) -> WSGIEnvironment:
        path, _, query = self.path.partition("?")
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": _unquoted(path),
            "QUERY_STRING": query,
            "SERVER_NAME": str(self.server.server_address[0]),
            "SERVER_PORT": str(self.server.port),
            "SERVER_PROTOCOL": self.request_version,
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
        }
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            if key not in {"HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE"}:
                environ[key] = value
        return environ

    def _write(self, response: Response, body: bytes) -> None:
        if response.status_code in _BODILESS:
            response.headers.pop("Content-Length", None)
            body = b""
        self.send_response_only(response.status_code)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _unquoted(path: str) -> str:
    """Decode a path as WSGI wants it: percent signs resolved, bytes as Latin-1 characters (PEP 3333)."""
    return unquote_to_bytes(path).decode("latin-1")
