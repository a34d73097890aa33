"""Forecasts as jobs of their own: a folder each, with what went in, how far it is, and what came out.

A process beside the server runs it (`forecast_worker.py`), so that a page never waits and a restart of the server ends
nothing. Several server processes of one machine share the folder; the files themselves are the record.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.domain.actor import Actor
from engine.errors import NotFound, NotPermitted, Rejected
from engine.forecast.ground import Material, write_material
from engine.forecast.outcome import Result
from engine.forecast.scenario import Scenario, scenario_toml

RUNNING, DONE, FAILED, CANCELLED, BROKEN = "RUNNING", "DONE", "FAILED", "CANCELLED", "BROKEN"
MAX_RUNNING = 2  # as many as a small machine has cores
MAX_KEPT = 60
MAX_OF_ONE = 20  # kept of one person, so that nobody fills all the room
SILENT_SECONDS = 90.0  # a process that has written nothing for so long is gone
RUN_ID = re.compile(r"[0-9]{8}-[0-9a-f]{8}")
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class OfDraft:
    """Which draft a forecast ran on, as it was after save `revision`. `against`: the forecast of the published versions
    that was begun with it, empty without one."""

    draft_id: str
    title: str
    revision: int
    against: str


@dataclass(frozen=True)
class Run:
    """One forecast as it stands. `over` of `total` cases are over, on the virtual `day`."""

    run_id: str
    name: str
    name_en: str
    campaign: str
    by: str
    by_id: str  # empty for one that does not say; only a system administrator ends it then
    begun_at: datetime
    state: str
    over: int = 0
    total: int = 0
    day: str = ""
    problems: tuple[tuple[str, str, str], ...] = ()  # where, Chinese, English
    draft: OfDraft | None = None  # None: of the published versions

    @property
    def is_running(self) -> bool:
        return self.state == RUNNING

    @property
    def is_done(self) -> bool:
        return self.state == DONE

    def may_be_ended_by(self, person: Actor) -> bool:
        """Whoever began it cancels and removes it, and a system administrator."""
        return (bool(self.by_id) and person.person_id == self.by_id) or person.has_role("sysadmin")


class Runs:
    """All forecasts in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    def check_room(self, count: int, by: Actor) -> None:
        """Raises Rejected when so many more would be too many to run, or to keep."""
        known = self.all()
        if (running := sum(run.is_running for run in known)) + count > MAX_RUNNING:
            raise Rejected("forecasts_running", f"{running} forecasts run already.", n=running)
        if len(known) + count > MAX_KEPT:
            raise Rejected("forecasts_kept", f"{MAX_KEPT} forecasts are kept; remove some first.", n=MAX_KEPT)
        if sum(run.by_id == by.person_id for run in known) + count > MAX_OF_ONE:
            words = f"{by.name} keeps {MAX_OF_ONE} forecasts; remove some first."
            raise Rejected("forecasts_kept_own", words, n=MAX_OF_ONE)

    def start(
        self, scenario: Scenario, material: Material, *, by: Actor, at: datetime, draft: OfDraft | None = None
    ) -> str:
        """Raises Rejected while too many run, or when too many are kept. Nothing is left of what cannot begin."""
        self.check_room(1, by)
        run_id = f"{at:%Y%m%d}-{secrets.token_hex(4)}"
        folder = self.folder / run_id
        folder.mkdir(parents=True)
        try:
            self._fill(folder, scenario, material, by=by, at=at, draft=draft)
            command = [sys.executable, "-m", "web.studio.forecast_worker", str(folder)]
            self._started[run_id] = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return run_id

    def _fill(
        self, folder: Path, scenario: Scenario, material: Material, *, by: Actor, at: datetime, draft: OfDraft | None
    ) -> None:
        write_material(material, folder / "processes", scenario.campaign)
        (folder / "scenario.toml").write_bytes(scenario_toml(scenario))
        about = {
            "name": scenario.name,
            "name_en": scenario.name_en or scenario.name,
            "campaign": scenario.campaign,
            "by": by.name,
            "by_id": by.person_id,
            "begun_at": at.isoformat(),
            "draft": asdict(draft) if draft else None,
        }
        write_json(folder / "request.json", about)
        write_json(folder / "state.json", {"state": RUNNING, "over": 0, "total": scenario.cases, "day": ""})

    def all(self) -> tuple[Run, ...]:
        """The newest first."""
        for run_id, process in list(self._started.items()):
            if process.poll() is not None:
                self._started.pop(run_id, None)
        if not self.folder.is_dir():
            return ()
        found = [run for path in self.folder.iterdir() if (run := self._read(path)) is not None]
        return tuple(sorted(found, key=lambda run: (run.begun_at, run.run_id), reverse=True))

    def get(self, run_id: str) -> Run:
        """Raises NotFound."""
        run = self._read(self._folder(run_id))
        if run is None:
            raise _unknown(run_id)
        return run

    def result(self, run_id: str) -> Result:
        """Raises NotFound while there is none."""
        try:
            return Result.from_json(json.loads(self.file(run_id, "result.json")))
        except (KeyError, TypeError, ValueError) as error:
            raise _unknown(run_id) from error

    def file(self, run_id: str, name: str) -> bytes:
        """A file of its folder. `name` must not come from outside unchecked. Raises NotFound."""
        path = self._folder(run_id) / name
        if not path.is_file():
            raise _unknown(run_id)
        return path.read_bytes()

    def cancel(self, run_id: str, *, by: Actor) -> None:
        """It ends within a second or two. Raises NotPermitted; Rejected when it is over already."""
        if not self._to_end(run_id, by).is_running:
            raise Rejected("forecast_over", "The forecast is over.", run_id=run_id)
        (self._folder(run_id) / "cancel").touch()

    def remove(self, run_id: str, *, by: Actor) -> None:
        """Raises NotPermitted; Rejected while it runs."""
        if self._to_end(run_id, by).is_running:
            raise Rejected("forecast_runs", "The forecast is still running.", run_id=run_id)
        shutil.rmtree(self._folder(run_id))

    def discard(self, run_id: str) -> None:
        """Ends what this object has just started, and nothing is left of it."""
        process = self._started.pop(run_id, None)
        if process is not None:
            process.terminate()
            process.wait()
        shutil.rmtree(self._folder(run_id), ignore_errors=True)

    def wait(self, run_id: str) -> None:
        """Until what this object started is over."""
        process = self._started.pop(run_id, None)
        if process is not None:
            process.wait()

    def close(self) -> None:
        """Ends what this object started, for tests and for the end of a process."""
        for process in list(self._started.values()):
            if process.poll() is None:
                process.terminate()
            process.wait(timeout=30)
        self._started.clear()

    def _to_end(self, run_id: str, by: Actor) -> Run:
        run = self.get(run_id)
        if not run.may_be_ended_by(by):
            raise NotPermitted("forecast_of_another", f"{run.by} began this forecast.", by=run.by)
        return run

    def _folder(self, run_id: str) -> Path:
        if not RUN_ID.fullmatch(run_id):
            raise _unknown(run_id)
        return self.folder / run_id

    def _read(self, folder: Path) -> Run | None:
        """None for what is no forecast, or was removed while we looked."""
        if not RUN_ID.fullmatch(folder.name):
            return None
        try:
            about = json.loads((folder / "request.json").read_bytes())
            told = json.loads((folder / "state.json").read_bytes())
            silent = time.time() - (folder / "state.json").stat().st_mtime
        except (OSError, ValueError):
            return None
        state = BROKEN if told["state"] == RUNNING and silent > SILENT_SECONDS else told["state"]
        return Run(
            run_id=folder.name,
            name=about["name"],
            name_en=about["name_en"],
            campaign=about["campaign"],
            by=about["by"],
            by_id=about.get("by_id", ""),
            begun_at=datetime.fromisoformat(about["begun_at"]),
            state=state,
            over=told.get("over", 0),
            total=told.get("total", 0),
            day=told.get("day", ""),
            problems=tuple((one[0], one[1], one[2]) for one in told.get("problems", ())),
            draft=OfDraft(**about["draft"]) if about.get("draft") else None,
        )


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Whole or not at all: a reader never sees half a file."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(part, path)


def _unknown(run_id: str) -> NotFound:
    return NotFound("forecast_unknown", f"There is no forecast {run_id}.", run_id=run_id)
