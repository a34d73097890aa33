"""Commands that do the machine's work: worker and dispatch. With a broker Celery carries the ids, without one workers
look into the table themselves."""

import logging
import os
import signal
import threading

import click

from web import bootstrap, logs
from web.cli.console import config_of, engine_of, started
from web.config import Config, log_format
from web.runner.metrics_port import serve_metrics

log = logging.getLogger("duban.jobs")
PORT = click.IntRange(1, 65535)
METRICS_PORT = click.option("--metrics-port", type=PORT, help="Show this process's figures at /metrics there.")
METRICS_HOST = click.option("--metrics-host", default="127.0.0.1", show_default=True, help="Address of that port.")


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, from the table itself, and stop.")
@click.option("--queues", default=None, help="With a broker: only these, by comma: timers, letters, mail, imports.")
@click.option("--concurrency", type=click.IntRange(1, 64), help="With a broker: processes. Default: one a core.")
@METRICS_PORT
@METRICS_HOST
@click.pass_context
def worker(
    context: click.Context,
    once: bool,
    queues: str | None,
    concurrency: int | None,
    metrics_port: int | None,
    metrics_host: str,
) -> None:
    """Work timers and jobs until stopped. Any number of workers may run beside each other.

    With DUBAN_BROKER_URL the ids of due jobs come from Celery's queues, where `duban dispatch` puts them.
    """
    config = config_of(context)
    chosen = _queues(queues)
    logs.set_up(log_format(os.environ))
    if metrics_port is not None:
        serve_metrics(config, metrics_host, metrics_port)
    if config.broker_url and not once:
        started(config).close()  # a wrong schema, key or address is said here and not by every job
        context.exit(_work_queues(config, chosen, concurrency))
    if queues is not None:  # as when the broker is taken out of the environment for a while
        log.warning("no broker: working every kind of job from the table, whatever --queues says")
    with engine_of(context) as engine:
        own = bootstrap.make_worker(engine, bootstrap.handlers(config))
        if once:
            click.echo(f"{own.run_until_idle()} jobs")
            return
        own.run(_stopped())


@click.command()
@click.option(
    "--seconds", type=click.FloatRange(1, 3600), default=60, show_default=True, help="Handed out for so long."
)
@METRICS_PORT
@METRICS_HOST
@click.pass_context
def dispatch(context: click.Context, seconds: float, metrics_port: int | None, metrics_host: str) -> None:
    """Hand ids of due jobs to the broker until stopped. One on each machine is right: they do not disturb each other.

    An id that nobody claimed within --seconds is handed out again: so a broker may lose what it likes.
    """
    from web.runner.broker import make_app
    from web.runner.dispatcher import Dispatcher, QueueLengths

    config = config_of(context)
    if not config.broker_url:
        raise click.UsageError("dispatch needs DUBAN_BROKER_URL; without a broker `duban worker` does it all.")
    logs.set_up(log_format(os.environ))
    with engine_of(context) as engine:
        app = make_app(config.broker_url)
        if metrics_port is not None:
            serve_metrics(config, metrics_host, metrics_port, QueueLengths(app))
        Dispatcher(engine, app, seconds=seconds).run(_stopped())


def _queues(named: str | None) -> tuple[str, ...]:
    from web.runner.broker import QUEUES

    wanted = tuple(name.strip() for name in named.split(",") if name.strip()) if named is not None else QUEUES
    if unknown := [name for name in wanted if name not in QUEUES]:
        raise click.UsageError(f"no such queue: {', '.join(unknown)}; there are {', '.join(QUEUES)}.")
    if not wanted:
        raise click.UsageError("--queues names no queue.")
    return wanted


def _work_queues(config: Config, queues: tuple[str, ...], concurrency: int | None) -> int:
    from web.runner.celery_worker import work_queues

    return work_queues(config, queues, concurrency=concurrency or os.cpu_count() or 1)


def _stopped() -> threading.Event:
    """Set by SIGINT and SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


COMMANDS = (worker, dispatch)
