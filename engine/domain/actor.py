"""Who acts, what they may see and what they may do. The four-eyes and separation rules are decided here, in the
transaction."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.domain.task import TaskRow, TaskState
from engine.errors import NotPermitted, Rejected

OFFICE_ROLES = ("officer", "head", "acceptor")  # see the cases of their unit
WATCHING_ROLES = ("supervisor", "leader", "inspector")  # see every case under their unit's area
BUILDING_ROLES = ("designer", "publisher")
ADMIN_ROLES = ("sysadmin", "secadmin", "auditor")  # nobody holds two of these three (GB/T 22239 8.1.10)
ROLES = OFFICE_ROLES + WATCHING_ROLES + BUILDING_ROLES + ADMIN_ROLES
PLACES = ("area", "lead", "office", "unit")


@dataclass(frozen=True)
class Membership:
    role: str
    unit_id: str


@dataclass(frozen=True)
class Actor:
    """A person at work. `areas` are the area units under those where the person watches or works;
    `units` the units themselves. `sees_all` is for the system and for watchers of the root."""

    person_id: str
    name: str
    memberships: frozenset[Membership] = field(default_factory=frozenset)
    areas: frozenset[str] = field(default_factory=frozenset)
    units: frozenset[str] = field(default_factory=frozenset)
    sees_all: bool = False

    def has_role(self, *roles: str) -> bool:
        return any(membership.role in roles for membership in self.memberships)

    def is_member(self, role: str, unit_id: str) -> bool:
        return Membership(role, unit_id) in self.memberships

    @property
    def sees_cases(self) -> bool:
        """The three administrators and the builders do not read case text."""
        return self.sees_all or self.has_role(*OFFICE_ROLES, *WATCHING_ROLES)

    @property
    def sees_accountability(self) -> bool:
        """Referrals name units and persons to the discipline body: those who watch see them, the units do not."""
        return self.is_system or self.has_role(*WATCHING_ROLES)

    @property
    def sees_referrals(self) -> bool:
        """The discipline inspector reads every referral; of the others each knows those in which they have a part."""
        return self.is_system or self.has_role("inspector")

    @property
    def is_system(self) -> bool:
        return self.person_id == "system"


SYSTEM = Actor("system", "系统", sees_all=True)


def check_roles(roles: Iterable[str]) -> None:
    """Raises NotPermitted when somebody would hold two of the three administrator roles."""
    held = sorted(set(roles) & set(ADMIN_ROLES))
    if len(held) > 1:
        raise NotPermitted("admin_roles_apart", f"One person may not be {' and '.join(held)}.", roles=held)


def require_role(actor: Actor, *roles: str) -> None:
    if not (actor.is_system or actor.has_role(*roles)):
        raise NotPermitted("role_needed", f"{actor.name} lacks the role: {' or '.join(roles)}.", roles=list(roles))


def require_operator(actor: Actor) -> None:
    """The operator on the machine works as the system; nobody who signs in does."""
    if not actor.is_system:
        raise NotPermitted("operator_needed", f"{actor.name} is not the operator on the machine.", person=actor.name)


def require_second_person(actor: Actor, changed_by: Iterable[str], key: str) -> None:
    """Who publishes `key` changed nothing of it. `changed_by` are person ids."""
    if actor.person_id in changed_by:
        raise NotPermitted(
            "model_own",
            f"{actor.name} changed this draft of {key}: somebody else publishes it.",
            person=actor.name,
            key=key,
        )


def may_work_on(actor: Actor, task: TaskRow) -> bool:
    """Whether the task is offered to a group of this actor or already theirs."""
    if actor.person_id == task.assignee_id:
        return True
    return any(actor.is_member(group.role, group.unit_id) for group in task.groups)


def check_separation(actor: Actor, task: TaskRow, done_by: dict[str, set[str]]) -> None:
    """`done_by`: element id -> persons who completed it for this case. Those who rectify do not accept."""
    for element_id in task.separate_from:
        if actor.person_id in done_by.get(element_id, ()):
            raise NotPermitted(
                "separation",
                f"{actor.name} completed {element_id} of this case and may not do {task.name} as well.",
                person=actor.name,
                element=element_id,
                task=task.name,
            )


def check_claim(actor: Actor, task: TaskRow, done_by: dict[str, set[str]]) -> None:
    _check_live(task, "claim")
    if task.state is TaskState.CLAIMED:
        raise Rejected(
            "task_claimed",
            f"Cannot claim task {task.task_id}: it is claimed by {task.assignee_name}.",
            task=task.name,
            by=task.assignee_name,
            at=task.claimed_at.isoformat() if task.claimed_at else None,
        )
    if not may_work_on(actor, task):
        raise NotPermitted("not_in_group", f"Task {task.task_id} is not offered to {actor.name}.", task=task.name)
    check_separation(actor, task, done_by)


def check_release(actor: Actor, task: TaskRow) -> None:
    _check_live(task, "release")
    if task.state is not TaskState.CLAIMED:
        raise Rejected("task_not_claimed", f"Task {task.task_id} is not claimed.", task=task.name)
    if task.assignee_id != actor.person_id and not actor.has_role("supervisor", "head"):
        raise NotPermitted(
            "not_assignee",
            f"Task {task.task_id} is claimed by {task.assignee_name}.",
            task=task.name,
            by=task.assignee_name,
        )


def check_complete(actor: Actor, task: TaskRow, revision: int | None, done_by: dict[str, set[str]]) -> None:
    _check_live(task, "complete")
    if task.state is not TaskState.CLAIMED:
        raise Rejected("claim_first", f"Task {task.task_id} must be claimed first.", task=task.name)
    if task.assignee_id != actor.person_id:
        raise Rejected(
            "task_claimed",
            f"Cannot complete task {task.task_id}: it is claimed by {task.assignee_name}.",
            task=task.name,
            by=task.assignee_name,
            at=task.claimed_at.isoformat() if task.claimed_at else None,
        )
    if revision is not None and revision != task.revision:
        raise Rejected("task_changed", f"Task {task.task_id} changed since the page was opened.", task=task.name)
    check_separation(actor, task, done_by)


def _check_live(task: TaskRow, verb: str) -> None:
    if task.state is TaskState.COMPLETED:
        raise Rejected(
            "task_completed",
            f"Cannot {verb} task {task.task_id}: completed by {task.completed_name} at {task.completed_at}.",
            task=task.name,
            by=task.completed_name,
            at=task.completed_at.isoformat() if task.completed_at else None,
        )
    if task.state is TaskState.CANCELLED:
        raise Rejected("task_cancelled", f"Cannot {verb} task {task.task_id}: it was withdrawn.", task=task.name)
