"""The boxes of the inbox as branches: for each role and unit of the actor a walk along one index, most pressing first.

Knows what lies in a box, in which order and what it can be narrowed to; not how it is shown or counted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from engine.domain.actor import Actor
from engine.domain.task import LIVE, TaskState
from engine.queries.paging import COUNTED_TO, Branch, first, like, some
from engine.store.schema import task_groups, tasks, units
from engine.store.tally_tables import NEVER
from engine.store.transaction import Reader

BOXES = ("mine", "groups", "unclaimed", "done")
GROUP_STATES = {"groups": LIVE, "unclaimed": (TaskState.OPEN,)}
MOST_BRANCHES = 40  # of one list; beyond that what it is narrowed to is found on the way instead
WINDOW = 1000  # how far a long list is searched for its lights
SAMPLE = 250  # how many tasks say what can be chosen, where no index does
NOW = sa.bindparam("now", type_=tasks.c.due_at.type)  # told when a statement is executed
Groups = tuple[tuple[str, str], ...]  # (role, unit) pairs of an actor, sorted


@dataclass(frozen=True)
class InboxFilter:
    """`box`: mine (claimed by me), groups (all offered to my groups), unclaimed, done (completed by me)."""

    box: str = "unclaimed"
    campaign: str = ""
    phase: str = ""
    area: str = ""
    kind: str = ""  # element id
    light: str = ""
    text: str = ""
    page: int = 1

    @property
    def is_narrowed(self) -> bool:
        """By anything but its light."""
        return bool(self.campaign or self.phase or self.area or self.kind or self.text.strip())


@dataclass(frozen=True)
class Turns(Branch):
    """Tasks by (due date, task id) as columns `task_id`, `due_sort`, `yellow_sort`; NEVER where there is no date."""

    due: Any
    yellow: Any


@dataclass(frozen=True, order=True)
class Facet:
    """One combination that tasks of a group's box have: the word that `task_groups.facet` holds, taken apart. `branch`
    is the place in `turns` of the branch that has it."""

    branch: int
    word: str
    campaign: str
    phase: str
    kind: str
    area: str

    @classmethod
    def of(cls, branch: int, word: str) -> "Facet":
        return cls(branch, word, *word.split("|", 3))

    def fits(self, wanted: InboxFilter) -> bool:
        pairs = (
            (wanted.campaign, self.campaign),
            (wanted.phase, self.phase),
            (wanted.kind, self.kind),
            (wanted.area, self.area),
        )
        return all(not value or value == found for value, found in pairs)


# -- what lies in a box ------------------------------------------------------------------------------------------------
def groups_of(actor: Actor) -> Groups:
    return tuple(sorted((membership.role, membership.unit_id) for membership in actor.memberships))


def turns(actor: Actor, box: str) -> tuple[Turns, ...]:
    """Everything in the box."""
    if box == "mine":
        return _held(actor.person_id)
    if box == "done":
        return (_done(actor.person_id),)
    return _offers(groups_of(actor), box)


def narrowed(reader: Reader, actor: Actor, wanted: InboxFilter, facets: Sequence[Facet]) -> tuple[Turns, ...]:
    """Of a box, what campaign, phase, area, kind and text let through; `facets` are those of a group's box. Of a text
    that very many tasks speak of, 999 of those that do."""
    box = turns(actor, wanted.box)
    if wanted.box in GROUP_STATES:
        fitting = [facet for facet in facets if facet.fits(wanted)]
        box = box if len(fitting) == len(facets) else _with_facets(box, fitting)
    else:
        pairs = (
            (wanted.campaign, tasks.c.campaign_id),
            (wanted.phase, tasks.c.process_key),
            (wanted.area, tasks.c.area_id),
            (wanted.kind, tasks.c.element_id),
        )
        box = tuple(branch.where(*(column == value for value, column in pairs if value)) for branch in box)
    return _speaking_of(reader, box, wanted.text.strip(), wanted.box)


def _with_facets(box: tuple[Turns, ...], fitting: Sequence[Facet]) -> tuple[Turns, ...]:
    """Few facets are walks of their own; what fits many is met often on the way, so the walk goes past the rest."""
    column = task_groups.c.facet
    if len(fitting) <= MOST_BRANCHES:
        return tuple(box[facet.branch].where(column == facet.word) for facet in fitting)
    words: dict[int, list[str]] = {}
    for facet in fitting:
        words.setdefault(facet.branch, []).append(facet.word)
    return tuple(box[branch].where((column + "").in_(listed)) for branch, listed in words.items())  # by no facet index


def _speaking_of(reader: Reader, box: tuple[Turns, ...], text: str, name: str) -> tuple[Turns, ...]:
    """Reads every task of the box once; what is found is then a short list of its own."""
    if not text or not box:
        return box
    pattern = like(text)
    speaks = sa.or_(tasks.c.subject.like(pattern, escape="\\"), tasks.c.name.like(pattern, escape="\\"))
    if name in GROUP_STATES:
        speaks = sa.exists().where(tasks.c.task_id == task_groups.c.task_id, speaks)
    found = some([branch.where(speaks) for branch in box], COUNTED_TO + 1)
    task_ids = set(reader.execute(sa.select(found.c.task_id)).scalars())
    if name == "done":
        return tuple(branch.where(tasks.c.task_id.in_(task_ids)) for branch in box)
    never = sa.literal(NEVER, tasks.c.due_at.type)
    listed = sa.select(tasks.c.task_id).where(tasks.c.task_id.in_(task_ids))
    return (_turns(listed, sa.func.coalesce(tasks.c.due_at, never), sa.func.coalesce(tasks.c.yellow_at, never)),)


def lit(box: Sequence[Turns], light: str) -> tuple[Turns, ...]:
    """Of a box, what shows this light; all of it for an empty word, nothing for an unknown one."""
    if not light:
        return tuple(box)
    conditions = {
        "red": lambda branch: (branch.due < NOW,),
        "yellow": lambda branch: (branch.due >= NOW, branch.yellow <= NOW),
        "green": lambda branch: (branch.due >= NOW, branch.yellow > NOW),
    }
    of = conditions.get(light)
    return tuple(branch.where(*of(branch)) for branch in box) if of else ()


def pressing(box: Sequence[Turns], light: str) -> tuple[Branch, ...]:
    """Yellow or green among the WINDOW first tasks of each branch that are not red."""
    found = []
    for branch in box:
        ahead = branch.where(branch.due >= NOW)
        near = ahead.query.order_by(*ahead.order).limit(WINDOW).subquery()
        is_yellow = near.c.yellow_sort <= NOW
        found.append(Branch(sa.select(near.c.task_id).where(is_yellow if light == "yellow" else ~is_yellow), ()))
    return tuple(found)


# -- what it can be narrowed to ----------------------------------------------------------------------------------------
def facets(reader: Reader, actor: Actor, box: str) -> tuple[Facet, ...]:
    """Of a group's box: every combination once, each found by one step along the index, however many tasks have it."""
    steps = _leaps(groups_of(actor), box)
    return () if steps is None else tuple(sorted(Facet.of(*row) for row in reader.execute(steps)))


def choices(
    reader: Reader, actor: Actor, box: str, facets: Sequence[Facet]
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Areas, kinds and phases. A kind of task is called what one of its tasks is called."""
    if box in GROUP_STATES:
        kinds = _kinds(reader, groups_of(actor), {facet.kind: facet.word for facet in facets})
        return _areas(reader, {facet.area for facet in facets}), kinds, tuple(sorted({facet.phase for facet in facets}))
    listed = first(turns(actor, box), SAMPLE)
    found = reader.execute(
        sa.select(tasks.c.area_id, tasks.c.element_id, tasks.c.name, tasks.c.process_key)
        .join(listed, listed.c.task_id == tasks.c.task_id)
        .distinct()
    ).all()
    return (
        _areas(reader, {row.area_id or "" for row in found}),
        tuple(sorted({(row.element_id, row.name) for row in found})),
        tuple(sorted({row.process_key for row in found})),
    )


def _areas(reader: Reader, unit_ids: Iterable[str]) -> tuple[tuple[str, str], ...]:
    query = sa.select(units.c.unit_id, units.c.name).where(units.c.unit_id.in_(sorted(unit_ids)))
    return tuple((row.unit_id, row.name) for row in reader.execute(query.order_by(units.c.unit_id)))


def _kinds(reader: Reader, groups: Groups, words: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """`words`: kind -> a facet that has it. What is asked for by it is one task of the facet, by the facets' index."""
    if not words:
        return ()
    offered = sa.and_(
        task_groups.c.unit_id.in_({unit_id for _, unit_id in groups}),
        task_groups.c.role.in_({role for role, _ in groups}),
        task_groups.c.state.in_(LIVE),
    )
    named = {
        kind: sa.select(task_groups.c.task_id).where(offered, task_groups.c.facet == word).limit(1).scalar_subquery()
        for kind, word in words.items()
    }
    found = reader.execute(
        sa.select(tasks.c.element_id, tasks.c.name).where(sa.or_(*(tasks.c.task_id == one for one in named.values())))
    )
    return tuple(sorted({(row.element_id, row.name) for row in found}))


@lru_cache(maxsize=512)
def _leaps(groups: Groups, box: str) -> sa.CompoundSelect[Any] | None:
    steps = [_leap(branch, offered) for branch, offered in enumerate(_offered(groups, box))]
    return sa.union_all(*steps) if steps else None


def _leap(branch: int, offered: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The distinct facets among these offers: the least, then always the least beyond the last."""
    facet = task_groups.c.facet
    steps = sa.select(sa.select(sa.func.min(facet)).where(offered).scalar_subquery().label("facet")).cte(recursive=True)
    beyond = sa.select(sa.func.min(facet)).where(offered, facet > steps.c.facet).scalar_subquery()
    steps = steps.union_all(sa.select(beyond).where(steps.c.facet.is_not(None)))
    return sa.select(sa.literal(branch), steps.c.facet).where(steps.c.facet.is_not(None))


# -- parts -------------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=512)
def _offers(groups: Groups, box: str) -> tuple[Turns, ...]:
    return tuple(
        _turns(sa.select(task_groups.c.task_id), task_groups.c.due_sort, task_groups.c.yellow_sort).where(offered)
        for offered in _offered(groups, box)
    )


def _offered(groups: Groups, box: str) -> list[sa.ColumnElement[bool]]:
    """One condition on `task_groups` for each role, unit and state: the beginning of both its indexes."""
    return [
        sa.and_(task_groups.c.unit_id == unit_id, task_groups.c.role == role, task_groups.c.state == state)
        for role, unit_id in groups
        for state in GROUP_STATES.get(box, ())
    ]


@lru_cache(maxsize=512)
def _held(person_id: str) -> tuple[Turns, ...]:
    held = sa.select(tasks.c.task_id).where(tasks.c.assignee_id == person_id, tasks.c.state == TaskState.CLAIMED)
    never = sa.literal(NEVER, tasks.c.due_at.type)
    yellow = sa.func.coalesce(tasks.c.yellow_at, never)
    dated = _turns(held.where(tasks.c.due_at.is_not(None)), tasks.c.due_at, yellow)
    undated = Turns(
        held.where(tasks.c.due_at.is_(None)).add_columns(never.label("due_sort"), yellow.label("yellow_sort")),
        (tasks.c.task_id,),
        never,
        yellow,
    )
    return dated, undated


@lru_cache(maxsize=512)
def _done(person_id: str) -> Turns:
    """Newest first."""
    done = sa.select(tasks.c.task_id, tasks.c.completed_at).where(
        tasks.c.completed_by_id == person_id, tasks.c.state == TaskState.COMPLETED
    )
    return Turns(done, (tasks.c.completed_at.desc(), tasks.c.task_id.desc()), tasks.c.due_at, tasks.c.yellow_at)


def _turns(query: sa.Select[Any], due: Any, yellow: Any) -> Turns:
    (task_id,) = query.selected_columns
    return Turns(query.add_columns(due.label("due_sort"), yellow.label("yellow_sort")), (due, task_id), due, yellow)
