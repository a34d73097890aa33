"""Makes Celery notice that Redis died while every process was busy.

Celery 5.7 reads the broker's socket only while it has room for a message. When all its processes are at work and the
acknowledgements that follow fail, it writes that to the log, keeps the slots taken and never asks for a message again:
the worker stands still for ever, beside a broker that is long back. Here such a failure cuts the connection instead,
and Celery makes a new one.
"""

from typing import Any, ClassVar, Final

from celery import bootsteps
from celery.worker.request import Request

LOOK_EVERY: Final = 1.0  # seconds


class NotedRequest(Request):
    """A message whose acknowledgement is watched."""

    def acknowledge(self) -> None:
        super().acknowledge()  # Celery only asks for it here; it is done in the next round of its loop
        Pulse.asked.append(self.message)


class Pulse(bootsteps.StartStopStep):  # type: ignore[misc]
    """Looks every second, and raises what Celery takes for a lost connection."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    asked: ClassVar[list[Any]] = []  # messages whose acknowledgement was asked for since the last look

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._consumer = consumer
        self._timer: Any = None
        self._earlier: list[Any] = []

    def start(self, consumer: Any) -> None:
        self._earlier = []
        self._timer = consumer.timer.call_repeatedly(LOOK_EVERY, self.look)

    def stop(self, consumer: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def look(self) -> None:
        """Raises ConnectionResetError when a message of the present connection could not be acknowledged.

        Those of an earlier connection never can be, and do no harm: the broker gives them to somebody, who finds the
        job done.
        """
        channel = self._consumer.task_consumer.channel
        failed = [message for message in self._earlier if message.channel is channel and not message.acknowledged]
        self._earlier = self.asked[:]
        self.asked.clear()
        if failed:
            raise ConnectionResetError(f"{len(failed)} messages could not be acknowledged")
