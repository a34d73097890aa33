"""What the audit administrator asks: the record line by line with its place in the chain, the days and their
checkpoints, and whether everything still proves itself.
"""

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from engine.chain import FACT_COLUMNS, Checkpoint, key_of
from engine.domain.actor import Actor, require_role
from engine.domain.calendar import SHANGHAI
from engine.proof import Place, Proof, examine
from engine.queries.paging import Branch, Page, capped, count_of, horizon, page_within
from engine.store.audit import CHECKPOINT_COLUMNS, as_checkpoint
from engine.store.schema import checkpoints, fact_chain, facts
from engine.store.transaction import Reader

AT_ONCE = 5000  # rows that a long reading holds in memory
EXPORTED = 50_000  # facts that go into one file of the page; the command line has no such limit


@dataclass(frozen=True)
class FactFilter:
    """Empty words and None do not narrow. Days are Beijing days, both included."""

    kind: str = ""
    person: str = ""
    case_id: str = ""
    since: date | None = None
    until: date | None = None
    page: int = 1


@dataclass(frozen=True)
class SealedFact:
    """One fact and its place in the chain: `position` and digests are None until it is sealed."""

    fact_id: int
    at: datetime
    kind: str
    person: str
    case_id: str | None
    detail: Mapping[str, Any]
    position: int | None
    sha256: str | None
    sm3: str | None


@dataclass(frozen=True)
class FactList:
    filter: FactFilter
    rows: tuple[SealedFact, ...]
    page: Page


@dataclass(frozen=True)
class DayRecord:
    """One Beijing day. `closing` is the checkpoint that closes it, None when none was taken; `checkpoints` are those
    taken during the day."""

    day: date
    facts: int
    by_kind: tuple[tuple[str, int], ...]
    first_fact: int | None
    last_fact: int | None
    unsealed: int
    closing: Checkpoint | None
    checkpoints: tuple[Checkpoint, ...]


@dataclass(frozen=True)
class DayList:
    """Days with facts, the newest first: (day, facts, number of the closing checkpoint or None)."""

    days: tuple[tuple[date, int, int | None], ...]
    last: Checkpoint | None
    sealed: int
    unsealed: int


# -- the page ----------------------------------------------------------------------------------------------------------
def record(reader: Reader, actor: Actor, wanted: FactFilter) -> FactList:
    """The newest facts first. Raises NotPermitted for anybody but the audit administrator."""
    require_role(actor, "auditor")
    query = _narrowed(wanted)
    found, up_to = Branch(query.with_only_columns(facts.c.fact_id), (facts.c.fact_id.desc(),)), horizon(wanted.page)
    total = count_of(reader.execute(sa.select(capped([found], up_to))).scalar_one(), up_to)
    page = page_within(total, wanted.page)
    rows = reader.execute(query.order_by(facts.c.fact_id.desc()).limit(page.per_page).offset(page.offset))
    return FactList(wanted, tuple(SealedFact(**row) for row in rows.mappings()), page)


def record_export(reader: Reader, actor: Actor, wanted: FactFilter) -> tuple[tuple[SealedFact, ...], bool]:
    """All facts of the filter, the oldest first, and whether there are more than EXPORTED of them."""
    require_role(actor, "auditor")
    rows = reader.execute(_narrowed(wanted).order_by(facts.c.fact_id).limit(EXPORTED + 1)).mappings().all()
    return tuple(SealedFact(**row) for row in rows[:EXPORTED]), len(rows) > EXPORTED


def _narrowed(wanted: FactFilter) -> sa.Select[Any]:
    names = ("fact_id", "at", "kind", "person", "case_id", "detail")
    query = sa.select(
        *(facts.c[name] for name in names), fact_chain.c.position, fact_chain.c.sha256, fact_chain.c.sm3
    ).select_from(facts.outerjoin(fact_chain, fact_chain.c.fact_id == facts.c.fact_id))
    if wanted.kind:
        query = query.where(facts.c.kind == wanted.kind)
    if wanted.person:
        query = query.where(facts.c.person.contains(wanted.person, autoescape=True))
    if wanted.case_id:
        query = query.where(facts.c.case_id == wanted.case_id)
    if wanted.since:
        query = query.where(facts.c.at >= _midnight(wanted.since))
    if wanted.until:
        query = query.where(facts.c.at < _midnight(wanted.until + timedelta(days=1)))
    return query


def record_day(reader: Reader, actor: Actor, day: date) -> DayRecord:
    require_role(actor, "auditor")
    begin, end = _midnight(day), _midnight(day + timedelta(days=1))
    of_day = sa.and_(facts.c.at >= begin, facts.c.at < end)
    by_kind = reader.execute(
        sa.select(facts.c.kind, sa.func.count()).where(of_day).group_by(facts.c.kind).order_by(facts.c.kind)
    ).all()
    first, last, sealed = reader.execute(
        sa.select(sa.func.min(facts.c.fact_id), sa.func.max(facts.c.fact_id), sa.func.count(fact_chain.c.position))
        .select_from(facts.outerjoin(fact_chain, fact_chain.c.fact_id == facts.c.fact_id))
        .where(of_day)
    ).one()
    count = sum(number for _, number in by_kind)
    closing = sa.and_(checkpoints.c.kind == "day", checkpoints.c.day == _closed_by(reader, day))
    taken = _checkpoints(reader, sa.or_(sa.and_(checkpoints.c.at >= begin, checkpoints.c.at < end), closing))
    return DayRecord(
        day=day,
        facts=count,
        by_kind=tuple((kind, number) for kind, number in by_kind),
        first_fact=first,
        last_fact=last,
        unsealed=count - sealed,
        closing=next((each for each in taken if each.kind == "day" and each.day is not None and each.day >= day), None),
        checkpoints=tuple(each for each in taken if begin <= each.at < end),
    )


def record_days(reader: Reader, actor: Actor, until: date, count: int = 31) -> DayList:
    """The `count` days up to `until`, those without a fact left out."""
    require_role(actor, "auditor")
    of_days = sa.select(checkpoints.c.day, checkpoints.c.number).where(checkpoints.c.kind == "day")
    closed = sorted((day, number) for day, number in reader.execute(of_days))
    per_day: dict[date, int] = {}
    begin, end = _midnight(until - timedelta(days=count - 1)), _midnight(until + timedelta(days=1))
    hour = _hour_of(reader)
    for at, number in reader.execute(
        sa.select(hour, sa.func.count()).where(facts.c.at >= begin, facts.c.at < end).group_by(hour)
    ):
        day = datetime.strptime(at, "%Y-%m-%d %H").replace(tzinfo=UTC).astimezone(SHANGHAI).date()
        per_day[day] = per_day.get(day, 0) + number
    closing = (next(iter(closed[bisect_left(closed, (day, 0)) :]), None) for day in sorted(per_day, reverse=True))
    days = zip(sorted(per_day, reverse=True), closing, strict=True)
    listed = tuple((day, per_day[day], found[1] if found else None) for day, found in days)
    sealed = reader.execute(sa.select(sa.func.count()).select_from(fact_chain)).scalar_one()
    recorded = reader.execute(sa.select(sa.func.count()).select_from(facts)).scalar_one()
    return DayList(listed, last_checkpoint(reader), sealed, recorded - sealed)


def _closed_by(reader: Reader, day: date) -> date | None:
    """The day whose checkpoint closes this one: itself, or the first after it that got one, where the program stood
    still overnight. None where there is none yet."""
    query = sa.select(sa.func.min(checkpoints.c.day)).where(checkpoints.c.kind == "day", checkpoints.c.day >= day)
    found: date | None = reader.execute(query).scalar()
    return found


def _hour_of(reader: Reader) -> Any:
    """The UTC hour of a fact as text: Beijing days begin on one."""
    if reader.connection.dialect.name == "sqlite":
        return sa.func.substr(sa.type_coerce(facts.c.at, sa.String), 1, 13)
    return sa.func.to_char(sa.func.timezone("UTC", facts.c.at), "YYYY-MM-DD HH24")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


# -- checkpoints -------------------------------------------------------------------------------------------------------
def last_checkpoint(reader: Reader) -> Checkpoint | None:
    found = _checkpoints(reader, checkpoints.c.number == sa.select(sa.func.max(checkpoints.c.number)).scalar_subquery())
    return found[0] if found else None


def checkpoints_after(reader: Reader, number: int, limit: int = AT_ONCE) -> tuple[Checkpoint, ...]:
    """By number, `number` itself first when it is there: who goes on after it sees whether it is still the same."""
    return _checkpoints(reader, checkpoints.c.number >= number, limit)


def _checkpoints(reader: Reader, where: Any, limit: int | None = None) -> tuple[Checkpoint, ...]:
    query = sa.select(*CHECKPOINT_COLUMNS).where(where).order_by(checkpoints.c.number).limit(limit)
    return tuple(as_checkpoint(row) for row in reader.execute(query).mappings())


# -- proof -------------------------------------------------------------------------------------------------------------
def proof(reader: Reader, places: Sequence[Place]) -> Proof:
    """Reads the whole chain, some 20,000 facts a second. `places` are the files outside, as they were read."""
    own = _checkpoints(reader, sa.true())
    unsealed = reader.execute(sa.select(sa.func.count()).select_from(facts).where(~_is_sealed())).scalar_one()
    strays = _strays(reader, own)
    return examine(
        chain_rows(reader), own, places, key_of(reader.secret), unsealed=unsealed - len(strays), strays=strays
    )


def sealed_facts(reader: Reader, after: int, limit: int = AT_ONCE) -> list[dict[str, Any]]:
    """Whole facts of the chain by position, for an export that another program can prove."""
    return list(chain_rows(reader, after, limit))


def unsealed_facts(reader: Reader, after: int, limit: int = AT_ONCE) -> list[dict[str, Any]]:
    """Whole facts that are not in the chain, by id."""
    query = sa.select(*_fact_columns(reader, facts.c.fact_id)).where(~_is_sealed(), facts.c.fact_id > after)
    rows = reader.execute(query.order_by(facts.c.fact_id).limit(limit)).mappings()
    return [_plain({**row, "position": None, "sha256": None, "sm3": None}) for row in rows]


def chain_rows(reader: Reader, after: int = 0, limit: int | None = None) -> Iterator[dict[str, Any]]:
    """The chain by position, each link with its fact; `kind` is None when the fact is gone. An instant or a detail that
    cannot be read stays the text that it is."""
    query = (
        sa.select(
            *_fact_columns(reader, fact_chain.c.fact_id), fact_chain.c.position, fact_chain.c.sha256, fact_chain.c.sm3
        )
        .select_from(fact_chain.outerjoin(facts, facts.c.fact_id == fact_chain.c.fact_id))
        .where(fact_chain.c.position > after)
        .order_by(fact_chain.c.position)
        .limit(limit)
    )
    names = (*FACT_COLUMNS, "position", "sha256", "sm3")
    for row in reader.connection.execution_options(yield_per=AT_ONCE).execute(query):
        yield _plain(dict(zip(names, row, strict=True)))


def _fact_columns(reader: Reader, fact_id: Any) -> list[Any]:
    """`fact_id` is the link's where there is one: a fact that is gone has none. SQLite may hold any text: it is read as
    text first."""
    named: list[Any] = []
    for name in FACT_COLUMNS:
        column = fact_id if name == "fact_id" else facts.c[name]
        if reader.connection.dialect.name == "sqlite" and name in ("at", "detail"):
            column = sa.type_coerce(column, sa.String)
        named.append(column.label(name))
    return named


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    if isinstance(row["at"], str):
        try:
            row["at"] = datetime.fromisoformat(row["at"]).replace(tzinfo=UTC)
            row["detail"] = json.loads(row["detail"])
        except (ValueError, TypeError, RecursionError):
            pass
    return row


def _is_sealed() -> Any:
    return sa.exists().where(fact_chain.c.fact_id == facts.c.fact_id)


def _strays(reader: Reader, own: Sequence[Checkpoint]) -> list[int]:
    """Facts outside the chain although newer ones have been in it for long. On PostgreSQL a transaction may end after
    others that took greater ids; by the checkpoint after next it has ended or was broken off."""
    reach = sa.select(sa.func.max(fact_chain.c.fact_id))
    if reader.connection.dialect.name != "sqlite":
        reach = reach.where(fact_chain.c.position <= (own[-2].position if len(own) > 1 else 0))
    query = sa.select(facts.c.fact_id).where(~_is_sealed(), facts.c.fact_id < reach.scalar_subquery())
    return list(reader.execute(query.order_by(facts.c.fact_id).limit(100)).scalars())
