"""What the chain, its checkpoints and the places outside the database prove together, range by range.

`proven` needs a checkpoint that lies outside the database; what only the database itself says is `unproven`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.chain import Checkpoint, Key, Link, follow, is_sealed
from engine.errors import Problem

PROVEN, UNPROVEN, BROKEN = "proven", "unproven", "broken"
NAMED = 20  # damaged facts that are named one by one


@dataclass(frozen=True)
class Place:
    """A file of checkpoints outside the database, as it was read; `problems` are those of reading it."""

    name: str
    checkpoints: tuple[Checkpoint, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Stretch:
    """Facts `first` to `last` of the chain. `checkpoints`: the first and last number that speak for it."""

    first: int
    last: int
    verdict: str
    checkpoints: tuple[int, int] | None = None


@dataclass(frozen=True)
class Proof:
    """`problems` of severity error are damage, warnings say why something is not proven, infos are worth knowing."""

    sealed: int
    unsealed: int
    stretches: tuple[Stretch, ...]
    problems: tuple[Problem, ...]

    @property
    def verdict(self) -> str:
        """`proven`: no damage, and everything up to the last checkpoint is proven. Newer facts never are."""
        if any(problem.severity == "error" for problem in self.problems):
            return BROKEN
        has_gap = any(problem.severity == "warning" for problem in self.problems)
        is_shown = any(stretch.verdict == PROVEN for stretch in self.stretches)
        return UNPROVEN if has_gap or (self.sealed and not is_shown) else PROVEN


def examine(
    rows: Iterable[Mapping[str, Any]],
    checkpoints: Sequence[Checkpoint],
    places: Sequence[Place],
    key: Key,
    *,
    unsealed: int,
    strays: Sequence[int],
) -> Proof:
    """`rows`: the chain by position, each with the columns of its fact, or with `kind` None when the fact is gone.
    `checkpoints`: those of the database, by number. `strays`: facts that should be in the chain and are not."""
    case = _Case(key)
    witnessed = case.witnesses(places)
    case.own(checkpoints, witnessed, places)
    every = {**{each.number: each for each in checkpoints}, **witnessed}
    sealed = case.walk(rows, sorted(every.values(), key=lambda each: (each.position, each.number)), set(witnessed))
    for fact_id in strays:
        case.error(
            f"fact {fact_id}",
            f"事实 {fact_id} 不在链上，而比它新的事实已封存：它是后来插入的，或从链上删除了。",
            f"Fact {fact_id} is not in the chain although newer ones are: it was put in later or cut out of the chain.",
        )
    return Proof(sealed, unsealed, tuple(_merged(case.stretches)), tuple(case.problems))


@dataclass
class _Case:
    key: Key
    problems: list[Problem] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)

    def error(self, where: str, zh: str, en: str) -> None:
        self.problems.append(Problem(where, zh, en))

    def warn(self, where: str, zh: str, en: str) -> None:
        self.problems.append(Problem(where, zh, en, "warning"))

    # -- checkpoints ---------------------------------------------------------------------------------------------------
    def witnesses(self, places: Sequence[Place]) -> dict[int, Checkpoint]:
        """Every checkpoint that some place outside holds and whose MAC is right."""
        found: dict[int, Checkpoint] = {}
        if not places:
            self.warn(
                "checkpoints",
                "没有数据库以外的校验点文件，无法证明记录未被改写。请设置 DUBAN_CHECKPOINTS。",
                "No checkpoint file outside the database: nothing can be proven. Set DUBAN_CHECKPOINTS.",
            )
        for place in places:
            self.problems += place.problems
            self.run_of(place.name, place.checkpoints)
            for each in place.checkpoints:
                if not is_sealed(each, self.key):
                    continue
                if found.setdefault(each.number, each) != each:
                    self.error(
                        f"{place.name}: checkpoint {each.number}",
                        f"各处保存的第 {each.number} 号校验点互不相同。请查明哪个数据库是真的。",
                        f"Two places hold different checkpoints {each.number}: find out which database is real.",
                    )
        return found

    def run_of(self, name: str, run: Sequence[Checkpoint]) -> None:
        """Each has its MAC and follows the one before."""
        before: Checkpoint | None = None
        for each in run:
            where = f"{name}: checkpoint {each.number}"
            if not is_sealed(each, self.key):
                self.error(
                    where,
                    f"第 {each.number} 号校验点的认证码不对：内容被改过，或密钥不是本系统的。",
                    f"The MAC of checkpoint {each.number} is wrong: it was changed, or made with another key.",
                )
            elif before is None and each.number == 1 and each.previous_mac:
                self.error(where, "首个校验点之前还有校验点。", "The first checkpoint follows another one.")
            elif before is not None and (each.number, each.previous_mac) != (before.number + 1, before.mac):
                self.error(
                    where,
                    f"第 {each.number} 号校验点不接在第 {before.number} 号之后：中间有删除或调换。",
                    f"Checkpoint {each.number} does not follow {before.number}: some were removed or swapped.",
                )
            elif before is not None and each.position < before.position:
                self.error(
                    where,
                    f"第 {each.number} 号校验点覆盖的事实比前一个少。",
                    f"Checkpoint {each.number} covers fewer facts than the one before.",
                )
            before = each

    def own(
        self, checkpoints: Sequence[Checkpoint], witnessed: Mapping[int, Checkpoint], places: Sequence[Place]
    ) -> None:
        """The database's table of checkpoints against what lies outside."""
        self.run_of("database", checkpoints)
        if checkpoints and checkpoints[0].number != 1:
            self.error(
                "database: checkpoint 1",
                f"数据库中缺少第 1 至 {checkpoints[0].number - 1} 号校验点。",
                f"Checkpoints 1 to {checkpoints[0].number - 1} are gone from the database.",
            )
        here = {each.number: each for each in checkpoints}
        newest = max(here, default=0)
        beyond = sorted(number for number in witnessed if number > newest)
        if beyond:
            self.error(
                "database",
                f"数据库比校验点文件旧：文件有第 {beyond[0]} 至 {beyond[-1]} 号校验点，数据库没有。"
                "数据库由备份恢复，或末尾被截断。",
                f"The database is older than the checkpoint file, which holds checkpoints {beyond[0]} to {beyond[-1]}: "
                "it was restored from a backup, or its end was cut off.",
            )
        for place in places:
            held = max((each.number for each in place.checkpoints), default=0)
            if place.checkpoints and held < newest:
                self.warn(
                    place.name,
                    f"该文件只到第 {held} 号校验点，数据库已到第 {newest} 号：其后的事实未经证明。",
                    f"The file ends with checkpoint {held}, the database with {newest}: what came after is not proven.",
                )
        for number, outside in sorted(witnessed.items()):
            if number in here and here[number] != outside:
                self.error(
                    f"database: checkpoint {number}",
                    f"数据库中的第 {number} 号校验点与文件中的不同。",
                    f"Checkpoint {number} in the database differs from the one outside.",
                )

    # -- facts ---------------------------------------------------------------------------------------------------------
    def walk(self, rows: Iterable[Mapping[str, Any]], marks: Sequence[Checkpoint], witnessed: set[int]) -> int:
        """Recomputes every link and asks each checkpoint whether the chain leads to it. Returns how many there are."""
        link, begin, start_holds, damaged = Link(), 1, True, 0
        waiting = list(reversed(marks))

        for row in rows:
            stored = Link(row["position"], row["sha256"], row["sm3"])
            fault = _fault(link, stored, row)
            if fault is not None:
                damaged += 1
                self.name(damaged, fault)
            link = stored
            if waiting and waiting[-1].position <= link.position:
                holds = self.settle(link, waiting, witnessed, begin, is_whole=start_holds and not damaged)
                begin, start_holds, damaged = link.position + 1, holds, 0
        self.left_over(link, waiting, begin, is_whole=start_holds and not damaged)
        return link.position

    def name(self, damaged: int, fault: tuple[str, str, str]) -> None:
        """The first few of a range one by one; a whole register of them would hide the rest."""
        if damaged <= NAMED:
            self.error(*fault)
        elif damaged == NAMED + 1:
            self.error(fault[0], "还有更多事实受损，不再逐条列出。", "More facts are damaged than are named here.")

    def settle(self, link: Link, waiting: list[Checkpoint], witnessed: set[int], begin: int, *, is_whole: bool) -> bool:
        """The checkpoints at this position. Whether the chain leads to all of them."""
        numbers: list[int] = []
        outside: list[int] = []
        holds = True
        while waiting and waiting[-1].position <= link.position:
            mark = waiting.pop()
            numbers.append(mark.number)
            if mark.number in witnessed:
                outside.append(mark.number)
            if mark.link == link:
                continue
            holds = False
            self.error(
                f"checkpoint {mark.number}",
                f"事实链与第 {mark.number} 号校验点不符：第 {begin} 至 {mark.position} 条被改写。",
                f"The chain does not lead to checkpoint {mark.number} at position {mark.position}: facts {begin} to "
                f"{mark.position} were rewritten.",
            )
        if numbers and link.position >= begin:
            verdict = BROKEN if not (holds and is_whole) else PROVEN if outside else UNPROVEN
            told = outside or numbers
            self.stretches.append(Stretch(begin, link.position, verdict, (min(told), max(told))))
        return holds

    def left_over(self, link: Link, waiting: list[Checkpoint], begin: int, *, is_whole: bool) -> None:
        if waiting:
            last = waiting[0]
            self.error(
                "facts",
                f"第 {link.position + 1} 至 {last.position} 条事实不见了，而第 {last.number} 号校验点覆盖它们。",
                f"Facts {link.position + 1} to {last.position} are gone: checkpoint {last.number} covers them.",
            )
            self.stretches.append(Stretch(link.position + 1, last.position, BROKEN, (waiting[-1].number, last.number)))
        if link.position >= begin:
            verdict = UNPROVEN if is_whole and not waiting else BROKEN
            self.stretches.append(Stretch(begin, link.position, verdict))


def _fault(before: Link, stored: Link, row: Mapping[str, Any]) -> tuple[str, str, str] | None:
    position, fact_id = stored.position, row["fact_id"]
    where = f"fact {fact_id} at position {position}"
    if position != before.position + 1:
        return (
            where,
            f"链上第 {before.position + 1} 至 {position - 1} 条缺失。",
            f"Positions {before.position + 1} to {position - 1} are gone from the chain.",
        )
    if row["kind"] is None:
        return where, f"事实 {fact_id} 被删除。", f"Fact {fact_id} was deleted."
    try:
        is_same = follow(before, row) == stored
    except (AttributeError, TypeError, ValueError):  # what lies there is not even a fact any more
        is_same = False
    if not is_same:
        return where, f"事实 {fact_id} 的内容与封存时不同。", f"Fact {fact_id} is not what was sealed."
    return None


def _merged(stretches: Sequence[Stretch]) -> Iterator[Stretch]:
    """Neighbours of one verdict as one, in order."""
    held: Stretch | None = None
    for each in sorted(stretches, key=lambda stretch: stretch.first):
        if held is not None and held.verdict == each.verdict and bool(held.checkpoints) == bool(each.checkpoints):
            numbers = (held.checkpoints[0], each.checkpoints[1]) if held.checkpoints and each.checkpoints else None
            held = Stretch(held.first, each.last, held.verdict, numbers)
            continue
        if held is not None:
            yield held
        held = each
    if held is not None:
        yield held
