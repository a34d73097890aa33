"""`make bench`, or `python -m bench [--quick] [--on sqlite] [--only LINE ...]` with tests on the path."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from databases import Databases, PostgresServer, SqliteFiles

from bench import completing, crowd, letters, memory, reading, report, storing, studio
from bench.measuring import Figure
from bench.office import FULL, QUICK, Office, Sizes

FOLDER = Path("var/bench")
SECTIONS = ("completing", "storing", "crowd", "import", "reading", "memory", "letters", "studio")
WITHOUT_DATABASE = ("memory", "letters", "studio")
BACKENDS = ("sqlite", "postgresql")
DURABLE = ("listen_addresses=", "shared_buffers=256MB")


def main(arguments: Sequence[str] | None = None) -> int:
    wanted = _arguments().parse_args(arguments)
    sizes = QUICK if wanted.quick else FULL
    begun = time.perf_counter()
    figures = run(sizes, wanted.on or BACKENDS, wanted.only or SECTIONS, say=lambda text: print(text, file=sys.stderr))
    print(report.table(figures))
    seconds = time.perf_counter() - begun
    kept = report.save(figures, wanted.folder, size="quick" if wanted.quick else "full", seconds=seconds)
    print(f"{kept}, {seconds:.0f} s")
    return 0


def run(sizes: Sizes, backends: Sequence[str], sections: Sequence[str], *, say: Callable[[str], None]) -> list[Figure]:
    figures: list[Figure] = []
    for backend in backends if set(sections) - set(WITHOUT_DATABASE) else ():
        with tempfile.TemporaryDirectory(prefix="duban-bench-") as folder:
            figures += _on(backend, Path(folder), sizes, sections, say)
    if "memory" in sections:
        say("memory")
        figures += memory.measure()
    if "letters" in sections:
        say("letters")
        figures += letters.measure(sizes)
    if "studio" in sections:
        say("studio")
        figures += studio.measure(sizes)
    return figures


def _on(backend: str, folder: Path, sizes: Sizes, sections: Sequence[str], say: Callable[[str], None]) -> list[Figure]:
    (folder / "databases").mkdir()
    server = PostgresServer(DURABLE) if backend == "postgresql" else None
    databases: Databases = server or SqliteFiles(folder / "databases")
    found: list[Figure] = []

    def with_office(measure: Callable[[Office], Sequence[Figure]]) -> None:
        office = Office.open(databases, folder / "office")
        try:
            found.extend(measure(office))
        finally:
            office.close()

    try:
        for section in sections:
            if section not in WITHOUT_DATABASE:
                say(f"{backend}: {section}")
            if section == "completing":
                with_office(lambda office: completing.measure(office, sizes, backend))
            elif section == "storing":
                found += storing.measure(databases, folder, sizes, backend)
            elif section == "crowd":
                with_office(lambda office: crowd.measure(office, sizes, backend))
            elif section == "import":
                with_office(lambda office: [crowd.measure_import(office, sizes, backend)])
            elif section == "reading":
                for tasks in (sizes.few_tasks, sizes.many_tasks):
                    with_office(lambda office, tasks=tasks: reading.measure(office, sizes, backend, tasks))
    finally:
        if server is not None:
            server.stop()
    return found


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: whether it runs, not what it costs")
    parser.add_argument("--on", action="append", choices=BACKENDS, help="only on this kind of database")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="only this part")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the JSON is kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
