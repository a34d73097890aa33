"""The audit administrator's pages: the record line by line, an export of it, and a sheet for each day to print.

They show sentences, not the variables behind them: whoever audits does not read case files. A whole copy, which the
separate verifier can prove, is made at the command line.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.chain import Checkpoint, canonical, instant
from engine.commands.audit import FORMATS, NoteExport
from engine.domain.calendar import civil_date
from engine.domain.facts import FACTS
from engine.errors import NotFound
from engine.queries.audit import EXPORTED, DayList, DayRecord, FactFilter, FactList, SealedFact
from web import format
from web.i18n import language, pick, t
from web.permission import needs
from web.request import actor, download, engine, now, page_number, see, text

blueprint = Blueprint("audit", __name__, url_prefix="/audit")
NAMES = {
    "LetterStandsAgain": ("公文恢复效力", "letter stands again"),
    "InstanceMigrated": ("流程迁移", "process migrated"),
    "CalendarPublished": ("节假日安排载入", "calendar loaded"),
    "RecordExported": ("导出事实记录", "facts exported"),
}
COLUMNS = ("position", "fact_id", "at", "person", "kind", "sentence", "case_id", "sha256", "sm3")


@dataclass(frozen=True)
class RecordPage:
    """`problems` are (field, sentence); what was typed stays in `sent`."""

    found: FactList | None
    sent: dict[str, str]
    kinds: tuple[tuple[str, str], ...]
    problems: tuple[tuple[str, str], ...] = ()
    last: Checkpoint | None = None
    most: int = EXPORTED

    @property
    def is_narrowed(self) -> bool:
        return any(self.sent.values())


@dataclass(frozen=True)
class DaysPage:
    found: DayList
    until: date
    last_at: datetime | None
    is_late: bool


@dataclass(frozen=True)
class DayPage:
    found: DayRecord
    printed_at: datetime
    before: date
    after: date | None

    @property
    def by_kind(self) -> tuple[tuple[str, int], ...]:
        """The most frequent first."""
        counted = ((_name_of(kind), count) for kind, count in self.found.by_kind)
        return tuple(sorted(counted, key=lambda named: (-named[1], named[0])))

    @property
    def shown(self) -> Checkpoint | None:
        """The checkpoint that the sheet vouches for: the one that closes the day, until then the newest of the day."""
        return self.found.closing or (self.found.checkpoints[-1] if self.found.checkpoints else None)


@blueprint.get("/facts")
@needs("auditor")
def record() -> str | tuple[str, int]:
    sent = _sent(request.args)
    wanted, problems = _read(sent)
    found = engine().read.record(actor(), wanted) if wanted is not None else None
    page = RecordPage(found, sent, _kinds(), problems, engine().read.last_checkpoint())
    shown = render_template("audit/record.html", page=page)
    return (shown, 422) if problems else shown


@blueprint.post("/facts/export")
@needs("auditor")
def export() -> BaseResponse | tuple[str, int]:
    """The file comes only after the export is on record."""
    sent, form = _sent(request.form), request.form.get("format", "")
    wanted, problems = _read(sent)
    if form not in FORMATS:
        problems = (*problems, ("format", t("audit.format_unknown")))
    rows: tuple[SealedFact, ...] = ()
    if wanted is not None and not problems:
        rows, has_more = engine().read.record_export(actor(), wanted)
        if has_more:
            problems = (("since", t("audit.too_many", n=f"{EXPORTED:,}")),)
        elif not rows:
            problems = (("kind", t("audit.nothing_to_export")),)
    if wanted is None or problems:
        found = engine().read.record(actor(), wanted) if wanted is not None else None
        page = RecordPage(found, sent, _kinds(), problems, engine().read.last_checkpoint())
        return render_template("audit/record.html", page=page), 422
    filters = {name: value for name, value in sent.items() if value}
    engine().execute(NoteExport(form, len(rows), filters), by=actor())
    name = f"facts-{civil_date(now()):%Y%m%d}.{form}"
    content, media_type = (_csv(rows), "text/csv") if form == "csv" else (_lines(rows), "application/jsonl")
    return download(content, name, media_type)


@blueprint.get("/days")
@needs("auditor")
def days() -> str:
    today = civil_date(now())
    until = min(_date(text("until")) or today, today)
    found = engine().read.record_days(actor(), until)
    last_at = found.last.at if found.last else None
    is_late = last_at is None or (now() - last_at).total_seconds() > 7200
    return render_template("audit/days.html", page=DaysPage(found, until, last_at, is_late))


@blueprint.get("/days/go")
@needs("auditor")
def go() -> BaseResponse:
    """From the field of the list to the day's own address; without a day that is there, back to the list."""
    wanted = _date(text("day"))
    is_past = wanted is not None and wanted <= civil_date(now())
    return see(url_for("audit.day", day=wanted.isoformat()) if wanted and is_past else url_for("audit.days"))


@blueprint.get("/days/<day>")
@needs("auditor")
def day(day: str) -> str:
    wanted, today = _date(day), civil_date(now())
    if wanted is None or wanted > today:
        raise NotFound("day_unknown", f"There is no day {day} on record.", day=day)
    found = engine().read.record_day(actor(), wanted)
    before = date.fromordinal(wanted.toordinal() - 1)
    after = date.fromordinal(wanted.toordinal() + 1) if wanted < today else None
    return render_template("audit/day.html", page=DayPage(found, now(), before, after))


# -- what was asked ----------------------------------------------------------------------------------------------------
def _sent(values: Mapping[str, str]) -> dict[str, str]:
    return {name: values.get(name, "").strip()[:80] for name in ("kind", "person", "case", "since", "until")}


def _read(sent: dict[str, str]) -> tuple[FactFilter | None, tuple[tuple[str, str], ...]]:
    """None when a date cannot be read."""
    problems: list[tuple[str, str]] = []
    dates = {name: _date(sent[name]) for name in ("since", "until")}
    problems += [(name, t("audit.bad_date")) for name, found in dates.items() if sent[name] and found is None]
    if dates["since"] and dates["until"] and dates["since"] > dates["until"]:
        problems.append(("since", t("audit.dates_crossed")))
    if sent["kind"] and sent["kind"] not in FACTS:
        problems.append(("kind", t("audit.kind_unknown")))
    if problems:
        return None, tuple(problems)
    wanted = FactFilter(sent["kind"], sent["person"], sent["case"], dates["since"], dates["until"], page_number())
    return wanted, ()


def _date(written: str) -> date | None:
    try:
        found = date.fromisoformat(written)
    except ValueError:
        return None
    return found if 2000 <= found.year <= 9000 else None


def _name_of(kind: str) -> str:
    """The sentence of a kind without what fills it: 登记入册. A few need a word of their own."""
    if kind in NAMES or kind not in FACTS:  # a fact of an older program keeps its code
        return pick(*NAMES.get(kind, (kind, kind)))
    bare = re.sub(r"\s*第?\{[^{}]*\}\s*[版条次]?", " ", pick(*FACTS[kind]))
    name = re.split(r"[：:，,（(]", bare)[0].strip()
    return re.sub(r"\s+", "" if language() == "zh" else " ", name) or kind


def _kinds() -> tuple[tuple[str, str], ...]:
    return tuple(sorted(((kind, _name_of(kind)) for kind in FACTS), key=lambda named: named[1]))


# -- files -------------------------------------------------------------------------------------------------------------
def _csv(rows: tuple[SealedFact, ...]) -> bytes:
    """With a byte order mark, so that a spreadsheet reads Chinese; what could be a formula begins with a quote."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([t(f"audit.column_{name}") for name in COLUMNS])
    for row in rows:
        told = _told(row)
        writer.writerow([_harmless(told[name]) for name in COLUMNS])
    return b"\xef\xbb\xbf" + file.getvalue().encode("utf-8", "replace")


def _lines(rows: tuple[SealedFact, ...]) -> bytes:
    return "".join(f"{canonical(_told(row))}\n" for row in rows).encode("utf-8", "replace")


def _told(row: SealedFact) -> dict[str, object]:
    return {
        "position": row.position,
        "fact_id": row.fact_id,
        "at": instant(row.at),
        "person": row.person,
        "kind": row.kind,
        "sentence": format.fact(row.kind, row.detail),
        "case_id": row.case_id,
        "sha256": row.sha256,
        "sm3": row.sm3,
    }


def _harmless(value: object) -> str:
    shown = "" if value is None else str(value)
    return f"'{shown}" if shown[:1] in ("=", "+", "-", "@", "\t", "\r") else shown
