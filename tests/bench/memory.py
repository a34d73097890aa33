"""What a worker process holds in memory with every definition loaded: measured in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

from scenario import PROCESSES

from bench.measuring import Figure
from bench.office import definitions
from engine.bpmn.definition import load_model

STATUS = Path("/proc/self/status")
KEYS = sorted(path.parent.name for path in PROCESSES.glob("*/*.bpmn"))


def measure() -> list[Figure]:
    """Resident megabytes of a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.memory"],
        cwd=Path(__file__).parents[2],
        env={"PYTHONPATH": f"{Path(__file__).parents[1]}:{Path(__file__).parents[2]}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    detail = {"before_mb": found["before"], "definitions": len(KEYS)}
    return [
        Figure("memory of a worker with all definitions loaded", "process", found["after"], "MB", None, detail),
        Figure("of that, the definitions", "process", round(found["after"] - found["before"], 1), "MB", None),
    ]


def resident_mb() -> float:
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith("VmRSS:"))
    return round(int(line.split()[1]) / 1024, 1)


def main() -> None:
    import engine.worker
    import web.bootstrap

    assert engine.worker and web.bootstrap.handlers, "what a worker imports is in memory"
    before = resident_mb()
    models = [load_model(definitions(key)) for key in KEYS]
    assert len(models) == len(KEYS)
    print(json.dumps({"before": before, "after": resident_mb()}))


if __name__ == "__main__":
    main()
