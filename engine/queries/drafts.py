"""Letters before their number: whose drafts there are, one draft with its words and opinions, and its print."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import routes
from engine.domain.actor import Actor
from engine.domain.drafting import CHANGEABLE, OPEN, Consent, Standing, Wording
from engine.domain.letter import KINDS
from engine.domain.letter_marks import Marks
from engine.errors import NotFound
from engine.queries import letter_sources
from engine.queries.letter_sources import LetterSource, planned_source
from engine.queries.paging import PER_PAGE, Page, page_of
from engine.store import drafts as store
from engine.store import paper
from engine.store.access import may_see_instance, offered_to, visible_instances
from engine.store.schema import instances, letter_documents, letter_drafts, persons, tasks
from engine.store.schema import letters as letter_rows
from engine.store.transaction import Reader
from engine.wording import as_planned

BOXES = ("waiting", "mine", "open", "over")
OPINIONS = ("draft_note", "review_opinion", "countersign_reason", "countersign_note", "sign_opinion", "return_reason")
POSTS = ("countersign_post", "signer_post")
LIVE = ("OPEN", "CLAIMED")


@dataclass(frozen=True)
class DraftRow:
    """`task` names the step that it waits at; `task_id` is set where the actor may do that step."""

    draft_id: str
    kind: str
    subject: str
    state: str
    letters: int
    written_at: datetime
    written_by: str
    task: str
    task_id: str | None
    due_at: datetime | None


@dataclass(frozen=True)
class DraftList:
    box: str
    rows: tuple[DraftRow, ...]
    page: Page
    counts: Mapping[str, int]  # of each box


@dataclass(frozen=True)
class Planned:
    """One letter that the draft would make, or has made."""

    position: int
    units: tuple[str, ...]
    case_ids: tuple[str, ...]
    letter_id: str | None
    number: str | None


@dataclass(frozen=True)
class Version:
    """One state of the writer's words of one letter."""

    position: int
    version: int
    wording: Wording
    written_at: datetime
    written_by: str


@dataclass(frozen=True)
class Opinion:
    """What somebody decided at a step. `verdict` is agree, disagree, returned or empty; `post` as they wrote it."""

    step: str
    person: str
    post: str
    at: datetime
    verdict: str
    words: str
    unit: str


@dataclass(frozen=True)
class Waiting:
    """A step that is open. `is_offered`: to the actor, who may also hold it already."""

    task_id: str
    name: str
    holder: str | None
    unit: str
    due_at: datetime | None
    is_offered: bool


@dataclass(frozen=True)
class DraftPage:
    draft_id: str
    campaign_id: str
    instance_id: str
    kind: str
    layout: str
    reply_term: str
    reason: str
    subject: str
    state: str
    note: str
    written_at: datetime
    written_by: str
    countersigners: tuple[tuple[str, str], ...]  # unit id, name
    consent: Consent | None
    marks: Marks
    corrects: tuple[str, str] | None  # letter id, number
    route: routes.Route
    letters: tuple[Planned, ...]
    versions: tuple[Version, ...]  # the newest first
    opinions: tuple[Opinion, ...]  # the oldest first
    waiting: tuple[Waiting, ...]
    may_change: bool
    may_withdraw: bool
    standing: Standing  # for a form: what its words were made from

    def wording_of(self, position: int) -> Wording | None:
        """The writer's newest words of a letter; None while it says what the template says."""
        return next((version.wording for version in self.versions if version.position == position), None)


@dataclass(frozen=True)
class Run:
    """Letters that were issued in one action: how many of them have their document."""

    total: int
    made: int
    failed: int

    @property
    def is_making(self) -> bool:
        return self.made + self.failed < self.total


def drafts(reader: Reader, actor: Actor, box: str, number: int) -> DraftList:
    """The newest first. Boxes: waiting for the actor, written by the actor, all that are open, those that are over."""
    query = sa.select(letter_drafts.c.draft_id).select_from(_joined()).where(visible_instances(actor))
    boxes = {
        "waiting": sa.exists().where(_live_task(), sa.or_(tasks.c.assignee_id == actor.person_id, _unclaimed(actor))),
        "mine": sa.and_(letter_drafts.c.written_by_id == actor.person_id, letter_drafts.c.state.in_(OPEN)),
        "open": letter_drafts.c.state.in_(OPEN),
        "over": letter_drafts.c.state.not_in(OPEN),
    }
    counts = {
        name: int(reader.execute(sa.select(sa.func.count()).select_from(query.where(chosen).subquery())).scalar_one())
        for name, chosen in boxes.items()
    }
    page = page_of(reader.execute, query.where(boxes[box]), number)
    found = reader.execute(
        query.where(boxes[box])
        .with_only_columns(letter_drafts)
        .order_by(letter_drafts.c.written_at.desc(), letter_drafts.c.draft_id.desc())
        .limit(PER_PAGE)
        .offset(page.offset)
    ).mappings()
    return DraftList(box, tuple(_row(reader, actor, row) for row in found), page, counts)


def draft(reader: Reader, actor: Actor, draft_id: str) -> DraftPage:
    """Raises NotFound for a draft that is not the actor's to see."""
    row = seen(reader, actor, draft_id)
    planned = store.letters_of(reader, draft_id)
    names = store.units_by_id(reader, [unit_id for one in planned for unit_id in one["unit_ids"]])
    asked = store.units_by_id(reader, row["countersigners"])
    waiting = _waiting(reader, actor, row["instance_id"])
    is_office = actor.has_role("supervisor", "leader")
    held = any(step.holder and step.holder != actor.name for step in waiting)
    return DraftPage(
        **{
            name: row[name] for name in ("draft_id", "campaign_id", "instance_id", "kind", "reason", "subject", "state")
        },
        layout=row["layout"] or KINDS[row["kind"]].layout,
        reply_term=row["reply_term"] or "",
        note=row["note"],
        written_at=row["written_at"],
        written_by=row["written_by"],
        countersigners=tuple((unit_id, asked[unit_id][0]) for unit_id in asked),
        consent=Consent.from_json(row["consent"]),
        marks=Marks.from_json(row["marks"]),
        corrects=_letter(reader, row["corrects_id"]),
        route=routes.route_of(reader, row["campaign_id"], row["kind"]),
        letters=tuple(_planned(reader, one, names) for one in planned),
        versions=tuple(_version(one) for one in reversed(store.texts_of(reader, draft_id))),
        opinions=_opinions(reader, row["instance_id"]),
        waiting=waiting,
        may_change=row["state"] in CHANGEABLE and is_office and not held,
        may_withdraw=row["state"] in OPEN and (row["written_by_id"] == actor.person_id or actor.has_role("leader")),
        standing=store.standing(reader, row),
    )


def draft_of_instance(reader: Reader, actor: Actor, instance_id: str) -> str | None:
    """The draft that a process instance decides; None for every other instance."""
    query = sa.select(letter_drafts.c.draft_id).where(letter_drafts.c.instance_id == instance_id)
    found = reader.execute(query).scalar()
    return str(found) if found and may_see_instance(reader.connection, actor, instance_id) else None


def draft_source(
    reader: Reader, actor: Actor, draft_id: str, position: int, version: int | None = None
) -> LetterSource:
    """What the letter at `position` would print, in its newest words, in those of `version`, or for version 0 in the
    template's own: of what is true now while the writer has it, else of what was when it was handed on. What went out
    is the letter itself, and a draft that is over is of the day on which it ended. Raises NotFound."""
    row = seen(reader, actor, draft_id)
    planned = {one["position"]: one for one in store.letters_of(reader, draft_id)}
    texts = {one["version"]: one for one in store.texts_of(reader, draft_id) if one["position"] == position}
    if position not in planned or (version and version not in texts):
        raise NotFound("draft_unknown", f"Draft {draft_id} has no letter {position}.", draft=draft_id)
    if version is None and planned[position]["letter_id"] is not None:
        return letter_sources.source(reader, planned[position]["letter_id"])
    if row["closed_at"] is not None:
        reader = replace(reader, now=row["closed_at"])
    chosen = texts.get(max(texts, default=0) if version is None else version)
    corrected = _letter(reader, row["corrects_id"])
    kept = None if row["state"] in CHANGEABLE else store.reviewed_of(planned[position])
    if kept is None and corrected:
        kept = as_planned(reader, row, planned[position])
    return planned_source(
        reader,
        campaign_id=row["campaign_id"],
        kind=row["kind"],
        unit_ids=planned[position]["unit_ids"],
        case_ids=planned[position]["case_ids"],
        layout=row["layout"],
        reply_term=row["reply_term"],
        reason=row["reason"],
        wording=Wording(chosen["title"], tuple(chosen["lines"])) if chosen else None,
        consent=Consent.from_json(row["consent"]),
        extra={"signer": routes.route_of(reader, row["campaign_id"], row["kind"]).signer_post or row["written_by"]}
        | ({"corrects": {"number": corrected[1], "reason": row["note"]}} if corrected else {}),
        reviewed=kept,
        marks=Marks.from_json(row["marks"]).at(position),
    )


def route(reader: Reader, campaign_id: str, kind: str) -> routes.Route:
    return routes.route_of(reader, campaign_id, kind)


def run(reader: Reader, run_id: str) -> Run:
    """Counts only: whoever asks has seen the register."""
    of_run = sa.select(letter_rows.c.letter_id).where(letter_rows.c.run_id == run_id)
    total = reader.execute(sa.select(sa.func.count()).select_from(of_run.subquery())).scalar_one()
    made = reader.execute(
        sa.select(sa.func.count()).where(letter_documents.c.letter_id.in_(of_run)).select_from(letter_documents)
    ).scalar_one()
    return Run(total, made, paper.failed_documents(reader, run_id))


# -- parts -------------------------------------------------------------------------------------------------------------
def _joined() -> Any:
    return letter_drafts.join(instances, instances.c.instance_id == letter_drafts.c.instance_id)


def _live_task() -> Any:
    return sa.and_(tasks.c.instance_id == letter_drafts.c.instance_id, tasks.c.state.in_(LIVE))


def _unclaimed(actor: Actor) -> Any:
    return sa.and_(tasks.c.state == "OPEN", offered_to(actor))


def seen(reader: Reader, actor: Actor, draft_id: str) -> Mapping[str, Any]:
    row = store.get(reader, draft_id)
    if not may_see_instance(reader.connection, actor, row["instance_id"]):
        raise NotFound("draft_unknown", f"There is no draft {draft_id}.", draft=draft_id)
    return row


def _row(reader: Reader, actor: Actor, row: Mapping[str, Any]) -> DraftRow:
    steps = _waiting(reader, actor, row["instance_id"])
    mine = next((step for step in steps if step.is_offered and step.holder in (None, actor.name)), None)
    shown = mine or (steps[0] if steps else None)
    return DraftRow(
        draft_id=row["draft_id"],
        kind=row["kind"],
        subject=row["subject"],
        state=row["state"],
        letters=len(store.letters_of(reader, row["draft_id"])),
        written_at=row["written_at"],
        written_by=row["written_by"],
        task=shown.name if shown else "",
        task_id=mine.task_id if mine else None,
        due_at=shown.due_at if shown else None,
    )


def _letter(reader: Reader, letter_id: str | None) -> tuple[str, str] | None:
    row = paper.get_letter(reader, letter_id) if letter_id else None
    return (str(letter_id), row["number"]) if row else None


def _planned(reader: Reader, one: Mapping[str, Any], names: Mapping[str, tuple[str, str]]) -> Planned:
    issued = _letter(reader, one["letter_id"])
    units = tuple(names[unit_id][0] for unit_id in one["unit_ids"])
    return Planned(one["position"], units, tuple(one["case_ids"]), one["letter_id"], issued[1] if issued else None)


def _version(row: Mapping[str, Any]) -> Version:
    wording = Wording(row["title"], tuple(row["lines"]))
    return Version(row["position"], row["version"], wording, row["written_at"], row["written_by"])


def _waiting(reader: Reader, actor: Actor, instance_id: str) -> tuple[Waiting, ...]:
    query = (
        sa.select(tasks, persons.c.name.label("holder"), offered_to(actor).label("is_offered"))
        .outerjoin(persons, persons.c.person_id == tasks.c.assignee_id)
        .where(tasks.c.instance_id == instance_id, tasks.c.state.in_(LIVE))
        .order_by(tasks.c.opened_at, tasks.c.task_id)
    )
    return tuple(
        Waiting(
            row["task_id"],
            row["name"],
            row["holder"],
            "、".join(store.unit_names_of_task(reader, row["task_id"])),
            row["due_at"],
            bool(row["is_offered"]),
        )
        for row in reader.execute(query).mappings()
    )


def _opinions(reader: Reader, instance_id: str) -> tuple[Opinion, ...]:
    query = (
        sa.select(tasks, persons.c.name.label("person"))
        .join(persons, persons.c.person_id == tasks.c.completed_by_id)
        .where(tasks.c.instance_id == instance_id, tasks.c.state == "COMPLETED")
        .order_by(tasks.c.completed_at, tasks.c.task_id)
    )
    return tuple(_opinion(reader, row) for row in reader.execute(query).mappings())


def _opinion(reader: Reader, row: Mapping[str, Any]) -> Opinion:
    said = row["variables"] or {}
    verdict = "returned" if said.get("outcome") == "returned" else str(said.get("countersign_result") or "")
    return Opinion(
        step=row["name"],
        person=row["person"],
        post=next((str(said[name]) for name in POSTS if said.get(name)), ""),
        at=row["completed_at"],
        verdict=verdict,
        words=next((str(said[name]) for name in reversed(OPINIONS) if said.get(name)), ""),
        unit="、".join(store.unit_names_of_task(reader, row["task_id"])),
    )
