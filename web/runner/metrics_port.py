"""Where a process without web pages (worker, dispatcher) shows its figures; the same rule of who may look."""

import logging
import threading
from collections.abc import Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from web import metrics
from web.config import Config

log = logging.getLogger("duban.metrics")


def serve_metrics(config: Config, host: str, port: int, *more: Collector) -> WSGIServer:
    """Answers `/metrics` in a thread that ends with the process; port 0 takes a free one (see `server_port`)."""

    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        may_look = metrics.may_look(
            config,
            address=environ.get("REMOTE_ADDR", ""),
            host=environ.get("HTTP_HOST", ""),
            authorization=environ.get("HTTP_AUTHORIZATION", ""),
        )
        if environ["PATH_INFO"] != "/metrics" or not may_look:
            start("404 Not Found" if may_look else "403 Forbidden", [("Content-Length", "0")])
            return [b""]
        start("200 OK", [("Content-Type", CONTENT_TYPE_PLAIN_0_0_4)])
        return [metrics.exposition(None, *more)]

    server = make_server(host, port, answer, server_class=_Threads, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    log.info("figures at http://%s:%s/metrics", host, server.server_port)
    return server


class _Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def address_string(self) -> str:
        return str(self.client_address[0])

    def log_message(self, format: str, *args: Any) -> None:
        """A scrape every few seconds is not worth a line."""
