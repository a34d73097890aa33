"""The letter job and its signature: one document a letter, never one without the signature it should bear."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
import signing_house
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from scenario import Scenario

from engine.commands.job_operations import RetryJob
from engine.commands.jobs import ClaimJobs, CompleteJob
from engine.commands.letters import IssueLetters
from engine.digests import sha256_of, sm3_of
from engine.domain.actor import SYSTEM
from engine.domain.job import ATTEMPTS, LEASE_SECONDS, Job, JobResult
from engine.domain.verification import Signature, hashed_key, letter_key, read_key, shown_key
from engine.store.schema import incidents, jobs, letter_documents, letter_signatures
from engine.worker import Handler, Worker
from forms.letters.examine import examine_pdf
from forms.letters.rendered import RenderedLetter
from forms.letters.seals import SealedLetter, SealFailed, SealService, SealState
from web.bootstrap import handlers, verify_address

SIGNED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class OtherSealService:
    """Another kind of service, as a 国密 one would plug in: here it only counts and appends its count."""

    fails: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)

    def seal(self, letter: RenderedLetter, *, organ: str, reason: str) -> SealedLetter:
        self.asked.append((organ, reason))
        if len(self.asked) <= self.fails:
            raise SealFailed("the service is away", "start it")
        content = letter.pdf + b"%% %d\n" % len(self.asked)
        return SealedLetter(content, Signature("演示服务", "ab" * 32, "演示级", SIGNED_AT))

    def state(self, at: datetime) -> SealState:
        return SealState(signer="演示服务")


def issue(scenario: Scenario) -> str:
    [case] = scenario.register()
    command = IssueLetters(scenario.campaign, "notice", (case,), reason="演示")
    [letter_id] = scenario.engine.execute(command, by=scenario.supervisor)
    return str(letter_id)


def sealing(scenario: Scenario, seal: SealService) -> dict[str, Handler]:
    return handlers(scenario.config, seal)


def kept(scenario: Scenario) -> list[dict[str, object]]:
    return scenario.rows(sa.select(letter_signatures))


def content(scenario: Scenario, letter_id: str) -> bytes:
    return bytes(scenario.engine.read.letter_document(scenario.supervisor, letter_id).content)


def test_both_digests_and_the_signature_are_kept_with_the_document(scenario: Scenario) -> None:
    letter_id, seal = issue(scenario), OtherSealService()

    Worker(scenario.engine, sealing(scenario, seal)).run_until_idle()

    pdf, number = content(scenario, letter_id), scenario.engine.read.letter_source(letter_id).number
    assert seal.asked == [(scenario.engine.read.letter_source(letter_id).organ, f"{number} 签发")]
    assert kept(scenario) == [
        {
            "letter_id": letter_id,
            "key_hash": hashed_key(letter_key(scenario.engine.secret, letter_id)),
            "sha256": sha256_of(pdf),
            "sm3": sm3_of(pdf),
            "is_sample": False,
            "signer": "演示服务",
            "fingerprint": "ab" * 32,
            "level": "演示级",
            "signed_at": SIGNED_AT,
        }
    ]


def test_without_a_seal_service_the_letter_is_a_sample_with_digests(scenario: Scenario) -> None:
    letter_id = issue(scenario)

    Worker(scenario.engine, handlers(scenario.config)).run_until_idle()

    [row] = kept(scenario)
    pdf = content(scenario, letter_id)
    assert (row["is_sample"], row["signer"], row["sm3"]) == (True, None, sm3_of(pdf))
    assert examine_pdf(pdf).signatures == ()


def test_a_signer_that_fails_is_tried_again_and_the_letter_is_made_once(scenario: Scenario) -> None:
    letter_id, seal = issue(scenario), OtherSealService(fails=2)
    worker = Worker(scenario.engine, sealing(scenario, seal))

    worker.run_until_idle()
    assert kept(scenario) == []
    while not scenario.engine.read.is_letter_made(letter_id):
        scenario.clock.advance(timedelta(minutes=5))
        worker.run_until_idle()

    assert len(seal.asked) == 3 and content(scenario, letter_id).endswith(b"% 3\n")
    assert len(kept(scenario)) == 1 and scenario.rows(sa.select(incidents)) == []


def test_a_signer_that_stays_away_ends_in_an_incident_and_never_in_an_unsigned_letter(
    scenario: Scenario, tmp_path: Path
) -> None:
    letter_id = issue(scenario)
    number = scenario.engine.read.letter_source(letter_id).number
    settings = signing_house.settings(tmp_path / "seal", picture="png")
    (tmp_path / "seal" / "passphrase").write_text("wrong\n")
    worker = Worker(scenario.engine, handlers(replace(scenario.config, signing=settings)))

    for _ in range(ATTEMPTS):
        worker.run_until_idle()
        scenario.clock.advance(timedelta(hours=9))
    worker.run_until_idle()
    [incident] = scenario.rows(sa.select(incidents.c.message))
    assert "SealFailed" in incident["message"] and "DUBAN_SIGNING_PASSPHRASE_FILE" in incident["message"]
    assert kept(scenario) == [] and scenario.rows(sa.select(letter_documents)) == []

    (tmp_path / "seal" / "passphrase").write_text(f"{signing_house.PASSPHRASE}\n")
    [job] = scenario.rows(sa.select(jobs.c.job_id).where(jobs.c.kind == "letter"))
    scenario.engine.execute(RetryJob(job["job_id"], "口令已更正（演示）"), by=scenario.person("xitong"))
    worker.run_until_idle()

    [found] = examine_pdf(content(scenario, letter_id)).signatures
    [row] = kept(scenario)
    assert found.is_sound and (row["is_sample"], row["fingerprint"]) == (False, found.fingerprint)
    assert scenario.engine.read.letter_source(letter_id).number == number


def test_two_workers_with_one_letter_make_one_document(scenario: Scenario) -> None:
    """The slow one's lease ran out while it signed: its other bytes have no effect."""
    letter_id, seal = issue(scenario), OtherSealService()
    make = sealing(scenario, seal)["letter"]
    read, execute = scenario.engine.read, scenario.engine.execute

    [slow] = execute(ClaimJobs(), by=SYSTEM)
    late = make(slow, read)
    scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
    [quick] = execute(ClaimJobs(), by=SYSTEM)
    first = make(quick, read)

    assert late.document != first.document
    assert execute(CompleteJob(quick.job_id, quick.fence, first), by=SYSTEM) is True
    assert execute(CompleteJob(slow.job_id, slow.fence, late), by=SYSTEM) is False
    assert content(scenario, letter_id) == first.document
    assert [row["sha256"] for row in kept(scenario)] == [sha256_of(first.document or b"")]


def test_a_second_job_for_a_letter_that_is_made_signs_nothing(scenario: Scenario) -> None:
    letter_id, seal = issue(scenario), OtherSealService()
    work = sealing(scenario, seal)
    Worker(scenario.engine, work).run_until_idle()

    again = work["letter"](Job("another", "letter", None, None, {"letter_id": letter_id}), scenario.engine.read)

    assert again == JobResult() and len(seal.asked) == 1


def test_a_restart_prints_the_same_code(scenario: Scenario) -> None:
    letter_id = issue(scenario)
    before = scenario.engine.read.letter_key(letter_id)

    Worker(scenario.engine, handlers(scenario.config)).run_until_idle()

    assert scenario.engine.read.letter_key(letter_id) == before
    assert scenario.engine.read.issued_letter(before).number == scenario.engine.read.letter_source(letter_id).number
    assert verify_address("https://duban.example", before) == f"https://duban.example/v/{before}"
    assert verify_address("", before) == ""


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("7f3k 92qx-7F3K–92QX", "7F3K92QX7F3K–92QX"),
        ("7f3k-92qx-7f3k-92qx", "7F3K92QX7F3K92QX"),
        ("oil0 OIL1 0000 0000", "0110011100000000"),
        ("", ""),
    ],
)
def test_a_key_is_read_as_people_type_it(typed: str, read: str) -> None:
    assert read_key(typed) == read
    assert read_key(shown_key(read)) == read


def test_documents_of_an_older_program_get_their_digests_with_the_upgrade(
    scenario: Scenario,
) -> None:
    letter_id = issue(scenario)
    scenario.work()
    pdf = content(scenario, letter_id)
    with scenario.raw() as connection:  # as the program of revision 0006 left it
        connection.exec_driver_sql("DROP TABLE letter_signatures")
        migrate_only(connection)

    [row] = kept(scenario)
    assert (row["letter_id"], row["key_hash"], row["is_sample"]) == (letter_id, None, True)
    assert (row["sha256"], row["sm3"]) == (sha256_of(pdf), sm3_of(pdf))
    assert (
        scenario.engine.read.issued_file(sha256_of(pdf)).number == scenario.engine.read.letter_source(letter_id).number
    )


def migrate_only(connection: sa.Connection) -> None:
    """Revision 0007 alone, on an open connection."""
    with Operations.context(MigrationContext.configure(connection)):
        import_module("engine.store.migrations.versions.0007_verification").upgrade()
