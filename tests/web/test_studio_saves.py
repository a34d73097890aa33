"""The history of a draft: what the editor saved by itself within minutes is read as one piece of work."""

from datetime import UTC, datetime, timedelta

from engine.domain.model_draft import FileChange
from engine.queries.models import ModelSave
from web.studio.saves import SaveGroup, grouped

NOON = datetime(2024, 6, 13, 4, tzinfo=UTC)


def save(
    revision: int, minutes: float, *changes: tuple[str, str], by: str = "甲", how: str = "SAVED", note: str = ""
) -> ModelSave:
    at = NOON + timedelta(minutes=minutes)
    return ModelSave(revision, by, at, note, how, None, tuple(FileChange(name, done) for name, done in changes), by)


def test_autosaves_of_one_person_within_ten_minutes_stand_together() -> None:
    opened = save(1, 0, how="OPENED")
    first = save(2, 1, ("a.bpmn", "changed"), ("b.form", "added"), ("c.form", "added"))
    second = save(3, 6, ("b.form", "changed"), ("c.form", "removed"), ("d.form", "removed"))
    on_the_edge = save(4, 11, ("a.bpmn", "changed"), ("d.form", "added"))
    too_late = save(5, 12, ("a.bpmn", "changed"))
    of_another = save(6, 13, ("a.bpmn", "changed"), by="乙")
    with_a_note = save(7, 14, ("a.bpmn", "changed"), by="乙", note="改好了")
    restored = save(8, 15, ("a.bpmn", "changed"), by="乙", how="RESTORED")

    groups = grouped([restored, with_a_note, of_another, too_late, on_the_edge, second, first, opened])

    net = (FileChange("a.bpmn", "changed"), FileChange("b.form", "added"), FileChange("d.form", "changed"))
    assert groups == (
        SaveGroup(restored, (), restored.changes),
        SaveGroup(with_a_note, (), with_a_note.changes),
        SaveGroup(of_another, (), of_another.changes),
        SaveGroup(
            too_late,
            (on_the_edge, second),
            (*changed("a.bpmn"), *changed("b.form"), *removed("c.form"), *changed("d.form")),
        ),
        SaveGroup(first, (), first.changes),
        SaveGroup(opened, (), ()),
    )
    assert grouped([on_the_edge, second, first, opened])[0] == SaveGroup(on_the_edge, (second, first), net)


def changed(name: str) -> tuple[FileChange, ...]:
    return (FileChange(name, "changed"),)


def removed(name: str) -> tuple[FileChange, ...]:
    return (FileChange(name, "removed"),)
