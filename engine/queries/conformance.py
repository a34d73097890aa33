"""Whether the recorded paths of a version's instances follow its diagram: how many do, and how the others do not.

The path is what an instance has passed (`visits`); it is judged by `engine.bpmn.conformance`. Instances with the same
path are judged together, so the work grows with the number of different paths. What happened after an instance was
moved or migrated by hand is not judged: no diagram foresees it, and it is told with its reason instead. Where a ladder
has gone since a referral that does not concern the reader is left out: its path is judged as one that goes on.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, Final

import sqlalchemy as sa

from engine import plans
from engine.bpmn.conformance import PathModel, TooManyWays, path_model
from engine.bpmn.elements import Element, read_elements
from engine.domain.actor import Actor
from engine.domain.instance import InstanceKind, InstanceState
from engine.queries.instances import seen_by
from engine.store.access import discreet_climbs, known_referrals, known_visits
from engine.store.schema import batches, definitions, facts, instances, snapshots, visits
from engine.store.transaction import Reader

LOOKED_AT: Final = 40_000  # instances of a version, those that began last
AT_ONCE: Final = 10_000  # rows fetched together
SHOWN: Final = 20  # instances of one finding that are named
MOVED: Final = "moved"
MIGRATED_HERE: Final = "migrated_here"
MIGRATED_AWAY: Final = "migrated_away"
UNDONE: Final = "undone"
BY_HAND: Final = (MOVED, MIGRATED_HERE, MIGRATED_AWAY, UNDONE)
_FACTS: Final = ("InstanceMoved", "InstanceMigrated", "OperationUndone")


@dataclass(frozen=True)
class Found:
    """An instance of a finding. `at` and `reason` are of the act by hand, empty for what the path itself shows."""

    instance_id: str
    case_id: str
    business_key: str
    kind: str
    at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class Finding:
    """One kind of deviation at one element, or one kind of act by hand; `count` instances, the first SHOWN named."""

    kind: str
    element_id: str
    name: str
    count: int
    instances: tuple[Found, ...]

    @property
    def is_by_hand(self) -> bool:
        return self.kind in BY_HAND


@dataclass(frozen=True)
class Conformance:
    """Every instance is in exactly one of `following`, `deviating`, `by_hand` and `undecided`. `never` are the elements
    that no instance has passed. `is_cut`: there are more instances than LOOKED_AT."""

    key: str
    version: int
    definition_id: str
    name: str
    following: int = 0
    deviating: int = 0
    by_hand: int = 0
    undecided: int = 0
    paths: int = 0
    findings: tuple[Finding, ...] = ()
    never: tuple[Element, ...] = ()
    passed: Mapping[str, int] = field(default_factory=dict)
    is_cut: bool = False

    @property
    def total(self) -> int:
        return self.following + self.deviating + self.by_hand + self.undecided


@dataclass(frozen=True)
class _Act:
    """By hand, on one instance; `element_ids` are those of this process that it was moved to."""

    kind: str
    at: datetime
    reason: str
    element_ids: tuple[str, ...]


def conformance(reader: Reader, actor: Actor, definition_id: str) -> Conformance:
    """Of what the actor may count: builders and the auditor everything but referrals, as in the event log. A version
    without a diagram has nothing to follow."""
    row = reader.execute(sa.select(definitions).where(definitions.c.definition_id == definition_id)).one()
    content = plans.definition(reader, definition_id).files.get(f"{row.key}.bpmn")
    judged = Conformance(row.key, row.version, definition_id, row.name)
    if content is None:
        return judged
    wanted = _instances(actor, definition_id)
    known = {each["instance_id"]: each for each in reader.execute(wanted).mappings()}
    ids = wanted.with_only_columns(instances.c.instance_id)
    has_ladders = any(each["kind"] == InstanceKind.SUPERVISION for each in known.values())
    climbs = discreet_climbs(actor, ids)
    discreet = _since(reader, climbs) if has_ladders else {}
    acts = _acts(reader, actor, ids, row.key, row.version)
    for instance_id in acts.keys() & discreet.keys():
        acts[instance_id] = [_discreetly(act, discreet[instance_id]) for act in acts[instance_id]]
    judge = _Judge(path_model(content, row.key), row.key, known, acts, frozenset(discreet))
    for instance_id, path in _paths(reader, ids, row.key):
        if instance_id not in discreet:
            judge.note(instance_id, path)
    if discreet:
        among = sa.select(climbs.subquery().c.instance_id)
        for instance_id, timed in _timed(reader, actor, among, discreet, row.key):
            judge.note(instance_id, tuple(element_id for element_id, _ in timed))
    judge.note_by_hand(_timed(reader, actor, sa.select(snapshots.c.instance_id), acts, row.key))
    elements = {each.element_id: each for each in read_elements(content) if each.process_key == row.key}
    return judge.result(judged, elements, is_cut=len(known) == LOOKED_AT)


def _instances(actor: Actor, definition_id: str) -> sa.Select[Any]:
    """Those that run this version as root or called, and those that a migration took away from it."""
    named = ("instance_id", "kind", "key", "business_key", "case_id", "state", "definition_id")
    left = sa.select(snapshots.c.instance_id).where(_holds(snapshots.c.definition_ids, definition_id))
    return (
        sa.select(*(instances.c[name] for name in named))
        .where(
            sa.or_(
                instances.c.definition_id == definition_id,
                _holds(instances.c.definition_ids, definition_id),
                instances.c.instance_id.in_(left),
            ),
            known_referrals(actor),
            sa.true() if actor.has_role("designer", "publisher", "auditor") else seen_by(actor),
        )
        .order_by(instances.c.started_at.desc(), instances.c.instance_id)
        .limit(LOOKED_AT)
    )


def _holds(column: sa.ColumnElement[Any], definition_id: str) -> sa.ColumnElement[bool]:
    """Of a JSON list of ids, which are words without quotes."""
    return sa.cast(column, sa.Text).contains(f'"{definition_id}"', autoescape=True)


def _since(reader: Reader, climbs: sa.Select[Any]) -> dict[str, datetime]:
    """By ladder, the instant since when nothing is told of it."""
    found: dict[str, datetime] = {}
    for instance_id, since in reader.execute(climbs):
        found.setdefault(instance_id, since)
    return found


def _may_read_reasons(actor: Actor) -> bool:
    """A reason may speak of the case: builders, who read no cases, see only that there was an act."""
    return actor.sees_cases or actor.has_role("sysadmin", "auditor")


def _paths(reader: Reader, ids: sa.Select[Any], key: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """By instance; one pass over the index of visits, which holds them in this order."""
    query = (
        sa.select(visits.c.instance_id, visits.c.element_id)
        .where(visits.c.instance_id.in_(ids), visits.c.process_key == key)
        .order_by(visits.c.instance_id, visits.c.visit_id)
    )
    rows = chain.from_iterable(reader.execute(query).partitions(AT_ONCE))
    for instance_id, some in groupby(rows, key=itemgetter(0)):
        yield str(instance_id), tuple(map(itemgetter(1), some))


def _timed(
    reader: Reader, actor: Actor, among: sa.Select[Any], wanted: Container[str], key: str
) -> Iterator[tuple[str, list[tuple[str, datetime]]]]:
    """The paths of a few instances with the instants, as far as the actor may know them."""
    query = (
        sa.select(visits.c.instance_id, visits.c.element_id, visits.c.at)
        .where(visits.c.instance_id.in_(among), visits.c.process_key == key, known_visits(actor))
        .order_by(visits.c.instance_id, visits.c.visit_id)
    )
    for instance_id, rows in groupby(reader.execute(query), key=itemgetter(0)):
        if instance_id in wanted:
            yield str(instance_id), [(row[1], row[2]) for row in rows]


def _acts(reader: Reader, actor: Actor, ids: sa.Select[Any], key: str, version: int) -> dict[str, list[_Act]]:
    """By instance, the oldest first. What was changed by hand has left a snapshot, so few facts are read."""
    tells_reasons = _may_read_reasons(actor)
    changed = sa.select(snapshots.c.instance_id).where(snapshots.c.instance_id.in_(ids))
    of_batch = dict(
        reader.execute(
            sa.select(snapshots.c.snapshot_id, batches.c.reason)
            .join(batches, batches.c.batch_id == snapshots.c.batch_id)
            .where(snapshots.c.instance_id.in_(ids))
        ).all()
    )
    query = (
        sa.select(facts.c.instance_id, facts.c.kind, facts.c.at, facts.c.detail)
        .where(facts.c.instance_id.in_(changed), facts.c.kind.in_(_FACTS))
        .order_by(facts.c.fact_id)
    )
    found: dict[str, list[_Act]] = {}
    for instance_id, kind, at, detail in reader.execute(query):
        reason = str(detail.get("reason") or of_batch.get(str(detail.get("snapshot", "")), ""))
        act = _act(kind, at, reason if tells_reasons else "", detail, key, version)
        if act is not None and (act.kind != UNDONE or instance_id in found):
            found.setdefault(instance_id, []).append(act)
    return found


def _act(kind: str, at: datetime, reason: str, detail: Mapping[str, Any], key: str, version: int) -> _Act | None:
    """None for a migration that concerns another process or version."""
    if kind == "InstanceMigrated":
        if detail.get("key") != key or version not in (detail.get("old"), detail.get("new")):
            return None
        return _Act(MIGRATED_HERE if detail.get("new") == version else MIGRATED_AWAY, at, reason, ())
    if kind == "OperationUndone":
        return _Act(UNDONE, at, reason, ())
    places = [str(place).partition(":") for place in detail.get("start") or ()]
    return _Act(MOVED, at, reason, tuple(element_id for of_key, _, element_id in places if of_key == key))


def _discreetly(act: _Act, since: datetime) -> _Act:
    """That there was such an act is told, after a referral not where to nor why."""
    return replace(act, element_ids=(), reason="") if act.at >= since else act


class _Judge:
    """Gathers what is found; an equal path is played once."""

    def __init__(
        self,
        model: PathModel,
        key: str,
        known: Mapping[str, Mapping[str, Any]],
        acts: Mapping[str, list[_Act]],
        discreet: Container[str],
    ) -> None:
        self._model = model
        self._key = key
        self._known = known
        self._acts = acts
        self._discreet = discreet
        self._groups: dict[tuple[tuple[str, ...], bool, bool], list[str]] = {}
        self._found: dict[tuple[str, str], list[Found]] = {}
        self._counts: Counter[str] = Counter()
        self._passed: Counter[str] = Counter()
        self._paths: set[tuple[str, ...]] = set()

    def note(self, instance_id: str, path: tuple[str, ...]) -> None:
        self._paths.add(path)
        row = self._known[instance_id]
        if instance_id in self._acts:
            return
        is_root = row["key"] == self._key
        has_ended = is_root and row["state"] == InstanceState.COMPLETED and instance_id not in self._discreet
        self._groups.setdefault((path, has_ended, is_root), []).append(instance_id)

    def note_by_hand(self, timed: Iterable[tuple[str, list[tuple[str, datetime]]]]) -> None:
        """What was changed by hand is judged up to the first such act."""
        with_path: set[str] = set()
        for instance_id, path in timed:
            with_path.add(instance_id)
            self._note_changed(instance_id, path)
        for instance_id in self._acts.keys() - with_path:
            self._note_changed(instance_id, [])

    def _note_changed(self, instance_id: str, path: Sequence[tuple[str, datetime]]) -> None:
        acts = self._acts[instance_id]
        is_root = self._known[instance_id]["key"] == self._key
        first = acts[0]
        is_elsewhere = all(act.kind in (MOVED, UNDONE) and not act.element_ids for act in acts)
        if is_elsewhere and not is_root and all(at < first.at for _, at in path):
            if path:  # it had gone through this process before anybody laid a hand on it
                self._groups.setdefault((tuple(each for each, _ in path), False, False), []).append(instance_id)
            return
        own = () if first.kind == MIGRATED_HERE else tuple(each for each, at in path if at < first.at)
        self._passed.update({each for each, _ in path})
        is_sound = self._judge(own, [instance_id], has_ended=False, is_root=is_root)
        self._counts["by_hand"] += is_sound
        for act in acts:
            for element_id in act.element_ids or ("",):
                self._add(act.kind, element_id, instance_id, act)

    def result(self, blank: Conformance, elements: Mapping[str, Element], *, is_cut: bool) -> Conformance:
        for (path, has_ended, is_root), ids in self._groups.items():
            for element_id in set(path):
                self._passed[element_id] += len(ids)
            if self._judge(path, ids, has_ended=has_ended, is_root=is_root):
                self._counts["following"] += len(ids)
        findings = [
            Finding(kind, element_id, _name(elements, element_id), len(found), tuple(found[:SHOWN]))
            for (kind, element_id), found in self._found.items()
        ]
        findings.sort(key=lambda each: (each.is_by_hand, -each.count, each.kind, each.element_id))
        return replace(
            blank,
            following=self._counts["following"],
            deviating=self._counts["deviating"],
            by_hand=self._counts["by_hand"],
            undecided=self._counts["undecided"],
            paths=len(self._paths),
            findings=tuple(findings),
            never=tuple(each for each in elements.values() if not self._passed[each.element_id]),
            passed=dict(self._passed),
            is_cut=is_cut,
        )

    def _judge(self, path: tuple[str, ...], ids: Sequence[str], *, has_ended: bool, is_root: bool) -> bool:
        """Whether these instances follow the model; counts them where they do not."""
        try:
            deviations = self._model.deviations(path, has_ended=has_ended, is_root=is_root)
        except TooManyWays:
            self._counts["undecided"] += len(ids)
            return False
        for kind, element_id in dict.fromkeys((each.kind, each.element_id) for each in deviations):
            for instance_id in ids:
                self._add(kind, element_id, instance_id, None)
        self._counts["deviating"] += len(ids) if deviations else 0
        return not deviations

    def _add(self, kind: str, element_id: str, instance_id: str, act: _Act | None) -> None:
        row = self._known[instance_id]
        told = Found(instance_id, row["case_id"] or "", row["business_key"], row["kind"])
        if act is not None:
            told = replace(told, at=act.at, reason=act.reason)
        self._found.setdefault((kind, element_id), []).append(told)


def _name(elements: Mapping[str, Element], element_id: str) -> str:
    return elements[element_id].name if element_id in elements else ""
