"""Comparing on pages: a draft with what is published, two versions with each other, and where things are used."""

import re
from collections.abc import Callable

import pytest
from scenario import NewScenario, Scenario
from web_visitor import Browser

from engine.commands.definitions import Deploy
from engine.commands.models import OpenModelDraft, SaveModelFiles
from engine.domain.actor import SYSTEM

KEY = "lookback"
DIAGRAM, FORM = f"{KEY}.bpmn", "lookback_check.form"
STEP = '<bpmn:userTask id="look&quot;er" name="&lt;script&gt;alert(1)&lt;/script&gt;" duban:formKey="site_check" />'


def drafted(scenario: Scenario) -> None:
    """Version 2 gives more time; a draft of it adds a step whose words are no friend of pages."""
    files = dict(scenario.engine.read.definition_files(KEY))
    files[DIAGRAM] = files[DIAGRAM].replace(b'after("20wd")', b'after("30wd")')
    scenario.engine.execute(Deploy(KEY, files), by=SYSTEM)
    designer = scenario.person("sheji")
    made = scenario.engine.execute(OpenModelDraft(KEY, "加一步（演示）"), by=designer)
    step = files[DIAGRAM].replace(b"</bpmn:process>", f"{STEP}</bpmn:process>".encode(), 1)
    changes = {DIAGRAM: step, FORM: files[FORM].replace(b'"label": "', b'"label": "\xe6\x96\xb0', 1)}
    scenario.engine.execute(SaveModelFiles(made["draft_id"], 1, changes, ""), by=designer)


@pytest.fixture
def scenario(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=drafted)


def test_a_draft_is_compared_with_what_is_published_and_with_any_save(
    signed_in: Callable[[str], Browser], scenario: Scenario
) -> None:
    [draft] = scenario.engine.read.model_drafts()
    designer = signed_in("sheji")
    address = f"/studio/drafts/{draft.draft_id}/compare"

    page = designer.get(address).get_data(as_text=True)
    assert 'value="v2" selected' in page and 'value="r2" selected' in page and "比较" in page
    assert 'data-diagram-show="look&#34;er"' in page and "人工任务" in page and "site_check" in page
    assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page
    assert page.count("data-diagram-url") == 2 and FORM in page
    assert f"/studio/api/drafts/{draft.draft_id}/files/{DIAGRAM}?revision=2" in page
    assert "after(&#34;30wd&#34;)" not in page

    older = designer.get(f"{address}?before=v1&after=v2").get_data(as_text=True)
    assert "after(&#34;20wd&#34;)" in older and "after(&#34;30wd&#34;)" in older and FORM not in older
    same = designer.get(f"{address}?before=r2&after=r2").get_data(as_text=True)
    assert "两边完全相同" in same and "data-diagram-url" not in same
    codes = ("v9", "r9", "x", "r", "v" + "9" * 40, "r²", "<b>")
    assert [designer.get(address, query_string={"before": code}).status_code for code in codes] == [404] * len(codes)
    assert signed_in("chengjiao1").get(address).status_code == 403

    published = designer.get(f"/studio/drafts/{draft.draft_id}/publish").get_data(as_text=True)
    assert "人工任务" in published and "look&#34;er" in published and "diff__line--added" in published
    english = designer.get(f"{address}?lang=en").get_data(as_text=True)
    assert "What differs" in english and "User task" in english


def test_two_versions_are_compared_and_reached_from_the_page_of_the_definition(
    signed_in: Callable[[str], Browser], scenario: Scenario
) -> None:
    designer = signed_in("fabu")
    (_, newest), (_, first) = scenario.engine.read.published_versions(KEY)

    definition = designer.get(f"/definitions/{KEY}").get_data(as_text=True)
    page = designer.get(f"/studio/compare/{first}/{newest}").get_data(as_text=True)
    chosen = designer.get("/studio/compare", query_string={"before": newest, "after": first})

    assert f"/studio/compare/{first}/{newest}" in definition
    assert "after(&#34;20wd&#34;)" in page and "after(&#34;30wd&#34;)" in page and page.count("data-diagram-url") == 2
    assert "&#34;state&#34;: &#34;changed&#34;" in page and "修改" in page
    assert (chosen.status_code, chosen.headers["Location"]) == (303, f"/studio/compare/{newest}/{first}")
    assert designer.get(f"/studio/compare/{first}/none").status_code == 404
    assert designer.get("/studio/compare").headers["Location"] == "/definitions"
    assert signed_in("chengjiao1").get(f"/studio/compare/{first}/{newest}").status_code == 403


def test_what_uses_a_thing_is_found_in_versions_drafts_and_plans(
    signed_in: Callable[[str], Browser], scenario: Scenario
) -> None:
    read = scenario.engine.read
    designer = signed_in("sheji")

    ladder = [(each.key, each.element_id, each.how, each.via) for each in read.usages("decision", "escalation_ladder")]
    assert ladder == [
        ("supervision", "consult_ladder", "uses", "campaign.ladder"),
        ("linxia_2024", "rules.ladder", "plan", "campaign.ladder"),
    ]
    sites = [(each.key, each.version, each.draft_id is not None) for each in read.usages("form", "site_check")]
    assert sites == [("acceptance", 1, False), (KEY, None, True)]
    assert [each.key for each in read.usages("process", "cleanup")] == ["case_lifecycle", "linxia_2024"]
    assert read.usages("letter", "no_such") == ()
    by_key = {each.key: each for each in read.dependencies()}
    assert by_key["cleanup"].called_by == ("case_lifecycle",) and by_key["cleanup"].letters == ("notice",)
    assert by_key["case_lifecycle"].calls == ("survey", "cleanup", "improvement", "acceptance", "lookback")
    assert [each.name for each in read.named_things() if not each.is_known] == []

    page = designer.get("/studio/usages?kind=form&name=site_check").get_data(as_text=True)
    assert "/definitions/acceptance#site_check" in page and "加一步（演示）" in page and "草稿" in page
    assert "没有引用" in designer.get("/studio/usages?kind=form&name=%3Cb%3E").get_data(as_text=True)
    forms, groups = (designer.get(f"/studio/usages?kind={kind}").get_data(as_text=True) for kind in ("form", "group"))
    assert "close_checks" in forms and "落实两断三清" in forms and "牵头单位 承办人" in groups
    assert "urge" in designer.get("/studio/usages?name=催办单").get_data(as_text=True)
    assert "escalation_ladder" in designer.get("/studio/usages?name=ladder").get_data(as_text=True)
    assert designer.get("/studio/usages?kind=nothing").status_code == 404
    assert designer.get("/studio/usages?kind=nothing&name=x").status_code == 404
    dependencies = designer.get("/studio/dependencies").get_data(as_text=True)
    told = dependencies.partition('id="cleanup"')[2].partition("</details>")[0]
    for name, code in (
        ("问题整治全流程", "case_lifecycle"),
        ("落实两断三清", "close_checks"),
        ("牵头单位 承办人", "officer@lead"),
        ("督办通知", "notice"),
    ):
        assert re.search(rf'>{name}[^<]*</a><code class="table__under">{code}</code>', told), name
    english = designer.get("/studio/dependencies?lang=en").get_data(as_text=True)
    assert "lead unit officer</a>" in english
    assert "/studio/usages" in designer.get("/studio").get_data(as_text=True)
    assert signed_in("chengjiao1").get("/studio/usages").status_code == 403
