"""A small TCP proxy before a PostgreSQL server that cuts a connection at a COMMIT, as a network would."""

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMIT = b"COMMIT"
CUTS = ("before", "within", "at", "after")
"""Before it reaches the server; with half of it; when all of it is on its way; when its answer has come back."""


class TcpProxy:
    """Listens on a port of this machine and passes everything on to the server's socket. `arm` chooses how the next
    COMMIT of any connection is cut; `cuts` counts what was done."""

    def __init__(self, server: Path) -> None:
        self.cuts: Counter[str] = Counter()
        self._server = server
        self._armed: str | None = None
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._ends: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, cut: str | None) -> None:
        with self._lock:
            self._armed = cut

    def close(self) -> None:
        self._shut(self._listener, *tuple(self._ends))

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                server.connect(str(self._server))
                self._ends |= {client, server}
                is_cut_off = threading.Event()
                threading.Thread(target=self._ask, args=(client, server, is_cut_off), daemon=True).start()
                threading.Thread(target=self._answer, args=(client, server, is_cut_off), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, is_cut_off: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                cut = self._take() if COMMIT in data else None
                if cut == "after":
                    is_cut_off.set()  # the answer comes, and goes no further
                elif cut is not None:
                    server.sendall({"before": b"", "within": data[: len(data) // 2], "at": data}[cut])
                    break
                server.sendall(data)
        self._shut(client, server)

    def _answer(self, client: socket.socket, server: socket.socket, is_cut_off: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if is_cut_off.is_set():
                    break
                client.sendall(data)
        self._shut(client, server)

    def _take(self) -> str | None:
        with self._lock:
            cut, self._armed = self._armed, None
        if cut is not None:
            self.cuts[cut] += 1
        return cut

    def _shut(self, *ends: socket.socket) -> None:
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
            self._ends.discard(end)


@contextmanager
def proxied(url: str) -> Iterator[tuple[TcpProxy, str]]:
    """A proxy before the server of a `postgresql+psycopg://…?host=FOLDER` address, and the address through it."""
    before, _, folder = url.partition("?host=")
    proxy = TcpProxy(Path(folder) / ".s.PGSQL.5432")
    try:
        name = before.rpartition("/")[2]
        yield proxy, f"postgresql+psycopg://duban@127.0.0.1:{proxy.port}/{name}?sslmode=disable&gssencmode=disable"
    finally:
        proxy.close()
