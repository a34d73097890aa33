"""The playground keeps what a person has done with a draft, so that a reload loses nothing; nothing is ever run by it.

No fact is written: a trial is a note of whoever tries, like the draft of a form.
"""

from dataclasses import dataclass, field

from engine.domain.actor import BUILDING_ROLES, require_role
from engine.errors import Rejected
from engine.store import models, trials
from engine.store.transaction import Transaction
from engine.trials.script import read_script


@dataclass(frozen=True)
class KeepTrial:
    """`script` is the whole session as a walk. `moves` is the number of the session that it goes on from, 0 begins
    anew. Returns the new number."""

    draft_id: str
    script: str = field(repr=False)
    moves: int = 0


@dataclass(frozen=True)
class DropTrial:
    """Forget the session; none is fine too."""

    draft_id: str


def keep_trial(command: KeepTrial, tx: Transaction) -> int:
    """Raises Rejected when the same person went on from there in another window, Invalid for what is no walk."""
    require_role(tx.actor, *BUILDING_ROLES)
    read_script(command.script.encode(), what="session.toml", least_steps=0)
    models.lock(tx, command.draft_id)
    held = trials.get(tx, command.draft_id, tx.actor.person_id)
    if command.moves and (held is None or held["moves"] != command.moves):
        raise Rejected("trial_moved", "The session went on in another window.", draft=command.draft_id)
    moves = command.moves + 1
    trials.keep(tx, command.draft_id, command.script, moves)
    return moves


def drop_trial(command: DropTrial, tx: Transaction) -> None:
    require_role(tx.actor, *BUILDING_ROLES)
    models.lock(tx, command.draft_id)
    trials.drop(tx, command.draft_id)
