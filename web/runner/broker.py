"""What goes over the broker: ids of due jobs, in one queue for each sort of work. The database alone knows the truth.

Losing a message, emptying the broker or getting a message twice therefore costs time at most: a job is done by whoever
claims it in the database, and what was handed out and never claimed is handed out again.
"""

from typing import Final

from celery import Celery
from kombu import Queue

from engine.domain.job import LEASE_SECONDS, TIMER

QUEUES: Final = ("timers", "letters", "mail", "imports")
DEFAULT_QUEUE: Final = "timers"
QUEUE_OF: Final = {  # by kind of job; a kind that is not here goes with the timers
    TIMER: "timers",
    "remind": "timers",
    "start_process": "timers",
    "publish_message": "timers",
    "letter": "letters",
    "batch": "imports",
}  # nothing sends mail yet: the queue `mail` is there for what will
TASK: Final = "duban.job"


def queue_of(kind: str) -> str:
    return QUEUE_OF.get(kind, DEFAULT_QUEUE)


def kinds_of(queue: str) -> tuple[str, ...]:
    return tuple(kind for kind, named in QUEUE_OF.items() if named == queue)


def make_app(broker_url: str) -> Celery:
    """Celery set up to carry ids and nothing else: JSON only, no results, no remote control."""
    app = Celery("duban", broker=broker_url, set_as_current=False)
    app.conf.update(
        task_queues=[Queue(name, routing_key=name) for name in QUEUES],
        task_default_queue=DEFAULT_QUEUE,
        task_create_missing_queues=False,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        # Acknowledged after the work, one message a process at a time: a worker that dies takes no queue with it.
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,  # what is begun is finished, broker or not
        # Beyond two leases nobody waits for the result any more: the process is replaced.
        task_time_limit=2 * LEASE_SECONDS,
        # Redis gives an unacknowledged message to somebody else after this; the claim makes that harmless, and sooner
        # than the lease it would be useless.
        broker_transport_options={
            "visibility_timeout": 2 * LEASE_SECONDS,
            "socket_connect_timeout": 5,
            "socket_timeout": 10,
            "socket_keepalive": True,
        },
        broker_connection_timeout=5,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_enable_remote_control=False,  # whoever reaches the broker may not command our processes
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        enable_utc=True,
    )
    return app


def look(broker_url: str) -> tuple[str, str]:
    """The broker's address without its password, and what is wrong with it: empty when it answers."""
    try:
        with make_app(broker_url).connection_for_write() as connection:
            shown = str(connection.as_uri())
            try:
                connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=10)
            except Exception as error:  # whatever the transport raises is the answer
                return shown, f"{type(error).__name__}: {error}".splitlines()[0]
    except Exception as error:  # an address that names no transport
        return broker_url.partition(":")[0], f"{type(error).__name__}: {error}".splitlines()[0]
    return shown, ""
