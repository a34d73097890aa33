"""The table that `make bench` prints and the JSON that it keeps."""

import json
import os
import platform
import subprocess
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.measuring import Figure

MARKS = {True: "reached", False: "MISSED", None: ""}
COLUMNS = ("what", "on", "found", "at most", "")


def table(figures: Sequence[Figure]) -> str:
    rows = [COLUMNS, *(_row(figure) for figure in figures)]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = [
        "  ".join(
            _padded(cell, width, to_right=column in (2, 3))
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    judged = [figure.is_reached for figure in figures if figure.is_reached is not None]
    return "\n".join([*lines, "", f"{sum(judged)} of {len(judged)} targets reached"])


def save(figures: Sequence[Figure], folder: Path, *, size: str, seconds: float) -> Path:
    """Named by the instant, so that runs stand beside each other."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    path = folder / f"{now:%Y-%m-%dT%H%M%SZ}-{size}.json"
    content = {
        "at": now.isoformat(),
        "size": size,
        "seconds": round(seconds, 1),
        "machine": {
            "cpus": os.cpu_count(),
            "load": os.getloadavg(),
            "python": platform.python_version(),
            "system": platform.platform(),
        },
        "versions": {name: version(name) for name in ("SpiffWorkflow", "SQLAlchemy", "psycopg", "orjson", "zstandard")},
        "commit": _commit(),
        "figures": [figure.to_json() for figure in figures],
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _row(figure: Figure) -> tuple[str, ...]:
    target = "" if figure.target is None else f"{figure.target:.2f} {figure.unit}"
    return figure.name, figure.backend, f"{figure.value:.2f} {figure.unit}", target, MARKS[figure.is_reached]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _padded(text: str, width: int, *, to_right: bool) -> str:
    gap = " " * (width - _width(text))
    return gap + text if to_right else text + gap


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
