"""Letters for tests that issue one after another about the same cases: of notices a case has one at a time."""

from scenario import PROCESSES, Scenario

from engine import sources
from engine.commands.definitions import Deploy
from engine.domain.actor import SYSTEM

SLIP = "assignment"


def desk_signs_slips(scenario: Scenario) -> None:
    """An office whose table of signers lets the desk send assignment slips by itself, as it does notices."""
    files = dict(sources.process_folder(PROCESSES / "letter_approval").files)
    table = files["letter_route.dmn"].decode()
    notices = '_in_1"><text>"notice"</text>'
    assert notices in table
    files["letter_route.dmn"] = table.replace(notices, f'_in_1"><text>"notice", "{SLIP}"</text>').encode()
    scenario.engine.execute(Deploy("letter_approval", files), by=SYSTEM)
