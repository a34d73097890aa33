"""What the commands share: the configuration of this call, an engine that is closed again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click

from engine.domain.calendar import SHANGHAI
from engine.errors import Refused
from engine.runtime import Engine
from web import bootstrap
from web.config import Config, from_environment


def config_of(context: click.Context) -> Config:
    try:
        return from_environment(os.environ, database_url=context.find_root().obj)
    except ValueError as error:
        port = os.environ.get("DUBAN_PORT")
        raise click.UsageError(f"DUBAN_PORT is no port number: {port!r}") from error


@contextmanager
def engine_of(context: click.Context) -> Iterator[Engine]:
    engine = started(config_of(context))
    try:
        yield engine
    finally:
        engine.close()


def started(config: Config) -> Engine:
    try:
        return bootstrap.open_engine(config)
    except ValueError as error:  # the key is read as hexadecimal text
        raise Refused(
            "secret_unreadable", f"{config.secret_file} holds no key of this program.", file=str(config.secret_file)
        ) from error


class Moment(click.ParamType):
    """A date or an instant as an office writes it: 2024-06-21 or "2024-06-21 12:01", Beijing time unless it says
    otherwise."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value).strip().removeprefix("到").strip()
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{value!r} is not a date: write 2024-06-21 or '2024-06-21 12:01'", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


MOMENT = Moment()
