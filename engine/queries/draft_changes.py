"""What has changed since a draft left its writer: the letter says what was reviewed, and whoever signs must know."""

from dataclasses import dataclass

from engine import plans
from engine.domain.actor import Actor
from engine.domain.drafting import CHANGEABLE, OPEN, Wording
from engine.domain.reviewed import Change, Reviewed, changes
from engine.queries.drafts import seen
from engine.store import drafts
from engine.store.transaction import Reader
from engine.wording import TEMPLATES_KEY, planned_variables


@dataclass(frozen=True)
class ChangedLetter:
    """The letter at `position`, addressed to `unit`. `has_own_words`: its writer wrote the text, which stays as it is
    until they change it."""

    position: int
    unit: str
    changes: tuple[Change, ...]
    has_own_words: bool


@dataclass(frozen=True)
class DraftChanges:
    """`template`: its version when the draft was handed on, and now; None while it says the same. `is_returned`: the
    draft is with its writer again. `total`: how many letters it has."""

    letters: tuple[ChangedLetter, ...] = ()
    template: tuple[int, int] | None = None
    is_returned: bool = False
    total: int = 0

    def __bool__(self) -> bool:
        return bool(self.letters or self.template)


def draft_changes(reader: Reader, actor: Actor, draft_id: str) -> DraftChanges:
    """None of a draft that was not handed on yet, and of one that is over. Raises NotFound."""
    row = seen(reader, actor, draft_id)
    planned = [(one, kept) for one in drafts.letters_of(reader, draft_id) if (kept := drafts.reviewed_of(one))]
    if row["state"] not in OPEN or not planned:
        return DraftChanges()
    campaign = plans.campaign(reader, row["campaign_id"])
    wordings: dict[int, Wording] = drafts.wordings_of(reader, draft_id)
    names = drafts.units_by_id(reader, [unit_id for one, _ in planned for unit_id in one["unit_ids"]])
    found = []
    for one, kept in planned:
        if different := changes(kept.variables, planned_variables(reader, campaign, row, one)):
            unit = names[one["unit_ids"][0]][0]
            found.append(ChangedLetter(one["position"], unit, different, one["position"] in wordings))
    is_composed = any(one["case_ids"] for one, _ in planned)  # the others are their writer's words alone
    return DraftChanges(
        letters=tuple(found),
        template=_template(reader, f"{row['kind']}.html.j2", planned[0][1]) if is_composed else None,
        is_returned=row["state"] in CHANGEABLE,
        total=len(planned),
    )


def _template(reader: Reader, name: str, kept: Reviewed) -> tuple[int, int] | None:
    """A newer version of the folder may leave this template as it was."""
    newest_id, content = plans.file_of(reader, TEMPLATES_KEY, name)
    if plans.definition(reader, kept.definition_id).files[name] == content:
        return None
    return plans.version_of(reader, kept.definition_id), plans.version_of(reader, newest_id)
