"""The tab of the diagram: who gets the editor, who the drawing alone, and what a folder without one says."""

from collections.abc import Callable

import pytest
from scenario import PROCESSES, NewScenario, Scenario
from web_visitor import Browser

from engine.commands.model_publishing import SubmitModelDraft
from engine.commands.models import OpenModelDraft, SaveModelFiles

EDITOR, DRAWING, MAY_COMMENT = "data-studio-diagram", "data-diagram-url", " data-may-comment>"


def opened(scenario: Scenario) -> None:
    designer = scenario.person("sheji")
    made = scenario.engine.execute(OpenModelDraft("cleanup", "清理整治（演示）"), by=designer)
    changed = (
        (PROCESSES / "cleanup" / "cleanup.bpmn").read_bytes().replace(b'before(due, "3wd")', b'before(due, "5wd")')
    )
    scenario.engine.execute(SaveModelFiles(made["draft_id"], 1, {"cleanup.bpmn": changed}, ""), by=designer)
    scenario.engine.execute(OpenModelDraft("letters", "函件（演示）"), by=designer)


@pytest.fixture
def scenario(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=opened)


def test_the_diagram_is_edited_while_the_draft_is_open_and_looked_at_afterwards(
    scenario: Scenario, signed_in: Callable[[str], Browser]
) -> None:
    ids = {row.key: row.draft_id for row in scenario.engine.read.model_drafts()}
    designer = signed_in("sheji")
    address = f"/studio/drafts/{ids['cleanup']}/diagram"

    designer.get(address)
    assert EDITOR in designer.page and 'data-file="cleanup.bpmn"' in designer.page
    assert 'data-api="/studio/api"' in designer.page and f'data-csrf="{designer.token}"' in designer.page
    assert f'data-person="{scenario.person("sheji").person_id}"' in designer.page

    designer.get(f"/studio/drafts/{ids['letters']}/diagram")
    assert EDITOR not in designer.page and "还没有流程图" in designer.page

    revision = scenario.engine.read.model_draft(ids["cleanup"]).revision
    scenario.engine.execute(SubmitModelDraft(ids["cleanup"], revision), by=scenario.person("sheji"))
    designer.get(address)
    assert EDITOR not in designer.page and DRAWING in designer.page and "这里只能看" in designer.page
    assert 'data-studio-comments data-api="/studio/api"' in designer.page and MAY_COMMENT in designer.page
    looking = signed_in("xitong")
    looking.get(address)
    assert "data-studio-comments" in looking.page and MAY_COMMENT not in looking.page
    assert f'data-person="{scenario.person("xitong").person_id}"' in looking.page

    assert designer.get("/studio/drafts/none/diagram").status_code == 404
    assert signed_in("chengjiao1").get(address).status_code == 403
