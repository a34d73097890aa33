"""Files that are handed in for verification: the issued one is the issued one, and everything else says why not."""

import time
from dataclasses import replace

import pytest
import signing_house
import tampering
from letters_samples import CORRESPONDENCE_LETTER

from forms.letters import verify
from forms.letters.examine import examine_pdf
from forms.letters.render import render
from forms.letters.rendered import RenderedLetter
from forms.letters.seals import SealedLetter
from forms.letters.sign import PadesSeal
from forms.letters.verify import Check, Examination, Issued, Judgement, examine, judge

PASSED = {"same_bytes": True, "readable": True, "signed": True, "intact": True, "whole": True, "unchanged": True}
ALL_PASSED = {**PASSED, "signer": True}


@pytest.fixture(scope="module")
def unsealed() -> RenderedLetter:
    return render(replace(CORRESPONDENCE_LETTER, is_sample=False))


@pytest.fixture(scope="module")
def sealed(unsealed: RenderedLetter, tmp_path_factory: pytest.TempPathFactory) -> SealedLetter:
    settings = signing_house.settings(tmp_path_factory.mktemp("seal"), picture="png")
    return PadesSeal(settings).seal(unsealed, organ="演示机关", reason="演示")


@pytest.fixture(scope="module")
def issued(sealed: SealedLetter) -> Issued:
    return Issued(verify.sha256_of(sealed.pdf), len(sealed.pdf), sealed.signature.fingerprint)


def judged(content: bytes, issued: Issued) -> tuple[str, dict[str, bool | None]]:
    judgement = judge(content, issued, examine_pdf(content), is_other_letter=False)
    return judgement.verdict, {check.name: check.answer for check in judgement.checks}


def test_the_child_finds_what_the_examination_finds(sealed: SealedLetter) -> None:
    for content in (sealed.pdf, tampering.with_appended_page(sealed.pdf), b"no pdf"):
        assert examine(content) == examine_pdf(content)


def test_the_issued_file_passes_every_check(sealed: SealedLetter, issued: Issued) -> None:
    assert judged(sealed.pdf, issued) == ("same", ALL_PASSED)


def test_the_issued_file_of_the_long_term_passes_every_check(unsealed: RenderedLetter, tmp_path: object) -> None:
    with signing_house.stamp_server() as url:
        service = PadesSeal(signing_house.settings(tmp_path, tsa_url=url))  # type: ignore[arg-type]
        letter = service.seal(unsealed, organ="演示机关", reason="演示")

    issued = Issued(verify.sha256_of(letter.pdf), len(letter.pdf), letter.signature.fingerprint)

    assert judged(letter.pdf, issued) == ("same", ALL_PASSED)
    assert judged(tampering.with_appended_page(letter.pdf), issued)[0] == "appended"


def test_every_attack_fails_where_it_should(sealed: SealedLetter, unsealed: RenderedLetter, issued: Issued) -> None:
    other = signing_house.seal_identity("另一个单位（演示）", 300)
    pdf = sealed.pdf
    unread = dict.fromkeys(("signed", "intact", "whole", "unchanged", "signer"))
    unsigned = {"signed": False, "intact": None, "whole": None, "unchanged": None, "signer": None}
    later = {"same_bytes": False, "whole": False, "unchanged": False}
    wrong = {"same_bytes": False}

    found = {
        "flipped": judged(tampering.flipped(pdf), issued),
        "appended page": judged(tampering.with_appended_page(pdf), issued),
        "other words": judged(tampering.with_other_words(pdf), issued),
        "second signature": judged(tampering.with_second_signature(pdf, other), issued),
        "a line at the end": judged(pdf + b"\n", issued),
        "stripped": judged(tampering.stripped(pdf), issued),
        "never signed": judged(unsealed.pdf, issued),
        "another's signature": judged(tampering.signed_by_another(unsealed.pdf, other), issued),
        "encrypted": judged(tampering.encrypted(pdf), issued),
        "encrypted, no password": judged(tampering.encrypted_without_password(pdf), issued),
        "broken table": judged(tampering.with_broken_table(pdf), issued),
        "cut off": judged(pdf[:-2000], issued),
        "not a PDF": judged(b"PK\x03\x04 a Word file", issued),
        "empty PDF": judged(b"%PDF-1.7\n", issued),
    }

    assert found == {
        "flipped": ("altered", {**ALL_PASSED, **wrong, "intact": False}),
        "appended page": ("appended", {**ALL_PASSED, **later}),
        "other words": ("appended", {**ALL_PASSED, **later}),
        "second signature": ("appended", {**ALL_PASSED, **later}),
        "a line at the end": ("appended", {**ALL_PASSED, **wrong, "whole": False}),
        "stripped": ("unsigned", {**PASSED, **wrong, **unsigned}),
        "never signed": ("unsigned", {**PASSED, **wrong, **unsigned}),
        "another's signature": ("other_signer", {**ALL_PASSED, **wrong, "signer": False}),
        "encrypted": ("encrypted", {**wrong, "readable": False, **unread}),
        "encrypted, no password": ("encrypted", {**wrong, "readable": False, **unread}),
        "broken table": ("damaged", {**wrong, "readable": False, **unread}),
        "cut off": ("damaged", {**wrong, "readable": False, **unread}),
        "not a PDF": ("not_pdf", {**wrong, "readable": False, **unread}),
        "empty PDF": ("damaged", {**wrong, "readable": False, **unread}),
    }


def test_a_copy_saved_anew_is_not_the_letter(sealed: SealedLetter, issued: Issued) -> None:
    verdict, checks = judged(tampering.saved_anew(sealed.pdf), issued)

    assert (verdict, checks["same_bytes"], checks["intact"]) == ("altered", False, False)


def test_no_flipped_byte_goes_unnoticed(sealed: SealedLetter, issued: Issued) -> None:
    """Digests notice by themselves; what is asked of the examination is only that it never falls over."""
    step = len(sealed.pdf) // 12

    for at in range(11, len(sealed.pdf), step):
        verdict, checks = judged(tampering.flipped(sealed.pdf, at), issued)
        # "different": the blank rest of the place that is kept for a signature is the one part that no digest covers.
        assert verdict in ("altered", "damaged", "unsigned", "other_signer", "appended", "not_pdf", "different"), at
        assert checks["same_bytes"] is False


def test_a_sample_is_judged_by_its_digest_alone() -> None:
    sample = render(CORRESPONDENCE_LETTER)
    issued = Issued(sample.sha256, len(sample.pdf), None)

    assert judged(sample.pdf, issued) == ("same", {"same_bytes": True, "readable": True})
    assert judged(tampering.flipped(sample.pdf), issued)[0] == "different"
    assert judged(tampering.with_appended_page(sample.pdf), issued)[0] == "appended"


def test_another_letter_is_told_apart(sealed: SealedLetter, unsealed: RenderedLetter, issued: Issued) -> None:
    other = render(replace(CORRESPONDENCE_LETTER, number="演督函〔2024〕18号"))

    judgement = judge(other.pdf, issued, examine_pdf(other.pdf), is_other_letter=True)

    assert judgement.verdict == "other_letter" and not judgement.is_same


def test_a_file_that_nobody_issued_is_judged_by_itself(sealed: SealedLetter) -> None:
    changed = tampering.flipped(sealed.pdf)

    assert judge(changed, None, examine_pdf(changed), is_other_letter=False) == Judgement(
        "unknown_file",
        (
            Check("same_bytes", False),
            Check("readable", True),
            Check("intact", False),
            Check("whole", True),
            Check("unchanged", True),
        ),
    )


def test_a_record_and_a_signature_that_disagree_are_not_hidden(sealed: SealedLetter, issued: Issued) -> None:
    found = examine(sealed.pdf)
    broken = Examination(found.state, (replace(found.signatures[0], is_intact=False),))

    assert judge(sealed.pdf, issued, broken, is_other_letter=False).verdict == "broken"


# -- what hostile bytes do to the examination --------------------------------------------------------------------------
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(tampering.deeply_nested(), id="nested"),
        pytest.param(b"%PDF-1.7\n" + b"0" * 3_000_000, id="noise"),
        pytest.param(tampering.with_table_that_leads_to_itself(b"%PDF-1.7\n"), id="loop"),
        pytest.param(b"%PDF-1.7\n" + bytes(range(256)) * 400, id="bytes"),
    ],
)
def test_hostile_bytes_are_damaged_and_nothing_worse(content: bytes) -> None:
    begun = time.monotonic()

    assert examine(content).state in ("damaged", "too_much")
    assert time.monotonic() - begun < verify.SECONDS + 5


def test_a_file_that_unpacks_to_more_than_it_may_use_stops_at_its_limit() -> None:
    content = tampering.bomb()

    assert len(content) < verify.MEMORY_BYTES // 100
    assert examine(content, memory_bytes=400 << 20).state in ("damaged", "too_much")


def test_an_examination_ends_when_its_time_is_up(sealed: SealedLetter) -> None:
    assert examine(sealed.pdf, seconds=0.01) == Examination("too_much")


def test_more_files_than_there_is_room_for_are_asked_to_wait(sealed: SealedLetter) -> None:
    held = [verify._children.acquire(blocking=False) for _ in range(verify.AT_ONCE)]
    try:
        with pytest.raises(verify.Busy):
            examine(sealed.pdf)
    finally:
        for _ in held:
            verify._children.release()
    assert examine(sealed.pdf).state == "pdf"
