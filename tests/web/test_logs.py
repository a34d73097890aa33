"""What the log says of an event: one line whatever is in it, and the ids by which it is found."""

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from scenario import Scenario, at
from web_visitor import Browser

from engine.errors import Refused
from engine.store.schema import jobs
from web import bootstrap, logs
from web.config import log_format

HOSTILE = {  # assurance E53
    "newline": "ok\n2026-01-01T00:00:00+00:00 INFO duban forged",
    "carriage return": "ok\rforged",
    "ANSI": "ok\x1b[2J\x1b[31mforged",
    "one-byte CSI": "ok\x9b2Jforged",
    "next line": "ok\x85forged",
    "line separator": "ok\u2028forged",
    "paragraph separator": "ok\u2029forged",
    "bidi override": "ok\u202eforged",
    "bidi isolate": "ok\u2066forged",
    "zero width": "ok\u200bforged",
    "backspace and NUL": "ok\x08\x00forged",
    "a tag beyond U+FFFF": "ok\U000e0041forged",
    "half a character": "ok\ud83dforged",
}


@pytest.fixture
def root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def written(root_as_it_was: None) -> Callable[[str], io.StringIO]:
    """`written("json")`: what every logger writes from now on."""

    def begin(format: str) -> io.StringIO:
        stream = io.StringIO()
        logs.set_up(format, stream)
        return stream

    return begin


def lines_of(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()  # splits at every sort of line end that Unicode knows


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("format", ["text", "json"])
def test_an_event_is_one_line_whatever_stands_in_it(
    written: Callable[[str], io.StringIO], format: str, text: str
) -> None:
    stream = written(format)

    logging.getLogger("duban.test").warning("a person wrote %s", text, extra={"job_id": text})

    [line] = lines_of(stream)
    assert line.isprintable()
    if format == "json":
        said = json.loads(line)
        assert (said["message"], said["job_id"]) == (f"a person wrote {text}", text)


def test_chinese_stays_legible(written: Callable[[str], io.StringIO]) -> None:
    stream = written("json")

    logging.getLogger("duban.test").info("逾期：演示石材加工点1　（演示）")

    assert "逾期：演示石材加工点1　（演示）" in stream.getvalue()


def test_a_json_line_holds_the_instant_the_ids_and_the_traceback(written: Callable[[str], io.StringIO]) -> None:
    stream = written("json")

    with logs.about(job_id="7", instance_id="9", command=None), logs.about(command="RunJob"):
        try:
            raise ValueError("two\nlines")
        except ValueError:
            logging.getLogger("duban.test").exception("it failed")
    logging.getLogger("duban.test").info("outside")

    inside, outside = map(json.loads, lines_of(stream))
    traceback = inside.pop("exc_info")
    assert traceback.startswith("Traceback (most recent call last):") and traceback.endswith("ValueError: two\nlines")
    assert inside.pop("time").endswith("+00:00")
    assert inside == {
        "level": "ERROR",
        "logger": "duban.test",
        "message": "it failed",
        "job_id": "7",
        "instance_id": "9",
        "command": "RunJob",
    }
    assert outside.keys() == {"time", "level", "logger", "message"}


def test_in_a_text_log_no_line_of_a_traceback_can_pass_for_an_event(written: Callable[[str], io.StringIO]) -> None:
    stream = written("text")

    try:
        raise ValueError(HOSTILE["newline"])
    except ValueError:
        logging.getLogger("duban.test").exception("it failed")

    first, *rest = lines_of(stream)
    assert first.endswith("ERROR duban.test it failed")
    assert len(rest) > 3 and all(line.startswith(logs.CONTINUED) for line in rest)


def test_every_line_of_a_job_carries_its_id_and_its_instances(
    written: Callable[[str], io.StringIO], scenario: Scenario
) -> None:
    scenario.register()
    scenario.until("2024-05-27 17:59")
    scenario.clock.set(scenario.engine.read.next_due_at())
    [due] = scenario.rows(sa.select(jobs).where(jobs.c.state == "OPEN", jobs.c.due_at <= scenario.now))
    stream = written("json")

    bootstrap.make_worker(scenario.engine, bootstrap.handlers(scenario.config)).run_once()

    said = [json.loads(line) for line in lines_of(stream)]
    assert [one["message"] for one in said] == ["job started", "job done"]
    assert {(one["job_id"], one["job_kind"], one["instance_id"]) for one in said} == {
        (due["job_id"], "timer", due["instance_id"])
    }
    assert said[1]["seconds"] >= 0
    assert at("2024-05-27 18:00") == scenario.now


def test_a_failing_job_is_logged_with_why(written: Callable[[str], io.StringIO], scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.complete("survey_site", case, kinds=["wu"], is_illegal=True, proposed="close", surveyed_on="2024-05-20")
    scenario.complete("review_disposition", case, outcome="confirmed")

    def broken(job: object, read: object) -> None:
        raise OSError("no paper\nleft")

    stream = written("json")

    bootstrap.make_worker(scenario.engine, {"letter": broken}).run_once()  # type: ignore[dict-item]

    said = [json.loads(line) for line in lines_of(stream)]
    assert [(one["level"], one["message"].partition(":")[0][:11]) for one in said] == [
        ("INFO", "job started"),
        ("WARNING", "job " + said[0]["job_id"][:7]),
        ("INFO", "job failed"),
    ]
    assert "no paper\nleft" in said[1]["message"]
    assert {one["job_id"] for one in said} == {said[0]["job_id"]}


def test_a_request_is_logged_with_its_id_and_the_person(
    written: Callable[[str], io.StringIO], signed_in: Callable[[str], Browser], scenario: Scenario
) -> None:
    officer = signed_in("chengjiao1")
    stream = written("json")

    response = officer.get("/inbox?q=secret", headers={"X-Request-ID": "proxy-0001"})

    [line] = lines_of(stream)
    said = json.loads(line)
    assert response.headers["X-Request-ID"] == "proxy-0001"
    assert (said["message"], said["request_id"], said["person_id"]) == (
        "GET /inbox 200",
        "proxy-0001",
        scenario.person("chengjiao1").person_id,
    )
    assert "secret" not in line and "127.0.0.1" not in line


def test_an_id_that_looks_wrong_is_replaced(browser: Browser) -> None:
    response = browser.get("/login", headers={"X-Request-ID": "x" * 65})

    assert len(response.headers["X-Request-ID"]) == 16


def test_a_start_of_the_engine_says_nothing_of_its_migrations(
    written: Callable[[str], io.StringIO], scenario: Scenario
) -> None:
    stream = written("text")

    bootstrap.open_engine(scenario.config).close()

    assert stream.getvalue() == ""


def test_an_unknown_format_is_refused() -> None:
    assert log_format({}) == "text"
    assert log_format({"DUBAN_LOG_FORMAT": "json"}) == "json"
    with pytest.raises(Refused, match="text or json"):
        log_format({"DUBAN_LOG_FORMAT": "xml"})
