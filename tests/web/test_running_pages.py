"""The pages that say how a version is really run, and the drawing of what depends on what, through HTTP."""

import re
from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
from scenario import Scenario
from web_visitor import Browser

from engine.queries.usages import Dependency
from engine.store.schema import visits
from web.studio.dependency_map import BOX_HEIGHT, BOX_WIDTH, Map, map_of

SURVEYED = {"kinds": ["wu"], "is_illegal": True, "proposed": "close"}


def test_both_pages_name_the_cases_and_lead_to_them_where_one_may_go(
    scenario: Scenario, signed_in: Callable[[str], Browser]
) -> None:
    cases = scenario.register(9)
    for case in cases[:8]:
        scenario.complete("survey_site", case, **SURVEYED)
    scenario.clock.set(scenario.now + timedelta(days=2))
    with scenario.raw() as connection:
        strayed = connection.execute(sa.select(visits.c.visit_id).where(visits.c.element_id == "survey_site")).scalar()
        connection.execute(visits.update().where(visits.c.visit_id == strayed).values(element_id="<script>x"))

    supervisor, designer = signed_in("ducha1"), signed_in("sheji")
    followed = supervisor.get("/definitions/survey/1/conformance").get_data(as_text=True)
    assert "共 9 个实例，3 种不同的走法" in followed and "89% 按流程图走" in followed
    assert "流程图里没有这个环节" in followed and "按图还走不到这一步" in followed
    assert "&lt;script&gt;x" in followed and "<script>x" not in followed
    assert f'href="/cases/{cases[0]}"' in followed and "从未走到的环节" in followed
    stays = supervisor.get("/definitions/survey/1/outliers").get_data(as_text=True)
    assert "1 件停留异常，其中 1 件仍在办" in stays and f'href="/cases/{cases[8]}"' in stays and "现场排查登记" in stays

    same = designer.get("/definitions/survey/1/conformance?lang=en").get_data(as_text=True)
    assert "follow the diagram" in same and cases[0] in same and f'href="/cases/{cases[0]}"' not in same
    assert cases[8] in designer.get("/definitions/survey/1/outliers").get_data(as_text=True)
    assert "Nothing stands out" in designer.get("/definitions/circular/1/outliers").get_data(as_text=True)
    assert "No instance has run" in designer.get("/definitions/circular/1/conformance").get_data(as_text=True)
    assert "/definitions/survey/1/conformance" in designer.get("/definitions/survey").get_data(as_text=True)
    for page in ("conformance", "outliers"):
        assert signed_in("chengjiao1").get(f"/definitions/survey/1/{page}").status_code == 403
        for lost in ("survey/2", "ladders/1", "nothing/1", "survey/999999999999999999999", "survey/x"):
            assert designer.get(f"/definitions/{lost}/{page}").status_code == 404


def test_every_folder_is_a_link_of_the_drawing_and_every_line_is_drawn(
    scenario: Scenario, signed_in: Callable[[str], Browser]
) -> None:
    page = signed_in("sheji").get("/studio/dependencies").get_data(as_text=True)

    drawing = page.partition('<svg class="map"')[2].partition("</svg>")[0]
    folders = scenario.engine.read.dependencies()
    linked = re.findall(r'<a class="map__link" href="/definitions/(\w+)" aria-label="([^"]+)"', drawing)
    assert sorted(key for key, _ in linked) == sorted(folder.key for folder in folders)
    assert dict(linked)["interview"] == "约谈 interview；启动督办；使用公文模板里的内容；被督办用到"
    assert dict(linked)["objection"].endswith("与别的流程没有关系")
    assert drawing.count("map__line--calls") == sum(len(folder.calls) for folder in folders)
    assert drawing.count("map__line--starts") == sum(len({*folder.starts} - {*folder.calls}) for folder in folders)
    assert ">督办阶梯和亮灯规则<" in drawing
    assert "map__line--uses" in drawing and "style=" not in drawing


def folder(key: str, calls: str = "", starts: str = "") -> Dependency:
    return Dependency(key, key, 1, tuple(calls.split()), tuple(starts.split()), (), (), (), (), ())


def points(path: str) -> list[tuple[float, float]]:
    """Where the line is, closely enough to see whether it runs through a box."""
    found: list[tuple[float, float]] = []
    for command, text in re.findall(r"([MCV])([-\d. ]+)", path):
        numbers = [float(each) for each in text.split()]
        if command == "M":
            found.append((numbers[0], numbers[1]))
            continue
        start = found[-1]
        if command == "V":
            numbers = [start[0], start[1], start[0], numbers[0], start[0], numbers[0]]
        controls = [start, *zip(numbers[::2], numbers[1::2], strict=True)]
        for step in range(1, 25):
            part = step / 24
            weights = ((1 - part) ** 3, 3 * part * (1 - part) ** 2, 3 * part**2 * (1 - part), part**3)
            found.append(
                tuple(sum(w * c[axis] for w, c in zip(weights, controls, strict=True)) for axis in (0, 1))  # type: ignore[arg-type]
            )
    return found


def check_drawn(drawn: Map) -> None:
    for one in drawn.boxes:
        assert 0 <= one.x <= drawn.width - BOX_WIDTH and 0 <= one.y <= drawn.height - BOX_HEIGHT
        for other in drawn.boxes:
            assert one == other or one.y != other.y or abs(one.x - other.x) > BOX_WIDTH
    for line in drawn.lines:
        for x, y in points(line.path):
            inside = [box.key for box in drawn.boxes
                      if box.x < x < box.x + BOX_WIDTH and box.y + 1 < y < box.y + BOX_HEIGHT - 1]  # fmt: skip
            assert inside == [], f"{line.source} → {line.target} runs through {inside}"


def test_circles_long_lines_and_loners_are_drawn_without_a_line_through_a_box() -> None:
    circle = map_of([folder("a", "b"), folder("b", "c"), folder("c", "a"), folder("d", "d")], {})
    wide = map_of(
        [folder("top", " ".join(f"m{n}" for n in range(9)) + " end"), *(folder(f"m{n}", "low") for n in range(9)),
         folder("low", "end", "top"), folder("end"), folder("other", starts="end gone")], {}
    )  # fmt: skip

    assert [box.key for box in circle.boxes] == ["a", "b", "c", "d"]
    assert sorted((line.source, line.target) for line in circle.lines) == [("a", "b"), ("b", "c"), ("c", "a")]
    assert len(wide.lines) == 9 + 1 + 9 + 2 + 1
    for drawn in (circle, wide):
        check_drawn(drawn)
    assert map_of([], {}).boxes == () and map_of([folder("alone")], {}).lines == ()
