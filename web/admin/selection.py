"""What an operation is meant for: the lines that were ticked, or everything that a filter finds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from flask import url_for

from engine.commands.batch_kinds import KINDS
from engine.errors import NotFound
from engine.queries.batches import JobFilter
from engine.queries.instance_page import InstancePage
from engine.queries.instances import InstanceFilter
from web.format import word
from web.i18n import t
from web.request import actor, engine

Sent = Callable[[str], Sequence[str]]  # the values of a field of the form or of the address
OF_INSTANCES: Final = ("text", "kind", "key", "version", "state", "trouble")
OF_JOBS: Final = ("text", "kind", "state")
FIRST: Final = 10  # subjects that are named; of the others there is the number


@dataclass(frozen=True)
class Selection:
    """`sent`: the fields that say the same again. A filter is asked anew each time, so the number may have changed."""

    subjects: tuple[str, ...]
    sent: tuple[tuple[str, str], ...] = field(default=())

    @property
    def only(self) -> str | None:
        return self.subjects[0] if len(self.subjects) == 1 else None


@dataclass(frozen=True)
class Named:
    """A subject as a page names it."""

    title: str
    under: str
    address: str


def selection(kind: str, sent: Sent) -> Selection:
    """Of the kind's subjects, each once."""
    if not "".join(sent("all")):
        subjects = tuple(dict.fromkeys(subject.strip()[:64] for subject in sent("subject") if subject.strip()))
        return Selection(subjects, tuple(("subject", subject) for subject in subjects))
    names = OF_JOBS if KINDS[kind].subject == "job" else OF_INSTANCES
    kept = {name: "".join(sent(name))[:100] for name in names}
    fields = (("all", "1"), *((name, value) for name, value in kept.items() if value))
    if KINDS[kind].subject == "job":
        return Selection(engine().read.job_ids(actor(), JobFilter(**kept)), fields)  # type: ignore[arg-type]
    return Selection(engine().read.instance_ids(actor(), InstanceFilter(**kept)), fields)  # type: ignore[arg-type]


def first_named(kind: str, chosen: Selection) -> tuple[Named, ...]:
    """The first few; one that is not there is named by its id."""
    name = _job if KINDS[kind].subject == "job" else _instance
    return tuple(name(subject) for subject in chosen.subjects[:FIRST])


def _instance(instance_id: str) -> Named:
    try:
        found: InstancePage = engine().read.instance(actor(), instance_id)
    except NotFound:
        return Named(instance_id, t("operations.not_there"), "")
    row = found.row
    address = url_for("instances.instance", instance_id=instance_id)
    return Named(row.subject, f"{row.name} · {t('instances.version_n', n=row.version)}", address)


def _job(job_id: str) -> Named:
    found = engine().read.job(actor(), job_id)
    if found is None:
        return Named(job_id, t("operations.not_there"), "")
    return Named(found.name or word("job", found.kind), found.case_id or "", "")
