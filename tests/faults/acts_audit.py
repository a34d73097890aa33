"""What keeps the record: sealing, checkpoints, and facts that leave the house."""

from act import Act, registered
from scenario import Scenario

from engine.commands.audit import NoteExport, SealFacts, TakeCheckpoint, TakeCheckpointNow
from engine.commands.event_log import NoteEventLog
from engine.domain.actor import SYSTEM
from engine.domain.event_log import LogFilter


def sealed(scenario: Scenario) -> None:
    registered(scenario)
    scenario.engine.execute(SealFacts(), by=SYSTEM)


AUDIT = (
    Act("seal facts", registered, lambda _: (SealFacts(), SYSTEM)),
    Act("take the checkpoint that is due", sealed, lambda _: (TakeCheckpoint(), SYSTEM)),
    Act("take a checkpoint before a backup", sealed, lambda _: (TakeCheckpointNow(), SYSTEM)),
    Act("take facts away", registered, lambda s: (NoteExport("csv", 3, {"kind": ""}), s.person("shenji"))),
    Act(
        "take an event log away",
        registered,
        lambda s: (NoteEventLog("xes", LogFilter(s.campaign, s.now)), s.person("sheji")),
    ),
)
