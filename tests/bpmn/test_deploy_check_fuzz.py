"""Whatever is done to a right file, the check answers with sentences and never with a traceback."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_deploy_check import DISPOSITION, KNOWN, right

from engine.bpmn.check import check
from engine.errors import Problem

FILES = right().files(disposition__dmn=DISPOSITION)
SNIPPETS = [
    b"", b"\x00", b"&", b"<", b">", b'"', b"'", b"]]>", b"<!--", b"\xff\xfe", b"&lt;", b"&#x41;", b"\xe2\x80\x9c",
    b"<bpmn:userTask/>", b"<bpmn:subProcess id='x'>", b"</bpmn:process>", b"<bpmn:startEvent id='begin'/>",
    b"<!DOCTYPE a>", b"<?pi?>", b" id='1'", b"True", b"9" * 40, b"after(", b"bpmn:", b"duban:", b"xmlns:bpmn='x'",
    b"isSequential='maybe'", b"<bpmn:multiInstanceLoopCharacteristics/>", b"<bpmn:timerEventDefinition/>",
]  # fmt: skip


def answered(files: dict[str, bytes]) -> list[Problem]:
    found = check(files, KNOWN)
    for problem in found:
        assert problem.zh and problem.en and problem.where
        assert problem.severity in ("error", "warning", "info")
        assert "检查没有完成" not in problem.zh, problem
    return found


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """The file with a few cuts, insertions and exchanges."""
    content = FILES[name]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 60)))
        other = draw(st.integers(0, len(content)))
        new = draw(st.sampled_from(SNIPPETS) | st.binary(max_size=4) | st.just(content[other : other + 40]))
        content = content[:start] + new + content[end:]
    return content


@settings(
    max_examples=250, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(content=damaged("demo.bpmn"))
def test_a_damaged_diagram(content: bytes) -> None:
    answered({**FILES, "demo.bpmn": content})


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(content=damaged("disposition.dmn"))
def test_a_damaged_table(content: bytes) -> None:
    answered({**FILES, "disposition.dmn": content})


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(content=damaged("form.form"))
def test_a_damaged_form(content: bytes) -> None:
    answered({**FILES, "form.form": content})


@st.composite
def exchanged(draw: st.DrawFn) -> bytes:
    """The diagram with words exchanged for other words of the same diagram: well-formed, but nonsense."""
    words = [
        "begin",
        "survey",
        "ok",
        "judge",
        "fork",
        "meet",
        "ladder",
        "in_round",
        "first",
        "finish",
        "ok_yes",
        "form",
    ]
    tags = ["userTask", "exclusiveGateway", "parallelGateway", "boundaryEvent", "startEvent", "endEvent", "subProcess",
            "callActivity", "eventBasedGateway", "intermediateCatchEvent", "sequenceFlow", "process"]  # fmt: skip
    text = FILES["demo.bpmn"].decode()
    for _ in range(draw(st.integers(1, 4))):
        pool = draw(st.sampled_from([words, tags]))
        old, new = draw(st.sampled_from(pool)), draw(st.sampled_from(pool))
        if pool is tags:
            text = text.replace(f"bpmn:{old}", f"bpmn:{new}")
        else:
            text = text.replace(f'"{old}"', f'"{new}"', draw(st.integers(1, 3)))
    return text.encode()


@settings(
    max_examples=250, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(content=exchanged())
def test_a_nonsensical_diagram(content: bytes) -> None:
    answered({**FILES, "demo.bpmn": content})


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(name=st.text(max_size=8), content=st.binary(max_size=40))
def test_any_file_of_any_name(name: str, content: bytes) -> None:
    answered({name + ".bpmn": content, name: content, name + ".dmn": content, name + ".form": content})
