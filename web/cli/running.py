"""Commands that run the system: serve, doctor, db upgrade, demo."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import click

from web import bootstrap, doctor, logs
from web.cli.console import MOMENT, config_of, started
from web.config import Config, log_format
from web.json_text import as_json
from web.simulation.demo import DEMO_AT, PASSWORD_FILE, make_demo

BEHIND_PROXY = {  # a proxy on the same machine speaks https and says so
    "trusted_proxy": "127.0.0.1",
    "trusted_proxy_headers": {"x-forwarded-proto", "x-forwarded-host", "x-forwarded-for"},
    "clear_untrusted_proxy_headers": True,
}
PORT = click.IntRange(1, 65535)


@click.command()
@click.option("--host", help="Address to listen on (DUBAN_HOST).")
@click.option("--port", type=PORT, help="Port to listen on (DUBAN_PORT).")
@click.option("--no-worker", is_flag=True, help="Do not work timers and jobs in this process.")
@click.pass_context
def serve(context: click.Context, host: str | None, port: int | None, no_worker: bool) -> None:
    """Serve the web pages; with SQLite and no broker also work timers and jobs in this process."""
    _serve(config_of(context), host, port, with_worker=not no_worker)


def _serve(config: Config, host: str | None, port: int | None, *, with_worker: bool) -> None:
    import waitress

    from web.app import create_app

    logs.set_up(log_format(os.environ))
    engine = started(config)
    app = create_app(engine, config)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # waitress then finishes the requests it has begun
    thread = None
    if with_worker and engine.database.is_sqlite and not config.broker_url:
        own = bootstrap.make_worker(engine, bootstrap.handlers(config))
        thread = threading.Thread(target=own.run, args=(stop,), name="worker", daemon=True)
        thread.start()
    address, at = host or config.host, port or config.port
    click.echo(
        f"督办 duban: http://{address}:{at}/  (worker {'in this process' if thread else 'not here'}; Ctrl-C stops)"
    )
    try:
        waitress.serve(
            app, host=address, port=at, threads=8, ident="duban", **(BEHIND_PROXY if config.is_https else {})
        )
    finally:
        stop.set()
        if thread is not None:
            thread.join(timeout=10)
        engine.close()


@click.command()
@click.option("--json", "wants_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def doctor_command(context: click.Context, wants_json: bool) -> None:
    """Say what is missing on this machine and how to get it."""
    config = config_of(context)
    found = doctor.checks(config.database_url, config.broker_url, config.signing, config.public_url)
    if wants_json:
        click.echo(as_json([check.__dict__ for check in found]))
    else:
        for check in found:
            mark = "✓" if check.ok else ("·" if check.only_for_tests else "✗")
            click.echo(
                f"{mark} {check.name}: {check.detail}" + (f"\n    {check.how_to_fix}" if check.how_to_fix else "")
            )
    if any(not check.ok and not check.only_for_tests for check in found):
        context.exit(1)


@click.group()
def db() -> None:
    """The database."""


@db.command()
@click.pass_context
def upgrade(context: click.Context) -> None:
    """Create the tables or bring them to this program's version."""
    before, after = bootstrap.make_database(config_of(context))
    click.echo(f"schema {after}" if before == after else f"schema {before or 'nothing'} → {after}")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=PORT, default=8420, show_default=True)
@click.option("--cases", default=60, show_default=True, help="Sites in the invented register.")
@click.option("--seed", default=7, show_default=True)
@click.option("--at", type=MOMENT, default=DEMO_AT, show_default=True, help="Where the campaign stands at the start.")
@click.option("--fresh", is_flag=True, help="Throw the present demo away and begin anew.")
@click.option("--no-serve", is_flag=True, help="Only make the database.")
@click.pass_context
def demo(
    context: click.Context, host: str, port: int, cases: int, seed: int, at: object, fresh: bool, no_serve: bool
) -> None:
    """Make (once) and serve the Linxia 2024 demo: cases in every phase, some late, several letters."""
    folder = Path(config_of(context).secret_file).parent
    config = Config(
        database_url=f"sqlite:///{folder / 'demo.db'}",
        secret_file=folder / "demo.secret",
        checkpoints=(folder / "demo.checkpoints",),
        processes=config_of(context).processes,
        public_url=config_of(context).public_url or f"http://{host}:{port}",
        signing=config_of(context).signing,
    )
    begun = time.monotonic()
    made = make_demo(config, cases=cases, seed=seed, at=at, fresh=fresh, say=click.echo)  # type: ignore[arg-type]
    click.echo(f"demo database {'made' if made else 'kept'} ({time.monotonic() - begun:.0f} s): {folder / 'demo.db'}")
    password = (folder / PASSWORD_FILE).read_text().strip()
    click.echo(_accounts(password))
    if not no_serve:
        _serve(config, host, port, with_worker=True)


def _accounts(password: str) -> str:
    rows = (
        ("chengjiao1", "城郊镇承办员 officer of a town"),
        ("gxj1", "市工信局承办员 officer of a lead department"),
        ("ducha1", "督查员 supervisor"),
        ("lingdao", "领导 leader"),
        ("yanshou1, yanshou2", "验收员 acceptors"),
        ("jijian", "纪检联络员 discipline inspector"),
        ("sheji, fabu", "流程设计员、发布员 designer, publisher"),
        ("xitong, anquan, shenji", "系统、安全、审计管理员 administrators"),
    )
    lines = [f"  {login:<24}{what}" for login, what in rows]
    return "\n".join(["accounts 演示账号:", *lines, f"  password 口令: {password}"])


doctor_command.name = "doctor"
COMMANDS = (serve, doctor_command, db, demo)
