"""What keeps the record: sealing, checkpoints, and facts that leave the house."""

from act import Act, registered
from scenario import Scenario

from engine.commands.audit import NoteExport, SealFacts, TakeCheckpoint, TakeCheckpointNow
from engine.domain.actor import SYSTEM


def sealed(scenario: Scenario) -> None:
    registered(scenario)
    scenario.engine.execute(SealFacts(), by=SYSTEM)


AUDIT = (
    Act("seal facts", registered, lambda _: (SealFacts(), SYSTEM)),
    Act("take the checkpoint that is due", sealed, lambda _: (TakeCheckpoint(), SYSTEM)),
    Act("take a checkpoint before a backup", sealed, lambda _: (TakeCheckpointNow(), SYSTEM)),
    Act("take facts away", registered, lambda s: (NoteExport("csv", 3, {"kind": ""}), s.person("shenji"))),
)
