"""What a walk stands on: process folders, the campaign's plan and the calendar, as values. Knows no database."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from engine import sources
from engine.bpmn.decision import Decision, read_decision
from engine.bpmn.definition import Definition, Model, ModelRefused, Models
from engine.bpmn.document import bpmn, read_document
from engine.bpmn.elements import called_keys
from engine.digests import sha256_of_files
from engine.domain import calendar as calendars
from engine.domain import campaign as campaigns
from engine.domain.calendar import WorkCalendar
from engine.domain.campaign import Campaign
from engine.errors import Invalid, NotFound, Problem
from engine.plans import TABLES_KEY

_models = Models(kept=24)  # apart from those that run, which drafts must not push out


class Flow(NamedTuple):
    process_key: str
    flow_id: str
    source: str
    target: str


@dataclass(frozen=True)
class Ground:
    """`folders`: every file of a process folder by its key; the folder `ladders` holds the tables that plans name."""

    folders: Mapping[str, Mapping[str, bytes]]
    plan: Campaign
    calendar: WorkCalendar

    def with_folder(self, key: str, files: Mapping[str, bytes]) -> "Ground":
        """The same with other files for one folder: a draft over what is deployed."""
        return replace(self, folders={**self.folders, key: files})

    def model(self, key: str) -> Model:
        """The process with everything it calls. Raises Invalid for what cannot be run."""
        definitions: dict[str, Definition] = {}
        wanted = [key]
        while wanted:
            name = wanted.pop(0)
            if name in definitions:
                continue
            content = self.diagram(name)
            definitions[name] = Definition(_identity(name, self.folders[name]), name, 1, self.folders[name])
            wanted += called_keys(content)
        return _models.load(tuple(definitions.values()))

    def diagram(self, key: str) -> bytes:
        """Raises ModelRefused when there is no such process."""
        content = self.folders.get(key, {}).get(f"{key}.bpmn")
        if content is None:
            known = "、".join(sorted(name for name, files in self.folders.items() if f"{name}.bpmn" in files))
            raise ModelRefused(
                key,
                f"没有流程“{key}”：缺少文件 {key}.bpmn。现有的流程：{known}。",
                f'there is no process "{key}": the file {key}.bpmn is missing. Known are: {known}.',
            )
        return content

    def flows(self, key: str) -> tuple[Flow, ...]:
        """The sequence flows that are drawn in one file."""
        return tuple(_flows(key, self.diagram(key)).values())

    def flow(self, key: str, flow_id: str) -> Flow:
        """Raises KeyError when there is none of that id."""
        return _flows(key, self.diagram(key))[flow_id]

    def table(self, name: str) -> Decision:
        """A ladder or a table of lights. Raises Invalid when there is none of that name."""
        for key in (TABLES_KEY, "supervision"):
            content = self.folders.get(key, {}).get(f"{name}.dmn")
            if content is not None:
                return _table(content)
        zh, en = f"没有名为“{name}”的督办阶梯或亮灯规则表。", f'There is no ladder or table of lights "{name}".'
        raise Invalid("trial.no_table", en, (Problem("ladder", zh, en),), table=name)


def ground_of(root: Path, campaign: str = "") -> Ground:
    """What lies in a folder like `processes/`; the first campaign by name when none is asked for. Raises NotFound."""
    names = sorted(path.stem for path in (root / "campaigns").glob("*.toml"))
    if not names:
        raise NotFound("folder_unknown", f"There is no campaign below {root}.", folder=str(root))
    return Ground(
        {folder.key: folder.files for folder in sources.process_folders(root)},
        campaigns.load(sources.campaign(root, campaign or names[0])),
        WorkCalendar([calendars.load(content) for content in sources.calendars(root)]),
    )


def _identity(key: str, files: Mapping[str, bytes]) -> str:
    """What the files of a folder that run say, as an id: the same files, the same model."""
    run = {name: content for name, content in files.items() if name.endswith((".bpmn", ".dmn"))}
    return f"{key}@{sha256_of_files(run)[:24]}"


@lru_cache(maxsize=64)
def _flows(key: str, content: bytes) -> Mapping[str, Flow]:
    drawn = read_document(content).iter(bpmn("sequenceFlow"))
    found = [Flow(key, flow.get("id", ""), flow.get("sourceRef", ""), flow.get("targetRef", "")) for flow in drawn]
    return {flow.flow_id: flow for flow in found}


@lru_cache(maxsize=32)
def _table(content: bytes) -> Decision:
    return read_decision(content)
