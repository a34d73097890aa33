"""What the commands share: the configuration of this call, an engine that is closed again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click

from engine.domain.calendar import SHANGHAI
from engine.runtime import Engine
from web import bootstrap
from web.config import Config, from_environment


def config_of(context: click.Context) -> Config:
    return from_environment(os.environ, database_url=context.find_root().obj)


@contextmanager
def engine_of(context: click.Context) -> Iterator[Engine]:
    engine = bootstrap.open_engine(config_of(context))
    try:
        yield engine
    finally:
        engine.close()


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
