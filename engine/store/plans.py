"""Campaigns, calendars and settings: what was decided outside the software and loaded into it."""

import hashlib

import sqlalchemy as sa

from engine.store.prepared import Prepared
from engine.store.schema import calendars, campaigns, settings
from engine.store.transaction import Transaction

DEMO = "demo"  # settings: the database is a demo, and its clock runs this many seconds ahead of the computer's
CLOCK_OFFSET = "clock.offset_seconds"

_CONTENT = sa.select(campaigns.c.content).where(campaigns.c.campaign_id == sa.bindparam("campaign_id"))
_DIGESTS = sa.select(calendars.c.year, calendars.c.sha256).order_by(calendars.c.year)
EDITION = "plans.edition"  # a new word whenever a definition, a calendar or a campaign is new
_STANDING = Prepared(
    sa.select(settings.c.name, settings.c.value).where(
        settings.c.name.in_([sa.literal_column(f"'{name}'") for name in (DEMO, CLOCK_OFFSET, EDITION)])
    )
)
_SETTING = sa.select(settings.c.value).where(settings.c.name == sa.bindparam("name"))


def add_campaign(tx: Transaction, *, campaign_id: str, title: str, content: bytes) -> None:
    tx.execute(
        campaigns.insert().values(
            campaign_id=campaign_id,
            title=title,
            content=content,
            sha256=hashlib.sha256(content).hexdigest(),
            opened_at=tx.now,
            last_serial=0,
        )
    )


def campaign_content(connection: sa.Connection, campaign_id: str) -> bytes | None:
    return connection.execute(_CONTENT, {"campaign_id": campaign_id}).scalar()


def lock_campaign(tx: Transaction, campaign_id: str) -> None:
    """One import at a time: what the register holds already is read after this."""
    tx.execute(sa.select(campaigns.c.campaign_id).where(campaigns.c.campaign_id == campaign_id).with_for_update())


def take_case_serials(tx: Transaction, campaign_id: str, count: int) -> range:
    """The next `count` case serials of the campaign, under its row's lock."""
    tx.execute(
        campaigns.update()
        .where(campaigns.c.campaign_id == campaign_id)
        .values(last_serial=campaigns.c.last_serial + count)
    )
    last = tx.execute(sa.select(campaigns.c.last_serial).where(campaigns.c.campaign_id == campaign_id)).scalar_one()
    return range(last - count + 1, last + 1)


def put_calendar(tx: Transaction, year: int, content: bytes) -> bool:
    """Whether anything changed."""
    sha256 = hashlib.sha256(content).hexdigest()
    known = tx.execute(sa.select(calendars.c.sha256).where(calendars.c.year == year)).scalar()
    if known == sha256:
        return False
    if known is None:
        tx.execute(calendars.insert().values(year=year, content=content, sha256=sha256, loaded_at=tx.now))
    else:
        tx.execute(
            calendars.update().where(calendars.c.year == year).values(content=content, sha256=sha256, loaded_at=tx.now)
        )
    return True


def calendar_digests(connection: sa.Connection) -> tuple[tuple[int, str], ...]:
    return tuple((row.year, row.sha256) for row in connection.execute(_DIGESTS))


def calendar_contents(connection: sa.Connection) -> list[bytes]:
    return list(connection.execute(sa.select(calendars.c.content).order_by(calendars.c.year)).scalars())


def get_setting(connection: sa.Connection, name: str) -> str | None:
    return connection.execute(_SETTING, {"name": name}).scalar()


def standing(connection: sa.Connection) -> tuple[float, str]:
    """By how many seconds the clock of a demo runs ahead (nought outside a demo), and the edition of the plans."""
    found = {row["name"]: row["value"] for row in _STANDING.rows(connection, {})}
    return float(found.get(CLOCK_OFFSET, 0)) if found.get(DEMO) == "1" else 0.0, found.get(EDITION, "")


def changed(tx: Transaction) -> None:
    """A definition, a calendar or a campaign is new: nobody goes on with what is remembered of them."""
    tx.insert_missing(settings, name=EDITION, value="")
    tx.execute(settings.update().where(settings.c.name == EDITION).values(value=tx.new_id()))
    tx.plans = {}


def put_setting(tx: Transaction, name: str, value: str) -> None:
    if tx.execute(settings.update().where(settings.c.name == name).values(value=value)).rowcount == 0:
        tx.execute(settings.insert().values(name=name, value=value))
