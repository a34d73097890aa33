"""What the engine knows for each kind of letter, and what whoever issues it may add."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from scenario import PROCESSES, Scenario

from engine import plans
from engine.commands.letter_rows import issue
from engine.domain.actor import SYSTEM
from engine.domain.letter import KINDS, text_of
from engine.domain.letter_words import check_words
from engine.errors import Invalid, Rejected
from engine.ids import CountingIds
from engine.store.schema import counters, letters
from engine.store.transaction import Reader, Transaction
from engine.wording import letter_variables
from forms.letters.compose import compose_for
from forms.letters.sample import sample_variables

# What only the issuer knows: which paper is served, why a term is extended, what a bulletin tells.
ADDED = {
    "service_receipt": {"service": {"paper": "督办函", "number": "临散乱污办督函〔2024〕1号"}},
    "extension_reply": {"extension": {"is_granted": "同意", "due_new": date(2024, 7, 10)}},
    "bulletin": {"bulletin": sample_variables()["bulletin"]},
}


@contextmanager
def reading(scenario: Scenario) -> Iterator[Reader]:
    with scenario.engine.database.read() as connection:
        yield Reader(connection, scenario.now, b"")


def words(scenario: Scenario, kind: str, cases: list[str], **more: Any) -> dict[str, Any]:
    """Of cases in 城郊镇, at the scenario's instant."""
    asked: dict[str, Any] = {"report_id": None, "item_id": None, "reply_term": KINDS[kind].reply, "reason": ""}
    with reading(scenario) as reader:
        plan = plans.campaign(reader, scenario.campaign)
        return letter_variables(reader, plan, kind=kind, unit_id="chengjiao", case_ids=cases, **(asked | more))


@pytest.fixture
def case(scenario: Scenario) -> str:
    [case] = scenario.register()
    return case


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_said_of_a_real_case(scenario: Scenario, case: str, kind: str) -> None:
    said = words(scenario, kind, [case], extra=ADDED.get(kind))

    check_words(said)
    template = (PROCESSES / "letters" / f"{kind}.html.j2").read_text()
    letter = compose_for(kind, template, said, number="临散乱污办〔2024〕1号", date=date(2024, 6, 3))
    assert letter.signatory == "临夏市“散乱污”问题清理整治领导小组办公室"
    assert "None" not in text_of(letter.body)


def test_a_listing_lasts_six_months_and_ends_on_a_day_there_is(scenario: Scenario, case: str) -> None:
    # 民法典第二百零二条: the day of the same number; where the month has none, its last day.
    ends = []
    for day in ("2024-06-27 10:00", "2024-08-30 10:00", "2024-08-31 10:00"):
        scenario.until(day)
        ends.append(words(scenario, "listed_supervision", [case])["listing"])

    assert ends == [
        {"term": "六个月", "until": "2024-12-27"},
        {"term": "六个月", "until": "2025-02-28"},
        {"term": "六个月", "until": "2025-02-28"},
    ]


def test_a_public_notice_runs_ten_working_days_from_the_next_one(scenario: Scenario, case: str) -> None:
    # 2024-09-27 is a Friday, 09-29 a make-up working day, 10-01 to 10-07 a holiday, 10-12 a make-up working day.
    scenario.until("2024-09-27 10:00")

    notice = words(scenario, "strike_off_notice", [case])["public_notice"]

    assert (notice["days"], notice["starts_on"], notice["ends_on"]) == ("10个工作日", "2024-09-29", "2024-10-16")
    assert [entry["number"] for entry in notice["entries"]] == [case]


def test_what_is_added_lies_over_what_the_engine_knows_as_json_keeps_it(scenario: Scenario, case: str) -> None:
    extra = {"meeting": {"place": "二楼会议室", "report_due": date(2024, 8, 5)}, "reason": None, "consent": "市政府"}

    plain = words(scenario, "summons", [case])
    laid = words(scenario, "summons", [case], extra=extra)

    changed = {"place": "二楼会议室", "report_due": "2024-08-05"}
    assert laid == plain | {"meeting": plain["meeting"] | changed, "reason": None, "consent": "市政府"}


def test_what_no_template_knows_stops_the_letter_before_it_takes_a_number(scenario: Scenario, case: str) -> None:
    with pytest.raises(Invalid) as refused, scenario.raw() as connection:
        tx = Transaction(connection, scenario.now, CountingIds(7_000_000), SYSTEM, b"")
        _issue(tx, scenario, case, extra={"secret": "x"})

    assert [problem.where for problem in refused.value.problems] == ["secret"]
    assert scenario.rows(sa.select(letters.c.number)) == scenario.rows(sa.select(counters.c.last_serial)) == []


def test_who_signed_and_what_is_corrected_come_to_the_template(scenario: Scenario, case: str) -> None:
    with scenario.raw() as connection:
        tx = Transaction(connection, scenario.now, CountingIds(7_000_000), SYSTEM, b"")
        wrong = _issue(tx, scenario, case)
        right = _issue(tx, scenario, case, signed_by="领导小组组长", corrects_id=wrong)

    [row] = scenario.rows(sa.select(letters.c.variables).where(letters.c.letter_id == right))
    said = {name: row["variables"].get(name) for name in ("signer", "corrects")}
    assert said == {"signer": "领导小组组长", "corrects": {"number": "临散乱污办督函〔2024〕1号"}}


def test_a_second_correction_of_a_letter_takes_no_number(scenario: Scenario, case: str) -> None:
    with scenario.raw() as connection:
        tx = Transaction(connection, scenario.now, CountingIds(7_000_000), SYSTEM, b"")
        wrong = _issue(tx, scenario, case)
        _issue(tx, scenario, case, corrects_id=wrong)
        with pytest.raises(Rejected) as refused:
            _issue(tx, scenario, case, corrects_id=wrong)
        taken = connection.execute(sa.select(counters.c.last_serial)).scalars().all()

    assert refused.value.fields == {"number": "临散乱污办督函〔2024〕1号", "by": "临散乱污办督函〔2024〕2号"}
    assert taken == [2]


def test_a_layout_that_the_kind_does_not_have_is_refused_before_a_number_is_taken(
    scenario: Scenario, case: str
) -> None:
    with pytest.raises(Invalid) as refused, scenario.raw() as connection:
        tx = Transaction(connection, scenario.now, CountingIds(7_000_000), SYSTEM, b"")
        _issue(tx, scenario, case, layout="minutes")

    assert [problem.where for problem in refused.value.problems] == ["layout"]
    assert scenario.rows(sa.select(counters.c.last_serial)) == []


def _issue(tx: Transaction, scenario: Scenario, case: str, **more: Any) -> str:
    """A 督办函 to a department, which an office may write to without anybody's consent."""
    asked: dict[str, Any] = {"kind": "supervision_letter", "unit_id": "gxj"} | more
    return issue(tx, campaign_id=scenario.campaign, case_ids=[case], **asked)
