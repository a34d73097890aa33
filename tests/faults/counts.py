"""How often each kind of fault is tried: little in CI, the full counts with DUBAN_FAULTS=full, or one by its own name,
as in DUBAN_FAULTS_SEEDS=200."""

import os

IS_FULL = os.environ.get("DUBAN_FAULTS") == "full"


def _count(name: str, few: int, full: int) -> int:
    return int(os.environ.get(f"DUBAN_FAULTS_{name}", full if IS_FULL else few))


SEEDS = _count("SEEDS", 25, 2000)  # interleavings
MUTANT_SEEDS = 500  # by which every missing protection must be found, in CI too
POINTS = _count("POINTS", 4, 10**6)  # of an act at which its process dies: all of them when there are not so many
KILLS = _count("KILLS", 6, 100)  # of a process that works on the engine, on each database
SERVER_KILLS = _count("SERVER_KILLS", 2, 200)  # of a server or worker, with clients over HTTP
CUTS = _count("CUTS", 60, 2000)  # operations whose connection to PostgreSQL may be cut
STOPS = _count("STOPS", 3, 50)  # of a worker, for longer than its lease
FULL_DISKS = _count("FULL_DISKS", 8, 200)  # page by page more


def tell(what: str) -> None:
    """One line for who runs `make faults`."""
    print(f"\nfaults: {what}")
