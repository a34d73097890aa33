"""Process folders are changed as drafts: saved without losing anybody's work, and published by a second person."""

from typing import Any

import pytest
import sqlalchemy as sa
from scenario import NewScenario, Scenario, at

from engine.commands.definitions import Deploy
from engine.commands.model_publishing import (
    DiscardModelDraft,
    PublishModelDraft,
    ReturnModelDraft,
    SubmitModelDraft,
)
from engine.commands.models import (
    CommentOnModel,
    OpenModelDraft,
    RebaseModelDraft,
    ResolveComment,
    RestoreModelSave,
    SaveModelFiles,
)
from engine.domain.actor import SYSTEM
from engine.domain.model_draft import MAX_FILE_BYTES, FileChange
from engine.errors import Invalid, NotFound, NotPermitted, Rejected
from engine.store.schema import facts

KEY = "lookback"
DIAGRAM = f"{KEY}.bpmn"


def opened(scenario: Scenario) -> None:
    scenario.engine.execute(OpenModelDraft(KEY, "回头看改为30个工作日（演示）"), by=scenario.person("sheji"))


@pytest.fixture
def story(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=opened)


def do(scenario: Scenario, login: str, command: Any) -> Any:
    return scenario.engine.execute(command, by=scenario.person(login))


def draft_id(scenario: Scenario) -> str:
    [row] = scenario.engine.read.model_drafts()
    return str(row.draft_id)


def changed(scenario: Scenario) -> bytes:
    return bytes(scenario.engine.read.definition_files(KEY)[DIAGRAM]).replace(b'after("20wd")', b'after("30wd")')


def handed_in(scenario: Scenario) -> str:
    draft = draft_id(scenario)
    revision = do(scenario, "sheji", SaveModelFiles(draft, 1, {DIAGRAM: changed(scenario)}, "改期限"))["revision"]
    do(scenario, "sheji", SubmitModelDraft(draft, revision, "请审核（演示）"))
    return draft


def test_changes_are_laid_over_what_is_newest_when_the_draft_opens(story: Scenario) -> None:
    do(story, "sheji", DiscardModelDraft(draft_id(story), "重来（演示）"))
    newest = {**story.engine.read.definition_files(KEY), DIAGRAM: changed(story)}
    story.engine.execute(Deploy(KEY, newest), by=SYSTEM)

    made = do(story, "sheji", OpenModelDraft(KEY, changes={"extra.form": b"{}"}))

    page = story.engine.read.model_draft(made["draft_id"])
    assert (page.files, made["revision"]) == ({**newest, "extra.form": b"{}"}, 2)


def test_a_draft_becomes_a_version_through_a_second_person(story: Scenario) -> None:
    read = story.engine.read
    before = read.definition(KEY).version
    draft = handed_in(story)

    with pytest.raises(Rejected, match="take it back"):
        do(story, "sheji", SaveModelFiles(draft, 2, {DIAGRAM: b"<x/>"}))
    with pytest.raises(NotPermitted, match="publisher"):
        do(story, "sheji", PublishModelDraft(draft, 2))
    with pytest.raises(Rejected, match="look at it again"):
        do(story, "fabu", PublishModelDraft(draft, 1))
    result = do(story, "fabu", PublishModelDraft(draft, 2))

    page = read.model_draft(draft)
    assert (result["version"], result["is_new"]) == (before + 1, True)
    assert read.definition_files(KEY)[DIAGRAM] == changed(story) == page.files[DIAGRAM]
    assert (page.state, page.version, page.published_by) == ("PUBLISHED", before + 1, story.person("fabu").name)
    assert read.model_drafts() == () and read.closed_model_drafts(KEY)[0].draft_id == draft
    for command in (
        SaveModelFiles(draft, 2, {DIAGRAM: b""}),
        RestoreModelSave(draft, 2, 1),
        SubmitModelDraft(draft, 2),
        ReturnModelDraft(draft, "晚了"),
        PublishModelDraft(draft, 2),
        DiscardModelDraft(draft, "晚了"),
        CommentOnModel(draft, "晚了"),
    ):
        with pytest.raises(Rejected):
            do(story, "fabu", command)
    kinds = [fact["kind"] for fact in story.rows(sa.select(facts.c.kind).order_by(facts.c.fact_id))]
    assert kinds[-5:] == ["ModelDraftOpened", "ModelSaved", "ModelSubmitted", "DefinitionDeployed", "ModelPublished"]
    assert read.violations() == ()


def test_what_an_older_version_said_may_be_published_again(story: Scenario) -> None:
    read, original = story.engine.read, dict(story.engine.read.definition_files(KEY))
    first = do(story, "fabu", PublishModelDraft(handed_in(story), 2))["version"]
    back = do(story, "sheji", OpenModelDraft(KEY, "改回去（演示）"))["draft_id"]
    do(story, "sheji", SaveModelFiles(back, 1, {DIAGRAM: original[DIAGRAM]}))
    do(story, "sheji", SubmitModelDraft(back, 2))

    again = do(story, "fabu", PublishModelDraft(back, 2))

    assert (again["version"], read.definition_files(KEY), read.definition(KEY).version) == (
        first + 1,
        original,
        first + 1,
    )
    same = do(story, "sheji", OpenModelDraft(KEY, "没有改（演示）"))["draft_id"]
    with pytest.raises(Rejected, match=f"same as version {first + 1}"):
        do(story, "sheji", SubmitModelDraft(same, 1))
    shipped = story.engine.execute(Deploy(KEY, original), by=SYSTEM)
    assert (shipped["is_new"], shipped["version"], shipped["newest"]) == (False, first + 1, first + 1)


def test_nobody_publishes_what_they_saved_any_part_of(story: Scenario) -> None:
    draft = draft_id(story)
    do(story, "fabu", SaveModelFiles(draft, 1, {DIAGRAM: changed(story)}))
    do(story, "sheji", SaveModelFiles(draft, 2, {DIAGRAM: changed(story) + b"\n"}))
    do(story, "sheji", SubmitModelDraft(draft, 3))

    with pytest.raises(NotPermitted, match="somebody else publishes"):
        do(story, "fabu", PublishModelDraft(draft, 3))

    assert story.engine.read.model_draft(draft).state == "SUBMITTED"


def test_two_designers_lose_nothing_and_every_save_can_be_had_again(story: Scenario) -> None:
    read, draft = story.engine.read, draft_id(story)
    original = read.model_draft(draft).files
    extra = "tests/另一.toml"

    assert do(story, "sheji", SaveModelFiles(draft, 1, dict(original))) == {"revision": 1}  # nothing differs
    assert do(story, "sheji", SaveModelFiles(draft, 1, {DIAGRAM: b"half \xff", extra: b""}, "一半")) == {"revision": 2}
    with pytest.raises(Rejected) as refused:
        do(story, "fabu", SaveModelFiles(draft, 1, {DIAGRAM: b"mine"}))
    assert do(story, "fabu", SaveModelFiles(draft, 2, {extra: None})) == {"revision": 3}
    with pytest.raises(Rejected, match="at save 3"):
        do(story, "sheji", RestoreModelSave(draft, 2, 1))
    assert do(story, "sheji", RestoreModelSave(draft, 3, 1)) == {"revision": 4}

    assert refused.value.code == "model_changed"
    assert (refused.value.fields["revision"], refused.value.fields["by"]) == (2, story.person("sheji").name)
    assert [(save.revision, save.how, save.number, save.note, save.changes) for save in read.model_saves(draft)] == [
        (4, "RESTORED", 1, "", (FileChange(DIAGRAM, "changed"),)),
        (3, "SAVED", None, "", (FileChange(extra, "removed"),)),
        (2, "SAVED", None, "一半", (FileChange(DIAGRAM, "changed"), FileChange(extra, "added"))),
        (1, "OPENED", None, "", ()),
    ]
    assert read.model_save(draft, 2).files == {**original, DIAGRAM: b"half \xff", extra: b""}
    assert read.model_draft(draft).files == original
    with pytest.raises(NotFound):
        read.model_save(draft, 9)
    with pytest.raises(NotFound):
        do(story, "sheji", RestoreModelSave(draft, 4, 9))


def test_what_was_deployed_meanwhile_is_taken_over_before_publishing(story: Scenario) -> None:
    read, draft = story.engine.read, draft_id(story)
    files = dict(read.definition_files(KEY))
    form, walk = "lookback_check.form", "tests/ok.toml"
    theirs = {**files, form: files[form] + b"\n", walk: files[walk] + b"\n", "tests/new.toml": b"# new\n"}
    mine = {form: files[form] + b"  ", DIAGRAM: changed(story)}
    do(story, "sheji", SaveModelFiles(draft, 1, mine))
    assert read.model_merges(draft) == ()
    with pytest.raises(Rejected, match="newest version"):
        do(story, "sheji", RebaseModelDraft(draft, 2))
    story.engine.execute(Deploy(KEY, theirs), by=SYSTEM)

    with pytest.raises(Rejected, match="take it over"):
        do(story, "sheji", SubmitModelDraft(draft, 2))
    with pytest.raises(Invalid) as refused:
        do(story, "sheji", RebaseModelDraft(draft, 2))

    assert [problem.where for problem in refused.value.problems] == [form]
    assert [(one.name, one.mine, one.theirs, one.outcome) for one in read.model_merges(draft)] == [
        (DIAGRAM, "changed", "", "mine"),
        (form, "changed", "changed", "ask"),
        ("tests/new.toml", "", "added", "theirs"),
        (walk, "", "changed", "theirs"),
    ]
    do(story, "sheji", RebaseModelDraft(draft, 2, {form: "mine"}))
    page = read.model_draft(draft)
    assert page.files == {**theirs, **mine} and not page.is_outdated and page.base_version == page.newest_version
    do(story, "sheji", SubmitModelDraft(draft, 3))
    assert do(story, "fabu", PublishModelDraft(draft, 3))["version"] == page.newest_version + 1


def test_a_draft_may_say_anything_but_is_handed_in_only_when_it_can_be_deployed(story: Scenario) -> None:
    draft = draft_id(story)

    with pytest.raises(Rejected, match="same as version"):
        do(story, "sheji", SubmitModelDraft(draft, 1))
    do(
        story,
        "sheji",
        SaveModelFiles(draft, 1, {DIAGRAM: b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x/>"}),
    )
    with pytest.raises(Invalid) as refused:
        do(story, "sheji", SubmitModelDraft(draft, 2))

    assert any("DOCTYPE" in problem.en for problem in refused.value.problems)
    assert story.engine.read.model_draft(draft).is_open


HOSTILE = {
    **dict.fromkeys(("../outside.bpmn", "/etc/passwd.toml", "a/../b.form", "a/b/c/d.form", "run.py"), b"x"),
    **dict.fromkeys(('a"b.form', "a\nb.form", "C:\\x.form", "x" * 120 + ".form", ".form", "a..form"), b"x"),
    "large.bpmn": b"x" * (MAX_FILE_BYTES + 1),
}


def test_hostile_files_are_refused_by_name(story: Scenario) -> None:
    draft = draft_id(story)

    with pytest.raises(Invalid) as refused:
        do(story, "sheji", SaveModelFiles(draft, 1, {**HOSTILE, DIAGRAM: b"kept?"}))
    with pytest.raises(Invalid, match="at most 200"):
        do(story, "sheji", SaveModelFiles(draft, 1, {f"tests/{number}.toml": b"" for number in range(201)}))
    with pytest.raises(Invalid) as clashing:
        do(
            story,
            "sheji",
            SaveModelFiles(draft, 1, dict.fromkeys(("x.toml", "X.toml/y.toml", "q.form", "Q.form"), b"")),
        )

    assert [problem.where for problem in refused.value.problems] == [name[:80] for name in HOSTILE]
    assert {problem.where for problem in clashing.value.problems} == {"X.toml/y.toml", "Q.form"}
    assert story.engine.read.model_draft(draft).revision == 1


def test_opening_commenting_returning_and_discarding(story: Scenario) -> None:
    read, draft = story.engine.read, draft_id(story)
    for key in ("../x", "a b", "campaigns", "", "x" * 61):
        with pytest.raises(Invalid):
            do(story, "sheji", OpenModelDraft(key, "新"))
    with pytest.raises(Rejected, match="is being changed by"):
        do(story, "fabu", OpenModelDraft(KEY))
    for login in ("chengjiao1", "ducha1", "xitong", "shenji"):
        with pytest.raises(NotPermitted):
            do(story, login, OpenModelDraft("letters"))
    with pytest.raises(Invalid):
        do(story, "sheji", SaveModelFiles(draft, 1, dict.fromkeys(read.model_draft(draft).files)))

    new = do(story, "sheji", OpenModelDraft("public_notice", '公示 "<七天>"'))
    assert list(read.model_draft(new["draft_id"]).files) == ["public_notice.bpmn"]
    assert read.model_draft(new["draft_id"]).base_version is None
    do(story, "sheji", SubmitModelDraft(new["draft_id"], 1))
    assert do(story, "fabu", PublishModelDraft(new["draft_id"], 1))["version"] == 1
    assert read.definition("public_notice").name == '公示 "<七天>"'

    for wrong in (CommentOnModel(draft, " "), CommentOnModel(draft, "x", "no.bpmn"), CommentOnModel(draft, "x" * 2001)):
        with pytest.raises(Invalid):
            do(story, "fabu", wrong)
    comment = do(story, "fabu", CommentOnModel(draft, "为什么是30天？", DIAGRAM, 'lookback_"due'))
    do(story, "sheji", ResolveComment(comment))
    do(story, "sheji", ResolveComment(comment))
    [found] = read.model_comments(draft)
    assert (found.file, found.element_id, found.text) == (DIAGRAM, 'lookback_"due', "为什么是30天？")
    assert (found.by, found.resolved_by) == (story.person("fabu").name, story.person("sheji").name)

    handed_in(story)
    with pytest.raises(Invalid):
        do(story, "fabu", ReturnModelDraft(draft, " "))
    do(story, "fabu", ReturnModelDraft(draft, "请补测试"))
    assert (read.model_draft(draft).state, read.model_draft(draft).reason) == ("OPEN", "请补测试")
    letters = do(story, "fabu", OpenModelDraft("letters"))["draft_id"]
    with pytest.raises(NotPermitted):
        do(story, "sheji", DiscardModelDraft(letters, "不是我的"))
    do(story, "sheji", DiscardModelDraft(draft, "不改了"))
    assert [row.draft_id for row in read.model_drafts()] == [letters]
    assert {row.key: row.draft and row.draft.draft_id for row in read.models()}["letters"] == letters


def test_what_a_deadline_would_come_to(scenario: Scenario) -> None:
    read = scenario.engine.read

    drawn = read.model_deadline('after("5wd")', campaign_id=scenario.campaign, start_at=at("2024-06-05 10:00"))

    assert drawn.deadline.due_at == at("2024-06-13 18:00")
    assert [(day.on.day, day.is_workday, day.name) for day in drawn.days][3:7] == [
        (8, False, ""), (9, False, ""), (10, False, "端午节"), (11, True, ""),
    ]  # fmt: skip
    for text in ("10", "after(10)", 'after("10x")', "__import__('os')", 'phase_end("nowhere")', ""):
        with pytest.raises(Invalid):
            read.model_deadline(text, campaign_id=scenario.campaign)
    words = read.model_words()
    assert "site_check" in {form.key for form in words.forms}
    assert "escalation_ladder" in {ladder.key for ladder in words.ladders}
    assert "cleanup" in words.campaigns[0].phases
