"""What the worker does for the database when nothing else is due."""

from dataclasses import dataclass

from engine.store import tallies
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class FoldTallies:
    """Sum up the counters of the figures, at most `limit` rows of them. No figure changes. Answers how many rows fewer
    there are now."""

    limit: int = 5000


def fold_tallies(command: FoldTallies, tx: Transaction) -> int:
    return tallies.fold(tx, command.limit)
