"""Where a form, decision table, letter, process or group is used: in the newest version of every folder, in drafts as
far as they differ from it, and in the plans of campaigns. And the same turned round: what each folder stands on."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa

from engine import plans
from engine.bpmn.decision import read_decisions
from engine.bpmn.references import (
    CALLS,
    DECISION,
    FORM,
    GROUP,
    KINDS,
    LETTER,
    PROCESS,
    STARTS,
    Reference,
    references_of,
)
from engine.domain.letter import KINDS as LETTER_KINDS
from engine.errors import EngineError, NotFound
from engine.queries.campaigns import campaigns
from engine.queries.models import model_draft, model_drafts_under_way
from engine.store.schema import definitions
from engine.store.transaction import Reader

OF_CAMPAIGN = "campaign."  # a table that the campaign's rules name: campaign.ladder
IN_PLAN = "plan"


@dataclass(frozen=True)
class Usage:
    """One place. `key` is the folder, or the campaign where `how` is plan. `draft_id` where only a draft says so;
    `version` is then None. `via` is the role under which a plan chose the table, such as campaign.ladder."""

    key: str
    title: str
    version: int | None
    draft_id: str | None
    file: str
    element_id: str
    element_name: str
    how: str
    via: str = ""


@dataclass(frozen=True)
class Named:
    """Something that can be used. `home` is the folder that holds it, "" for what nobody holds, such as a group.
    `uses` counts places; none of a known thing may mean that it can go, or that the program itself uses it."""

    kind: str
    name: str
    title: str
    home: str
    uses: int
    is_known: bool
    title_en: str = ""


@dataclass(frozen=True)
class Dependency:
    """What the newest version of one folder stands on, each name once; `called_by` also holds who starts it."""

    key: str
    title: str
    version: int
    calls: tuple[str, ...]
    starts: tuple[str, ...]
    called_by: tuple[str, ...]
    forms: tuple[str, ...]
    decisions: tuple[str, ...]
    letters: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class _Folder:
    key: str
    title: str
    version: int
    files: Mapping[str, bytes]
    references: tuple[Reference, ...]


_read: dict[str, tuple[Reference, ...]] = {}  # by definition id, which names its content


def usages(reader: Reader, kind: str, name: str) -> tuple[Usage, ...]:
    """Folders by key, then drafts, then plans. Raises NotFound for an unknown kind; a name that nobody uses has no
    places."""
    if kind not in KINDS:
        raise NotFound("usage_kind_unknown", f"{kind[:40]!r} is no kind of thing.", kind=kind[:40])
    folders = _folders(reader)
    rows = tuple(_in_plans(reader, kind, name))
    wanted = {name: "", **{row.via: row.via for row in rows if row.via}}
    found = [
        _usage(folder.key, folder.title, folder.version, None, each, wanted[each.name])
        for folder in folders
        for each in folder.references
        if each.kind == kind and each.name in wanted
    ]
    for draft_id, key, title, more in _in_drafts(reader, folders):
        places = (each for each in more if each.kind == kind and each.name in wanted)
        found += [_usage(key, title, None, draft_id, each, wanted[each.name]) for each in places]
    return (*found, *rows)


def named_things(reader: Reader) -> tuple[Named, ...]:
    """Everything that is known or named, by kind and name."""
    folders = _folders(reader)
    counts = Counter((each.kind, each.name) for folder in folders for each in folder.references if each.name)
    for row in _plan_rows(reader):
        counts[row.kind, row.name] += 1
    known = {(each[0], each[1]): each for folder in folders for each in _held(folder)}
    known |= {(LETTER, kind.key): (LETTER, kind.key, kind.zh, kind.en, "letters") for kind in LETTER_KINDS.values()}
    found = [
        Named(kind, name, title, home, counts[kind, name], True, title_en)
        for (kind, name), (_, _, title, title_en, home) in known.items()
    ]
    found += [
        Named(kind, name, "", "", uses, kind == GROUP or name.startswith(OF_CAMPAIGN))
        for (kind, name), uses in counts.items()
        if (kind, name) not in known
    ]
    return tuple(sorted(found, key=lambda each: (KINDS.index(each.kind), each.name)))


def dependencies(reader: Reader) -> tuple[Dependency, ...]:
    """By key."""
    folders = _folders(reader)
    callers: dict[str, dict[str, None]] = {}
    for folder in folders:
        for each in folder.references:
            if each.kind == PROCESS and each.name:
                callers.setdefault(each.name, {})[folder.key] = None
    return tuple(
        Dependency(
            key=folder.key,
            title=folder.title,
            version=folder.version,
            calls=_names(folder, PROCESS, CALLS),
            starts=_names(folder, PROCESS, STARTS),
            called_by=tuple(callers.get(folder.key, ())),
            forms=_names(folder, FORM),
            decisions=_names(folder, DECISION),
            letters=_names(folder, LETTER),
            groups=_names(folder, GROUP),
        )
        for folder in folders
    )


def _names(folder: _Folder, kind: str, how: str = "") -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            each.name for each in folder.references if each.kind == kind and each.name and how in ("", each.how)
        )
    )


def _folders(reader: Reader) -> tuple[_Folder, ...]:
    newest = sa.select(definitions.c.key, sa.func.max(definitions.c.version).label("version"))
    latest = newest.group_by(definitions.c.key).subquery()
    query = sa.select(definitions.c.definition_id, definitions.c.key, definitions.c.name, definitions.c.version).join(
        latest, sa.and_(latest.c.key == definitions.c.key, latest.c.version == definitions.c.version)
    )
    found = []
    for row in reader.execute(query.order_by(definitions.c.key)):
        files = plans.definition(reader, row.definition_id).files
        if row.definition_id not in _read:
            _read[row.definition_id] = references_of(files)
        found.append(_Folder(row.key, row.name, row.version, files, _read[row.definition_id]))
    return tuple(found)


def _held(folder: _Folder) -> Iterator[tuple[str, str, str, str, str]]:
    """(kind, name, title, English title, home) of what this folder brings."""
    if f"{folder.key}.bpmn" in folder.files:
        yield PROCESS, folder.key, folder.title, "", folder.key
    for name, content in sorted(folder.files.items()):
        if name.endswith(".form"):
            yield FORM, name.removesuffix(".form"), *_form_titles(content), folder.key
        elif name.endswith(".dmn"):
            with suppress(EngineError):
                for decision_id, decision in read_decisions(content).items():
                    yield DECISION, decision_id, decision.name, "", folder.key


def _form_titles(content: bytes) -> tuple[str, str]:
    """Chinese, English; empty where it bears none."""
    try:
        form = json.loads(content)
        titles = form.get("title", ""), form.get("titleEn", "")
    except (ValueError, AttributeError, RecursionError):
        return "", ""
    zh, en = (title if isinstance(title, str) else "" for title in titles)
    return zh, en


def _in_drafts(reader: Reader, folders: tuple[_Folder, ...]) -> Iterator[tuple[str, str, str, tuple[Reference, ...]]]:
    """(draft id, key, title, what the newest version does not name there)"""
    published = {folder.key: frozenset(folder.references) for folder in folders}
    for row in model_drafts_under_way(reader):
        references = references_of(model_draft(reader, row.draft_id).files)
        more = tuple(each for each in references if each not in published.get(row.key, frozenset()))
        yield row.draft_id, row.key, row.title, more


@dataclass(frozen=True)
class _PlanRow:
    kind: str
    name: str
    campaign_id: str
    title: str
    place: str
    via: str


def _plan_rows(reader: Reader) -> Iterator[_PlanRow]:
    """What the plans of campaigns name: tables by their rules, processes by their roles and phases."""
    for row in campaigns(reader):
        plan = plans.campaign(reader, row.campaign_id)
        for role, name in plan.rules.items():
            yield _PlanRow(DECISION, name, row.campaign_id, row.title, f"rules.{role}", f"{OF_CAMPAIGN}{role}")
        for role, name in plan.processes.items():
            yield _PlanRow(PROCESS, name, row.campaign_id, row.title, f"processes.{role}", "")


def _in_plans(reader: Reader, kind: str, name: str) -> Iterator[Usage]:
    for row in _plan_rows(reader):
        if (row.kind, row.name) == (kind, name):
            yield Usage(
                row.campaign_id, row.title, None, None, f"{row.campaign_id}.toml", row.place, "", IN_PLAN, row.via
            )


def _usage(key: str, title: str, version: int | None, draft_id: str | None, found: Reference, via: str) -> Usage:
    return Usage(key, title, version, draft_id, found.file, found.element_id, found.element_name, found.how, via)
