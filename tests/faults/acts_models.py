"""What designers and publishers do with drafts of process folders."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from act import WHY, Act, first, opened
from scenario import Scenario

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
from engine.domain.actor import SYSTEM, Actor
from engine.store.schema import model_comments, model_drafts

KEY = "public_notice"  # a new folder: its one file keeps the statements few
WALK = "tests/seven_days.toml"


def folder_drafted(scenario: Scenario) -> None:
    scenario.engine.execute(OpenModelDraft(KEY, WHY), by=scenario.person("sheji"))


def folder_changed(scenario: Scenario) -> None:
    folder_drafted(scenario)
    scenario.engine.execute(change(scenario), by=scenario.person("sheji"))


def folder_commented(scenario: Scenario) -> None:
    folder_drafted(scenario)
    scenario.engine.execute(CommentOnModel(the_draft(scenario), WHY, f"{KEY}.bpmn"), by=scenario.person("fabu"))


def folder_handed_in(scenario: Scenario) -> None:
    folder_changed(scenario)
    scenario.engine.execute(SubmitModelDraft(the_draft(scenario), 2), by=scenario.person("sheji"))


def folder_outdated(scenario: Scenario) -> None:
    """A version is deployed while the first draft of the folder is under way."""
    folder_changed(scenario)
    diagram = scenario.engine.read.model_draft(the_draft(scenario)).files[f"{KEY}.bpmn"]
    scenario.engine.execute(Deploy(KEY, {f"{KEY}.bpmn": diagram, "tests/new.toml": b"# new\n"}), by=SYSTEM)


def change(scenario: Scenario) -> SaveModelFiles:
    return SaveModelFiles(the_draft(scenario), 1, {WALK: b"# seven days\n"}, WHY)


def the_draft(scenario: Scenario) -> str:
    return str(first(scenario, sa.select(model_drafts.c.draft_id))["draft_id"])


def the_comment(scenario: Scenario) -> str:
    return str(first(scenario, sa.select(model_comments.c.comment_id))["comment_id"])


def by(login: str, command: Callable[[Scenario], Any]) -> Callable[[Scenario], tuple[Any, Actor]]:
    return lambda scenario: (command(scenario), scenario.person(login))


MODELS = (
    Act("open a model draft", opened, by("sheji", lambda it: OpenModelDraft(KEY, WHY))),
    Act("save a model draft", folder_drafted, by("sheji", change)),
    Act("restore a model save", folder_changed, by("sheji", lambda it: RestoreModelSave(the_draft(it), 2, 1))),
    Act("take over a newer version", folder_outdated, by("sheji", lambda it: RebaseModelDraft(the_draft(it), 2))),
    Act("comment on a model", folder_drafted, by("fabu", lambda it: CommentOnModel(the_draft(it), WHY, f"{KEY}.bpmn"))),
    Act("settle a comment", folder_commented, by("sheji", lambda it: ResolveComment(the_comment(it)))),
    Act("hand a model in", folder_changed, by("sheji", lambda it: SubmitModelDraft(the_draft(it), 2, WHY))),
    Act("return a model", folder_handed_in, by("fabu", lambda it: ReturnModelDraft(the_draft(it), WHY))),
    Act("publish a model", folder_handed_in, by("fabu", lambda it: PublishModelDraft(the_draft(it), 2))),
    Act("discard a model draft", folder_changed, by("sheji", lambda it: DiscardModelDraft(the_draft(it), WHY))),
)
