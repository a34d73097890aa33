"""Commands that speak to running processes: message."""

import json
import secrets
from datetime import UTC, datetime
from typing import Any

import click

from engine.commands.messages import SendMessage
from engine.domain.actor import SYSTEM
from engine.domain.calendar import SHANGHAI
from engine.domain.message import MessageState
from web.cli.console import MOMENT, engine_of
from web.json_text import as_json


class Pair(click.ParamType):
    """`name=value`; a value that is JSON (a number, true, "text", a list) is read as such, anything else as text."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        name, mark, text = str(value).partition("=")
        if not mark or not name:
            self.fail(f"{value!r}: write name=value", param, ctx)
        try:
            return name, json.loads(text)
        except (ValueError, RecursionError):
            return name, text


@click.command()
@click.argument("name")
@click.option("--business-key", metavar="KEY", help="Case number, supervision item or report it is for.")
@click.option("--key", "keys", multiple=True, type=Pair(), help="Correlation key; may be given more than once.")
@click.option("--var", "variables", multiple=True, type=Pair(), help="Variable it brings; may be given more than once.")
@click.option("--id", "message_id", help="Its id: sent again with the same one it has no second effect.")
@click.option("--expires", type=MOMENT, help="Until when it is kept for who does not wait yet (default: 30 days).")
@click.option("--json", "wants_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def message(
    context: click.Context,
    name: str,
    business_key: str | None,
    keys: tuple[tuple[str, Any], ...],
    variables: tuple[tuple[str, Any], ...],
    message_id: str | None,
    expires: datetime | None,
    wants_json: bool,
) -> None:
    """Send a message to the process that waits for NAME; the worker delivers it."""
    command = SendMessage(
        message_id or secrets.token_hex(12),
        name,
        business_key,
        dict(keys),
        dict(variables),
        expires.astimezone(UTC) if expires else None,
    )
    with engine_of(context) as engine:
        engine.execute(command, by=SYSTEM)
        sent = engine.read.message(SYSTEM, command.message_id)
    if wants_json:
        click.echo(as_json(sent.__dict__))
        return
    told = {
        MessageState.WAITING: f"accepted, kept until {sent.expires_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        MessageState.DELIVERED: f"delivered to {sent.instance_id}",
        MessageState.EXPIRED: "expired",
    }
    click.echo(f"{sent.message_id}: {told[sent.state]}")


COMMANDS = (message,)
