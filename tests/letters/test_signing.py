"""Letters signed for real, by a certificate of the tests' own authority; poppler's pdfsig is the second opinion."""

import io
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
import signing_house
from letters_samples import CORRESPONDENCE_LETTER, DOCUMENT_LETTER
from PIL import Image
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec, SignatureValidationSpec
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from engine.domain.verification import Signature
from forms.letters.apart import finished
from forms.letters.examine import examine_pdf
from forms.letters.render import render
from forms.letters.rendered import RenderedLetter, SealBox
from forms.letters.seals import SealedLetter, SealFailed
from forms.letters.sign import PadesSeal

ORGAN = CORRESPONDENCE_LETTER.signatory
SIGNER = f"{signing_house.SIGNER}，{signing_house.ORGANISATION}"


@pytest.fixture(scope="session")
def unsealed() -> RenderedLetter:
    return render(
        replace(CORRESPONDENCE_LETTER, is_sample=False, verify_url="https://duban.example/v/7F3K92QX7F3K92QX")
    )


@pytest.fixture(scope="session")
def sealed(unsealed: RenderedLetter, tmp_path_factory: pytest.TempPathFactory) -> SealedLetter:
    return seal(unsealed, tmp_path_factory.mktemp("seal"), picture="png")


def seal(letter: RenderedLetter, folder: Path, **more: str) -> SealedLetter:
    service = PadesSeal(signing_house.settings(folder, **more))  # type: ignore[arg-type]
    return service.seal(letter, organ=ORGAN, reason="演督函〔2024〕17号 签发")


def pdfsig(pdf: bytes, folder: Path) -> str:
    """What poppler says of a file's signatures."""
    (folder / "letter.pdf").write_bytes(pdf)
    told = subprocess.run(["pdfsig", str(folder / "letter.pdf")], capture_output=True, text=True, check=False)
    return told.stdout


def red_box(pdf: bytes, page: int, folder: Path) -> tuple[float, float, float, float]:
    """Where red ink lies between the head and the foot of a page, in points from its lower left corner."""
    (folder / "drawn.pdf").write_bytes(pdf)
    subprocess.run(
        ["pdftoppm", "-r", "72", "-png", "-f", str(page), "-l", str(page), "drawn.pdf", "drawn"],
        cwd=folder,
        check=True,
    )
    [file] = folder.glob("drawn*.png")
    with Image.open(file) as image:
        height = image.height
        body = image.convert("RGB").crop((0, 150, image.width, height - 80))
        red = body.split()[0].point(lambda level: 255 if level > 180 else 0)
        not_white = body.split()[1].point(lambda level: 255 if level < 120 else 0)
        both = Image.composite(not_white, Image.new("L", red.size, 0), red)
        left, top, right, bottom = both.getbbox()  # type: ignore[misc]
    return left, height - 150 - bottom, right, height - 150 - top


def test_poppler_calls_the_signed_letter_valid_and_whole(sealed: SealedLetter, tmp_path: Path) -> None:
    told = pdfsig(sealed.pdf, tmp_path)

    assert "Signature is Valid" in told
    assert "Total document signed" in told and "Not total" not in told
    assert "ETSI.CAdES.detached" in told and "SHA-256" in told
    assert f"Signer Certificate Common Name: {signing_house.SIGNER}" in told


def test_a_flipped_byte_is_refused_by_poppler_too(sealed: SealedLetter, tmp_path: Path) -> None:
    changed = bytearray(sealed.pdf)
    changed[2000] ^= 1

    assert "Signature is Valid" not in pdfsig(bytes(changed), tmp_path)


def test_what_is_kept_of_the_signature_is_what_a_verifier_finds(sealed: SealedLetter) -> None:
    [found] = examine_pdf(sealed.pdf).signatures

    assert sealed.signature == Signature(
        SIGNER, signing_house.seal_identity().fingerprint, "PAdES B-B", sealed.signature.signed_at
    )
    assert found.is_sound and found.signed_at == sealed.signature.signed_at
    assert abs(datetime.now(UTC) - sealed.signature.signed_at) < timedelta(minutes=5)


def test_the_unsigned_letter_is_the_beginning_of_the_signed_one(unsealed: RenderedLetter, sealed: SealedLetter) -> None:
    assert sealed.pdf.startswith(unsealed.pdf)


def test_a_letter_to_be_sealed_holds_no_circle_and_no_sample_mark(unsealed: RenderedLetter) -> None:
    with pikepdf.open(io.BytesIO(unsealed.pdf)) as pdf:
        assert "演示样张" not in str(pdf.docinfo.get("/Keywords", ""))
        assert "/AcroForm" not in pdf.Root


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_the_seal_is_drawn_as_the_appearance_of_the_signature_in_its_box(
    kind: str, unsealed: RenderedLetter, tmp_path: Path
) -> None:
    signed = seal(unsealed, tmp_path, picture=kind)
    box = unsealed.seal_box

    assert box is not None
    drawn = red_box(signed.pdf, box.page, tmp_path)
    for edge, wanted in zip(drawn, (box.left, box.bottom, box.right, box.top), strict=True):
        assert (
            abs(edge - wanted) < 3.5
        )  # the ring of the picture stands 6 of 420 pixels within it, one pixel is a point
    with pikepdf.open(io.BytesIO(signed.pdf)) as pdf:
        [widget] = [each for each in pdf.pages[box.page - 1].Annots if each.get("/FT") == "/Sig"]
        rectangle = [float(edge) for edge in widget.Rect]
        assert rectangle == pytest.approx([box.left, box.bottom, box.right, box.top], abs=0.02)
        assert "/N" in widget.AP
        del pdf.pages[box.page - 1].Annots  # without the signature the page bears no seal
        out = io.BytesIO()
        pdf.save(out)
    with pytest.raises(TypeError):
        red_box(out.getvalue(), box.page, _folder(tmp_path, "bare"))


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_the_seal_is_pressed_on_the_words_and_hides_none(kind: str, unsealed: RenderedLetter, tmp_path: Path) -> None:
    """A picture without an alpha channel is white all over: its white must not cover name and date."""
    box = unsealed.seal_box
    assert box is not None
    bare, stamped = (
        ink_within(pdf, box, tmp_path) for pdf in (unsealed.pdf, seal(unsealed, tmp_path, picture=kind).pdf)
    )

    assert bare > 200 and stamped == pytest.approx(bare, rel=0.02)


def ink_within(pdf: bytes, box: SealBox, folder: Path) -> int:
    """How many dots of black lie in the inner half of the box, at 144 dots an inch."""
    (folder / "inked.pdf").write_bytes(pdf)
    drawn = ["pdftoppm", "-r", "144", "-png", "-singlefile", "-f", str(box.page), "inked.pdf", "inked"]
    subprocess.run(drawn, cwd=folder, check=True)
    with Image.open(folder / "inked.png") as image:
        quarter = (box.right - box.left) / 4
        edges = (box.left + quarter, 842 - box.top + quarter, box.right - quarter, 842 - box.bottom - quarter)
        inner = image.convert("L").crop(tuple(round(2 * edge) for edge in edges))  # type: ignore[arg-type]
        return sum(inner.histogram()[:100])


def test_the_seal_stands_where_the_empty_circle_of_a_sample_stands() -> None:
    sample, own = render(DOCUMENT_LETTER), render(replace(DOCUMENT_LETTER, is_sample=False))

    assert own.seal_box == sample.seal_box
    assert own.seal_box is not None
    assert own.seal_box.right - own.seal_box.left == pytest.approx(42 * 72 / 25.4, abs=0.05)


def test_without_a_picture_the_signature_is_valid_and_not_visible(unsealed: RenderedLetter, tmp_path: Path) -> None:
    signed = seal(unsealed, tmp_path)

    assert "Signature is Valid" in pdfsig(signed.pdf, tmp_path)
    with pikepdf.open(io.BytesIO(signed.pdf)) as pdf:
        [widget] = [each for page in pdf.pages for each in page.get("/Annots", []) if each.get("/FT") == "/Sig"]
        assert [float(edge) for edge in widget.Rect] == [0, 0, 0, 0]


def test_a_paper_that_bears_no_seal_is_signed_invisibly(unsealed: RenderedLetter, tmp_path: Path) -> None:
    signed = seal(replace(unsealed, seal_box=None), tmp_path, picture="png")

    assert examine_pdf(signed.pdf).signatures[0].is_sound


def test_the_signed_letter_is_still_archival_by_its_structure(sealed: SealedLetter) -> None:
    with pikepdf.open(io.BytesIO(sealed.pdf)) as pdf:
        metadata = pdf.Root.Metadata.read_bytes().decode()
        assert re.search(r"pdfaid:part\W+2", metadata)
        assert [str(intent.S) for intent in pdf.Root.OutputIntents] == ["/GTS_PDFA1"]
        assert "/ID" in pdf.trailer
        for page in pdf.pages:
            for each in page.get("/Annots", []):
                # ISO 19005-2 6.3.2, 6.3.3: printed, not hidden, with an appearance.
                assert int(each.F) & 4 and not int(each.F) & (1 | 2 | 32)
                assert "/N" in each.AP
        assert not pdf.Root.AcroForm.get("/NeedAppearances", False)
        assert "/XFA" not in pdf.Root.AcroForm


def test_the_signature_certifies_that_nothing_may_change(sealed: SealedLetter) -> None:
    with pikepdf.open(io.BytesIO(sealed.pdf)) as pdf:
        [reference] = pdf.Root.Perms.DocMDP.Reference
        assert int(reference.TransformParams.P) == 1
        assert str(pdf.Root.Perms.DocMDP.Reason) == "演督函〔2024〕17号 签发"
        assert str(pdf.Root.Perms.DocMDP.Name) == ORGAN


def test_for_the_long_term_time_stamps_and_lists_are_inside(unsealed: RenderedLetter, tmp_path: Path) -> None:
    with signing_house.stamp_server() as url:
        signed = seal(unsealed, tmp_path, picture="png", tsa_url=url)

    assert signed.signature.level == "PAdES B-LTA"
    assert examine_pdf(signed.pdf).signatures[0].is_sound
    assert "Signature is Valid" in pdfsig(signed.pdf, tmp_path)
    with pikepdf.open(io.BytesIO(signed.pdf)) as pdf:
        assert len(pdf.Root.DSS.CRLs) >= 1 and len(pdf.Root.DSS.Certs) >= 2
        subfilters = [str(field.V.SubFilter) for field in pdf.Root.AcroForm.Fields]
    assert subfilters == ["/ETSI.CAdES.detached", "/ETSI.RFC3161"]


def test_the_long_term_form_stands_an_ades_validation(unsealed: RenderedLetter, tmp_path: Path) -> None:
    with signing_house.stamp_server() as url:
        signed = seal(unsealed, tmp_path, tsa_url=url)
    reader = PdfFileReader(io.BytesIO(signed.pdf))
    trusted = SimpleTrustManager.build(trust_roots=load_certs_from_pemder_data(signing_house.authority().pem))
    policy = CertValidationPolicySpec(trusted, CertRevTrustPolicy(REQUIRE_REVINFO))

    validation = ades_lta_validation(
        reader.embedded_signatures[0], PdfSignatureValidationSpec(SignatureValidationSpec(policy))
    )
    result = finished(validation)

    assert result.ades_subindic.name == "OK"


def test_signing_twice_gives_two_files(unsealed: RenderedLetter, sealed: SealedLetter, tmp_path: Path) -> None:
    assert seal(unsealed, tmp_path, picture="png").pdf != sealed.pdf


# -- what stops a letter -----------------------------------------------------------------------------------------------
def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder


def refused(letter: RenderedLetter, settings: object) -> str:
    with pytest.raises(SealFailed) as stopped:
        PadesSeal(settings).seal(letter, organ=ORGAN, reason="演示")  # type: ignore[arg-type]
    assert signing_house.PASSPHRASE not in str(stopped.value)
    return str(stopped.value)


def test_each_thing_that_is_missing_stops_the_letter_and_is_named(unsealed: RenderedLetter, tmp_path: Path) -> None:
    whole = signing_house.settings(tmp_path, picture="png")
    wrong, junk, empty = tmp_path / "wrong", tmp_path / "junk.png", _folder(tmp_path, "empty")
    wrong.write_text("falsch\n")
    junk.write_bytes(b"no picture")

    assert "passphrase does not open it" in refused(unsealed, replace(whole, passphrase_file=wrong))
    assert "DUBAN_SIGNING_PKCS12" in refused(unsealed, replace(whole, pkcs12=tmp_path / "absent.p12"))
    assert "no PKCS#12 file" in refused(unsealed, replace(whole, pkcs12=wrong))
    assert "DUBAN_SIGNING_SEAL" in refused(unsealed, replace(whole, seal_picture=tmp_path / "absent.png"))
    assert "cannot be read" in refused(unsealed, replace(whole, seal_picture=junk))
    assert "holds no certificates" in refused(unsealed, replace(whole, chain=wrong))
    with signing_house.stamp_server() as url:
        stamped = replace(whole, tsa_url=url)
        assert "root certificate" in refused(unsealed, replace(stamped, chain=None))
        assert "revocation lists" in refused(unsealed, replace(stamped, crls=empty))
    assert "does not answer" in refused(unsealed, stamped)  # the server is gone
    with signing_house.stamp_server("text/html") as url:
        assert "answered with text/html" in refused(unsealed, replace(whole, tsa_url=url))


def test_a_list_that_is_out_of_date_stops_a_long_term_signature(unsealed: RenderedLetter, tmp_path: Path) -> None:
    with signing_house.stamp_server() as url:
        settings = signing_house.settings(tmp_path, tsa_url=url)
        old = signing_house.revocation_list(next_update=timedelta(days=-20))
        (tmp_path / "crls" / "root.crl").write_bytes(old)

        refused(unsealed, settings)
        problems = PadesSeal(settings).state(datetime.now(UTC)).problems

    assert [("out of date" in problem, "CRLS" in fix) for problem, fix in problems] == [(True, True)]


def test_a_certificate_that_has_ended_signs_nothing(unsealed: RenderedLetter, tmp_path: Path) -> None:
    ended = signing_house.seal_identity("演示过期证书（测试）", -1)

    assert "the certificate is valid from" in refused(unsealed, signing_house.settings(tmp_path, ended))


def test_a_file_that_is_no_pdf_is_not_signed(tmp_path: Path) -> None:
    broken = RenderedLetter(b"%PDF-1.7 nothing", 1, "", SealBox(1, 0, 0, 10, 10))

    assert "could not be signed" in refused(broken, signing_house.settings(tmp_path))


# -- what an administrator sees ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("days", "problem"),
    [
        (30.01, ""),
        (30, "ends in 30 days"),
        (29.99, "ends in 29 days"),
        (0, "ended 0 days ago"),
        (-2, "ended 2 days ago"),
    ],
)
def test_a_certificate_warns_from_thirty_days_before_its_end(days: float, problem: str, tmp_path: Path) -> None:
    ends = signing_house.seal_identity().certificate.not_valid_after_utc

    state = PadesSeal(signing_house.settings(tmp_path)).state(ends - timedelta(days=days))

    assert state.valid_until == ends
    assert [problem in told for told, _ in state.problems] == ([True] if problem else [])


def test_the_state_names_signer_level_and_what_is_not_there(tmp_path: Path) -> None:
    state = PadesSeal(signing_house.settings(tmp_path)).state(datetime.now(UTC))

    assert (state.signer, state.level, state.problems) == (SIGNER, "PAdES B-B", ())
    assert [note.split(":")[0] for note in state.notes] == ["no seal picture", "no time stamp server"]
