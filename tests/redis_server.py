"""A private Redis for tests: on a free port of this machine, with nothing on disk, killed and started at will."""

import socket
import subprocess
import time

import redis


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class RedisServer:
    """Running from the start. `kill` is kill -9; `start` afterwards begins empty, at the same address."""

    def __init__(self) -> None:
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        options = ("--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        command = ["redis-server", *options, "--daemonize", "no", "--loglevel", "warning"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        end = time.monotonic() + 10
        while not self._answers():
            assert self._process.poll() is None, "redis-server ended by itself"
            assert time.monotonic() < end, "redis-server does not answer"
            time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def flush(self) -> int:
        """Throw everything away. Returns how many messages lay in queues."""
        with redis.Redis(port=self._port) as client:
            lists = [key for key in client.scan_iter() if client.type(key) == b"list"]
            waiting = sum(int(client.llen(key)) for key in lists)  # type: ignore[arg-type]
            client.flushall()
            return waiting

    def _answers(self) -> bool:
        try:
            with redis.Redis(port=self._port, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.exceptions.RedisError:
            return False
