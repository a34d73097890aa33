"""What a change by hand does beyond the instance it is made to. Such a change can be put right, but not undone."""

from collections.abc import Iterable, Iterator

Words = tuple[str, str]  # zh, en


def effects_outside(
    *, letters: int, milestones: Iterable[str], rungs: int, items: Iterable[str], has_ended: bool
) -> tuple[Words, ...]:
    """`letters`: issued with a number. `rungs`: of the ladder that were climbed. `items`: names of supervision items
    that close with the task they watch."""
    return tuple(_effects(letters, tuple(milestones), rungs, tuple(items), has_ended))


def _effects(
    letters: int, milestones: tuple[str, ...], rungs: int, items: tuple[str, ...], has_ended: bool
) -> Iterator[Words]:
    if letters:
        yield f"签发公文 {letters} 件，文号已占用", f"{letters} letters are issued and take their numbers"
    if milestones:
        yield f"记录节点：{'、'.join(milestones)}", f"milestones are recorded: {', '.join(milestones)}"
    if rungs:
        yield f"督办升级 {rungs} 级", f"{rungs} rungs of the ladder are climbed"
    for name in items:
        yield f"督办件“{name}”随任务撤销而办结", f'the supervision item "{name}" closes with the task it watches'
    if has_ended:
        yield "流程结束", "the process ends"
