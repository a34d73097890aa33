"""Templates become letters; what a template may not say is refused with template and line."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.domain.letter import KINDS, Attachment, Cell, Grid, Heading, Letter, Paragraph, Table
from engine.errors import Invalid
from forms.letters.compose import compose_for
from forms.letters.fragment import cn_number
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


def test_a_list_without_headings_above_is_the_first_level_of_the_text() -> None:
    # GB/T 9704-2012 7.3.3: 一、 （一） 1. （1） in this order
    letter = _compose(HEAD + "<p>如下：</p><ol><li>一件。</li><li>两件。</li></ol><h2>甲</h2><ol><li>三件。</li></ol>")

    assert letter.body == (
        Paragraph("如下："),
        Heading(1, "一、一件。"),
        Heading(1, "二、两件。"),
        Heading(1, "一、甲"),
        Heading(3, "1.三件。"),
    )


def test_forms_wide_tables_several_attachments_and_attendance_are_read() -> None:
    letter = _compose(
        HEAD + '<grid widths="6 8 6 8"><tr><th>单位</th><td columns="3" lines="2">{{ unit.name }}<br/>收发室</td></tr>'
        "<tr><th>甲</th><td></td><th>乙</th><td>丙</td></tr></grid>"
        "<attendance><caption>出席</caption>{% for person in meeting.observers %}<li>{{ person.name }}</li>{% endfor %}"
        "</attendance><attendance><caption>请假</caption></attendance>"
        '<attachment><title>甲表</title><table wide="true"><tr><th>编号</th></tr><tr><td>1</td></tr></table>'
        "</attachment><attachment><title>乙表</title><p>无。</p></attachment>"
    )

    unit = Cell("演示镇人民政府\n收发室", columns=3, lines=2)
    rows = ((Cell("单位"), unit), (Cell("甲"), Cell(""), Cell("乙"), Cell("丙")))
    assert letter.body == (Grid((6, 8, 6, 8), rows),)
    assert letter.attendance == (("出席", ("市监委派驻监察组负责人",)),)
    assert letter.attachments == (
        Attachment("甲表", (Table(("编号",), (("1",),), is_wide=True),)),
        Attachment("乙表", (Paragraph("无。"),)),
    )


@pytest.mark.parametrize(
    ("markup", "says"),
    [
        ('<grid widths="6 八"><tr><td></td></tr></grid>', "takes widths only"),
        ('<table wide="yes"><tr><th>甲</th></tr></table>', "takes wide only"),
        ('<table><tr><td colspan="2">甲</td></tr></table>', "takes columns, lines only"),
        ('<table><tr><td lines="0">甲</td></tr></table>', "takes columns, lines only"),
        ('<p class="x">甲</p>', "takes no attributes"),
        ('<td lines="{{ due }}">甲</td>', "takes columns, lines only"),
        ("<grid><tr><td>甲</td></tr></grid>", "how many characters"),
        ('<grid widths="20 9"><tr><td>甲</td><td></td></tr></grid>', "28 at most"),
        ('<grid widths="6 6"><tr><td>甲</td></tr></grid>', "fill exactly 2 columns"),
        ('<grid widths="6 6"><p>甲</p></grid>', "<p> may not stand here"),
        ('<grid widths="6"><tr><p>甲</p></tr></grid>', "<p> may not stand here"),
        ("<attendance><li>甲</li></attendance>", "needs a <caption>"),
        ("<attendance><caption>出席</caption><p>甲</p></attendance>", "<p> may not stand here"),
        ("<attachment><p>没有标题</p></attachment>", "needs a <title>"),
        ("<attachment><title>空</title></attachment>", "needs a <title>"),
    ],
)
def test_markup_out_of_shape_is_refused_with_its_line_of_the_template(markup: str, says: str) -> None:
    problems = _problems(f"{HEAD}\n{{% if unit %}}\n<p>好</p>\n{markup}{{% endif %}}")

    assert [where for where, _ in problems] == ["notice.html.j2:4"]
    assert says in problems[0][1]


def test_what_is_wrong_inside_a_loop_is_said_once() -> None:
    loop = HEAD + "<p>好</p>{% for case in cases %}\n<li>{{ case.name }}</li>{% endfor %}"

    assert _problems(loop, sample_variables(cases=9)) == [("notice.html.j2:2", "<li> may not stand here.")]


def test_tags_that_do_not_match_are_found_at_their_line() -> None:
    [(where, en)] = _problems(HEAD + "\n<p>甲</p>\n<p>乙\n\n<h2>丙</h2>")

    assert where == "notice.html.j2:5"
    assert en.startswith("The tags do not match")


def test_a_field_of_something_absent_may_be_asked_for_but_not_printed() -> None:
    variables = {name: value for name, value in sample_variables().items() if name != "listing"}
    asked = HEAD + "<p>好{% if listing.until %}至{{ listing.until }}{% endif %}</p>"

    assert _compose(asked, variables).body == (Paragraph("好"),)
    assert _problems(HEAD + "\n<p>至{{ listing.until }}</p>", variables) == [
        ("notice.html.j2:2", "The variable 'listing' has no value.")
    ]


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
