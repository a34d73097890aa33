"""Which way a kind of letter goes before its number: the table `letter_route.dmn` beside the diagram of approval."""

from dataclasses import dataclass

from engine import plans
from engine.bpmn.decision import read_decision
from engine.store.transaction import Scope

PROCESS = "letter_approval"
TABLE = "letter_route.dmn"
WRITER = "writer"  # signs what they wrote themselves


@dataclass(frozen=True)
class Route:
    """`signer`: writer, supervisor or leader, who signs as `signer_post`. `row` is the row of the table that said so,
    `definition_id` its version."""

    review: bool
    countersign: str  # optional | required
    signer: str
    signer_post: str
    row: str
    definition_id: str

    @property
    def is_direct(self) -> bool:
        """Nobody but the writer decides: it may be issued in one step."""
        return self.signer == WRITER and not self.review and self.countersign != "required"


def process_of(scope: Scope, campaign_id: str) -> str:
    """The process that letters of this campaign go through."""
    return plans.campaign(scope, campaign_id).processes.get("letter", PROCESS)


def route_of(scope: Scope, campaign_id: str, kind: str) -> Route:
    """By the newest version of the table. Raises Invalid when no row fits the kind."""
    definition_id, content = plans.file_of(scope, process_of(scope, campaign_id), TABLE)
    key = ("route", definition_id, kind)
    known = scope.plans.get(key)
    if known is None:
        decided = read_decision(content).decide({"kind": kind})
        said = decided.outputs
        known = scope.plans[key] = Route(
            review=bool(said["needs_review"]),
            countersign=str(said["countersign"]),
            signer=str(said["signer"]),
            signer_post=str(said["signer_post"]),
            row=decided.rule_id,
            definition_id=definition_id,
        )
    return known
