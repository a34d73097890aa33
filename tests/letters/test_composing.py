"""Templates become letters; what a template may not say is refused with template and line."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.domain.letter import DOCUMENT, KINDS, Attachment, Heading, Letter, Paragraph, Table, texts_of
from engine.errors import Invalid
from forms.letters.compose import cn_number, compose_for
from forms.letters.sample import TODAY, sample_variables
from forms.letters.template import VARIABLES, check_template, cn_date

TEMPLATES = Path(__file__).parents[2] / "processes" / "letters"
HEAD = "<title>关于{{ unit.name }}的通知</title>"


def _compose(template: str, variables: dict[str, Any] | None = None) -> Letter:
    used = sample_variables() if variables is None else variables
    return compose_for("notice", template, used, number="演督〔2024〕1号", date=TODAY)


def _problems(template: str, variables: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        _compose(template, variables)
    return [(problem.where, problem.en) for problem in refused.value.problems]


SUBJECTS = {
    "one case": sample_variables(),
    "twelve cases": sample_variables(cases=12),
    "a report": sample_variables(is_report=True),
}
# A rectification order is about places, never about a report.
USES = [(kind, about) for kind in sorted(KINDS) for about in SUBJECTS if (kind, about) != ("rectification", "a report")]


@pytest.mark.parametrize(("kind", "about"), USES)
def test_every_kind_has_a_template_that_composes(kind: str, about: str) -> None:
    variables = SUBJECTS[about]
    template = (TEMPLATES / f"{kind}.html.j2").read_text()

    letter = compose_for(kind, template, variables, number="演督〔2024〕1号", date=TODAY)

    printed = "".join(text for block in letter.body for text in texts_of(block))
    assert letter.title.startswith("关于")
    assert letter.addressees == ("演示镇人民政府",)
    assert "None" not in printed
    assert (letter.printed_by != "") == (letter.layout == DOCUMENT)
    assert letter.mark.endswith("文件") == (letter.layout == DOCUMENT)
    if about == "twelve cases":
        tables = [*letter.body, *(block for attachment in letter.attachments for block in attachment.blocks)]
        assert [len(block.rows) for block in tables if isinstance(block, Table)] == [12]


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.j2")), ids=lambda path: path.name)
def test_every_template_is_of_a_known_kind_and_sound(path: Path) -> None:
    assert path.name.removesuffix(".html.j2") in KINDS
    assert check_template(path.read_text(), name=path.name) == ()


def test_headings_and_items_are_numbered_without_gaps() -> None:
    letter = _compose(
        HEAD + "<p>如下。</p><h2>甲</h2><h3>子。</h3><h3>丑。</h3>{% if rung == 'x' %}<h2>不印</h2>{% endif %}"
        "<h2>乙</h2><h3>寅。</h3><ol><li>一件</li><li>两件</li></ol>"
    )

    assert letter.body == (
        Paragraph("如下。"),
        Heading(1, "一、甲"),
        Heading(2, "（一）子。"),
        Heading(2, "（二）丑。"),
        Heading(1, "二、乙"),
        Heading(2, "（一）寅。"),
        Heading(3, "1.一件"),
        Heading(3, "2.两件"),
    )


def test_tables_and_attachments_are_read() -> None:
    letter = _compose(
        HEAD + "<p>见附件。</p><attachment><title>清单</title><table><caption>表</caption>"
        "<tr><th>编号</th><th>名称</th></tr>"
        "{% for case in cases %}<tr><td>{{ case.number }}</td><td>{{ case.name }}</td></tr>"
        "{% endfor %}</table></attachment>"
    )

    table = Table(("编号", "名称"), (("YS-2024-0001", "演示第1门窗加工店"),), caption="表")
    assert letter.attachments == (Attachment("清单", (table,)),)


def test_white_space_of_the_template_does_not_reach_the_paper() -> None:
    letter = _compose(HEAD + "<p>\n  按照\n  Duban 2.0 要求，\n  {{ unit.name }}  办理\n</p>")

    assert letter.body == (Paragraph("按照Duban 2.0要求，演示镇人民政府办理"),)


def test_what_a_clerk_typed_cannot_become_a_tag() -> None:
    variables = sample_variables() | {"reason": "</p><h2>伪造</h2><p>1 < 2 & 3"}

    letter = _compose(HEAD + "<p>{{ reason }}</p>", variables)

    assert letter.body == (Paragraph("</p><h2>伪造</h2><p>1 < 2 & 3"),)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (date(2024, 6, 3), "2024年6月3日"),
        (datetime(2024, 6, 2, 15, 59, tzinfo=UTC), "2024年6月2日"),
        (datetime(2024, 6, 2, 16, 0, tzinfo=UTC), "2024年6月3日"),
        ("2024-06-03", "2024年6月3日"),
        ("每周五中午", "每周五中午"),
    ],
)
def test_dates_are_printed_as_letters_write_them(value: object, expected: str) -> None:
    assert cn_date(value) == expected


@pytest.mark.parametrize(
    ("number", "expected"), [(1, "一"), (9, "九"), (10, "十"), (11, "十一"), (20, "二十"), (35, "三十五")]
)
def test_numbers_count_as_headings_do(number: int, expected: str) -> None:
    assert cn_number(number) == expected


def test_an_unknown_variable_is_refused_with_template_and_line() -> None:
    assert _problems(HEAD + "\n<p>好</p>\n<p>{{ campain.title }}</p>") == [
        ("notice.html.j2:3", "There is no variable 'campain.title'.")
    ]


def test_an_unknown_field_is_refused_even_where_it_would_not_be_printed() -> None:
    template = HEAD + "<p>好</p>\n{% if report %}{% for case in cases %}\n<p>{{ case.nmae }}</p>{% endfor %}{% endif %}"

    assert _problems(template) == [("notice.html.j2:3", "There is no variable 'case.nmae'.")]


@pytest.mark.parametrize("value", [None, ...], ids=["none", "absent"])
def test_a_variable_without_a_value_is_refused_with_its_line(value: object) -> None:
    variables = {name: v for name, v in sample_variables().items() if name != "basis"}
    if value is None:
        variables["basis"] = None

    assert _problems(HEAD + "\n<p>根据{{ basis }}</p>", variables) == [
        ("notice.html.j2:2", "The variable 'basis' has no value.")
    ]
    assert _compose(HEAD + "<p>好{% if basis %}{{ basis }}{% endif %}</p>", variables).body == (Paragraph("好"),)


def test_a_variable_no_template_knows_is_refused() -> None:
    with pytest.raises(Invalid, match="secret"):
        _compose(HEAD + "<p>好</p>", sample_variables() | {"secret": "x"})
    assert "secret" not in VARIABLES


@pytest.mark.parametrize(
    "hostile",
    [
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ unit.name.__class__ }}",
        "{{ unit.__class__ }}",
        "{{ 'a' * 10**9 }}",
        "{{ 'a'|center(1000000000) }}",
        "{{ unit.name.format(1) }}",
        "{{ cases|map(attribute='__class__')|list }}",
        "{% for i in range(1000000000) %}x{% endfor %}",
        "{% for i in 'aaaa' %}x{% endfor %}",
        "{% for a in cases %}{% for b in cases %}{% for c in cases %}x{% endfor %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% set a = cases %}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% extends 'x' %}",
        "{% filter upper %}x{% endfilter %}",
        "{{ lipsum() }}",
        "{{ self }}",
        "{{ cases[0] }}",
        "{{ unit.name|safe }}",
        "{{ unit.name|default(cases) }}",
        "{% raw %}<script>{% endraw %}",
    ],
)
def test_a_hostile_template_is_stopped_before_it_runs(hostile: str) -> None:
    problems = check_template(f"{HEAD}\n<p>{hostile}</p>", name="x.html.j2")

    assert problems
    assert {problem.where for problem in problems} == {"x.html.j2:2"}
    assert _problems(f"{HEAD}\n<p>{hostile}</p>")


@pytest.mark.parametrize(
    "markup",
    [
        "<script>alert(1)</script>",
        '<table><tr><td colspan="1000">x</td></tr></table>',
        '<img src="file:///etc/passwd"/>',
        '<link rel="attachment" href="file:///etc/passwd"/>',
        '<p style="font-size:1e7px">x</p>',
        "<!DOCTYPE x>",
        "<!-- x -->",
        "<?xml version='1.0'?>",
        "<{{ rung }}>",
    ],
)
def test_other_markup_is_refused_with_its_line(markup: str) -> None:
    assert {where for where, _ in _problems(f"{HEAD}\n<p>好</p>\n{markup}")} == {"notice.html.j2:3"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("<p>好", "tags do not match"),
        ("<p>好</p>散落的字", "stands in no paragraph"),
        ("<p>一<p>二</p></p>", "<p> may not stand here"),
        ("<table><tr><td><table></table></td></tr></table><p>好</p>", "<table> may not stand here"),
        ("<table><tr><th>甲</th></tr><tr><td>1</td><td>2</td></tr></table><p>好</p>", "as many cells in every row"),
        ("<table><tr><td>没有表头</td></tr></table><p>好</p>", "header row"),
        ("<li>孤</li><p>好</p>", "<li> may not stand here"),
        ("<title>又一个</title><p>好</p>", "one <title> only"),
        ("", "no text"),
    ],
)
def test_a_fragment_out_of_shape_is_refused(body: str, says: str) -> None:
    problems = _problems(HEAD + body)

    assert any(says in en for _, en in problems), problems


def test_a_syntax_error_names_its_line() -> None:
    [(where, en)] = _problems(HEAD + "\n\n<p>{% if %}</p>")

    assert where == "notice.html.j2:3"
    assert en.startswith("Syntax error")


def test_a_template_that_would_print_without_end_is_stopped() -> None:
    variables = sample_variables(cases=800)
    loop = "{% for a in cases %}{% for b in cases %}<p>{{ b.problem }}</p>{% endfor %}{% endfor %}"

    assert [en for _, en in _problems(HEAD + loop, variables)] == ["The letter is far too long."]
