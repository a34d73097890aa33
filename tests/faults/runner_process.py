"""One process of the runner in a test: `work` takes ids from every queue, `dispatch` and `dispatch-twice` fill them.

Letters are made in no time; everything else is as in production.
"""

import os
import signal
import sys
import threading

from scenario import fake_letter

from web import bootstrap, logs
from web.config import from_environment
from web.runner.broker import QUEUES, make_app
from web.runner.celery_worker import work_queues
from web.runner.dispatcher import Dispatcher

HANDED_OUT_SECONDS = 2.0


class Twice(Dispatcher):
    """Every message goes out two times, as a broker may deliver it."""

    def _send(self, job_id: str, queue: str) -> None:
        super()._send(job_id, queue)
        super()._send(job_id, queue)


def main(what: str) -> int:
    config = from_environment(os.environ)
    logs.set_up("text")
    if what == "work":
        return work_queues(config, QUEUES, concurrency=2, handlers={"letter": fake_letter})
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    sort = Twice if what == "dispatch-twice" else Dispatcher
    engine = bootstrap.open_engine(config)
    sort(engine, make_app(config.broker_url), seconds=HANDED_OUT_SECONDS, batch=20).run(stop, idle_seconds=0.1)
    engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
