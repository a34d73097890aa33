"""Each kind of letter says, about each subject, exactly what a clerk has read and kept in `golden/`."""

from typing import Any

import pytest
from letters_golden import GOLDEN, SUBJECTS, TEMPLATES, bare, composed, kept, path_of, variants

from engine.domain.letter import KINDS, SLIP, Grid, Letter, Table, text_of
from engine.domain.letter_words import VARIABLES, check_words, documented
from engine.errors import Invalid
from forms.letters.sample import TODAY, check_letter_template, sample_letter, sample_variables

VARIANTS = list(variants())


@pytest.mark.parametrize(
    ("kind", "subject", "variables"), VARIANTS, ids=[f"{kind}-{subject}" for kind, subject, _ in VARIANTS]
)
def test_every_kind_says_what_was_read_and_kept(kind: str, subject: str, variables: dict[str, Any]) -> None:
    assert composed(kind, variables) == kept(kind, subject)


def test_every_kept_letter_belongs_to_a_kind_and_every_kind_is_kept() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {path_of(kind, subject).name for kind, subject, _ in VARIANTS}
    assert {kind for kind, _, _ in VARIANTS} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_the_head_that_its_layout_asks_for(kind: str) -> None:
    office = "演示市“散乱污”企业清理整治工作领导小组办公室"
    heads = {
        "document": (f"{office}文件", office),
        "correspondence": (office, ""),
        "order": (f"{office}督办令", ""),
        "minutes": (f"{office}约谈纪要", office),
        "slip": (office, ""),
    }

    for layout in KINDS[kind].layouts:
        letter = sample_letter(kind, template(kind), layout=layout)

        expected = ("“散乱污”企业清理整治专项行动简报", office) if kind == "bulletin" else heads[layout]
        assert (letter.mark, letter.printed_by) == expected
        assert (letter.signatory, letter.layout) == (office, layout)
        assert bool(letter.addressees) == bool(letter.contact) == KINDS[kind].is_addressed
        assert letter.signer == ("领导小组组长 演示" if layout == "order" else "")
        assert letter.is_sample


@pytest.mark.parametrize("kind", KINDS)
def test_no_letter_prints_an_empty_date_a_none_or_a_double_stop(kind: str) -> None:
    for of_kind, _, variables in VARIANTS:
        if of_kind == kind:
            letter = composed(kind, variables)
            printed = "\n".join([letter.title, said(letter)])
            found = [
                wrong for wrong in ("None", "。。", "，，", "；。", "，。", "于前", "至止", "（）") if wrong in printed
            ]
            assert found == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_letter_claims_steps_that_may_have_been_skipped(kind: str) -> None:
    for of_kind, _, variables in VARIANTS:
        if of_kind == kind:
            printed = said(composed(kind, variables | {"meeting": variables["meeting"] | {"problems": []}}))
            assert [claim for claim in ("多次督办", "经催办", "均已期满", "长期未办结") if claim in printed] == []


@pytest.mark.parametrize("kind", ["summons", "minutes"])
def test_a_talk_about_no_case_counts_none(kind: str) -> None:
    printed = said(composed(kind, bare(SUBJECTS["one"]) | {"cases": [], "reason": "连续两期材料不实"}))

    assert "0项" not in printed and "连续两期材料不实" in printed


@pytest.mark.parametrize("kind", sorted(kind for kind in KINDS if KINDS[kind].layout == SLIP))
def test_a_form_is_all_fields_and_has_room_to_sign(kind: str) -> None:
    letter = sample_letter(kind, template(kind))

    [grid] = letter.body
    assert isinstance(grid, Grid)
    assert sum(grid.widths) == 28


def test_the_counts_of_a_circular_reconcile_and_are_printed_with_their_sum() -> None:
    circular = sample_variables()["circular"]
    letter = sample_letter("circular", template("circular"))

    rows, total = circular["units"], circular["sum"]
    for name in ("total", "done", "late", "missing"):
        assert sum(row[name] for row in rows) == total[name]
    assert all(row["total"] == row["done"] + row["late"] for row in (*rows, total))
    assert [f"{row['done'] / row['total']:.2%}" for row in (*rows, total)] == [row["rate"] for row in (*rows, total)]
    [table] = [block for block in letter.body if isinstance(block, Table)]
    assert table.rows[-1] == ("", "合计", "60", "47", "13", "2", "78.33%")


def test_minutes_say_who_was_there_and_who_was_not() -> None:
    assert sample_letter("minutes", template("minutes")).attendance == (
        ("出席", ("领导小组办公室主任", "市生态环境局分管负责人", "演示镇人民政府镇长")),
        ("请假", ("演示镇人民政府分管副镇长（因公外出，已书面请假）",)),
        ("列席", ("市监委派驻监察组负责人",)),
        ("记录", ("领导小组办公室演示员",)),
    )
    assert kept("minutes", "one-bare").attendance == ()


def test_a_public_notice_of_several_items_shows_them_on_turned_pages() -> None:
    # 安徽: 整改问题、实施主体、重点措施、目标任务、完成时限、完成情况、监督电话
    headings = ("序号", "整改问题", "实施主体", "重点措施", "目标任务", "完成时限", "完成情况")
    [attachment] = kept("strike_off_notice", "many").attachments
    [table] = attachment.blocks

    assert isinstance(table, Table) and table.is_wide
    assert (table.columns, len(table.rows)) == (headings, 12)
    assert [text for text in said(kept("strike_off_notice", "one")).split("\n") if text[1:2] == "、"] == [
        "一、整改问题", "二、实施主体", "三、重点措施", "四、目标任务", "五、完成时限", "六、完成情况", "七、监督电话",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["rectification", "listed_supervision", "acceptance_slip"])
def test_a_letter_about_cases_is_not_made_about_none(kind: str) -> None:
    with pytest.raises(Invalid) as refused:
        composed(kind, SUBJECTS["report"])

    [problem] = refused.value.problems
    assert problem.where.startswith(f"{kind}.html.j2:")
    assert problem.zh == "要打印的列表是空的，没有第一项。"


def test_a_template_is_tried_with_invented_facts_before_it_may_be_deployed() -> None:
    good = template("urge")
    broken = good + "\n<table>\n<tr><th>甲</th></tr>\n<tr><td>1</td><td>2</td></tr></table>"

    assert check_letter_template(good, name="urge.html.j2") == ()
    [problem] = check_letter_template(broken, name="urge.html.j2")
    assert problem.where == f"urge.html.j2:{len(good.splitlines()) + 4}"
    assert "这一行有2格" in problem.zh


def test_the_invented_facts_hold_every_word_that_a_template_may_use() -> None:
    def paths(value: Any, prefix: str = "") -> set[str]:
        found: set[str] = set()
        for name, held in value.items():
            shown = held if not isinstance(held, (list, tuple)) else {k: v for item in held for k, v in item.items()}
            if isinstance(shown, dict):
                found |= paths(shown, f"{prefix}{name}{'[]' if shown is not held else ''}.")
            else:
                found.add(f"{prefix}{name}")
        return found

    invented = paths(SUBJECTS["one"]) | paths(SUBJECTS["report"])
    known = {path for path, _ in documented()}

    never = {
        "counts.*",
        "corrects.number",
        "corrects.reason",
        "assignment.item",
        *(f"circular.treatments[].{name}" for name in ("unit", "text")),
    }
    assert known - invented == never
    assert {path for path in invented - known if not path.startswith("counts.")} == set()
    check_words(sample_variables(cases=3) | {"today": TODAY})


def test_no_word_is_hidden_by_a_method_of_its_container() -> None:
    # Jinja asks attributes before keys: a field called items would print the method.
    assert [name for path, _ in documented() for name in path.replace("[]", "").split(".") if hasattr({}, name)] == []
    assert all(meaning.zh and meaning.en for _, meaning in documented(VARIABLES))


def template(kind: str) -> str:
    return (TEMPLATES / f"{kind}.html.j2").read_text()


def said(letter: Letter) -> str:
    return text_of((*letter.body, *(block for attachment in letter.attachments for block in attachment.blocks)))
