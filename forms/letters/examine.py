"""Looks into a PDF for its signatures, by pyHanko. As a program it is the child of `verify.examine`: a file on its
input, JSON on its output, within limits of memory and time."""

import io
import logging
import resource
import sys
from typing import Final

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from forms.letters.apart import finished
from forms.letters.verify import DAMAGED, ENCRYPTED, NOT_PDF, PDF, Examination, FoundSignature, is_pdf, to_json

MOST_SIGNATURES: Final = 20
CPU_SECONDS: Final = 20

# A file of unknown authorities, or one that was changed, is an answer here and no news for the log.
for name in ("pyhanko.sign.validation", "pyhanko.sign.diff_analysis"):
    logging.getLogger(name).setLevel(logging.CRITICAL)


def main() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), hard))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    logging.disable(logging.CRITICAL)
    sys.stdout.buffer.write(to_json(examine_pdf(sys.stdin.buffer.read())))


def examine_pdf(content: bytes) -> Examination:
    """For bytes of our own; a stranger's go through `verify.examine`. Never raises but for want of memory."""
    if not is_pdf(content):
        return Examination(NOT_PDF)
    try:
        reader = PdfFileReader(io.BytesIO(content))  # strict: a file that readers could read in two ways is damaged
        if reader.encrypted:
            return Examination(ENCRYPTED)
        embedded = reader.embedded_signatures
        if len(embedded) > MOST_SIGNATURES:
            return Examination(DAMAGED)
        found = tuple(_look_at(one) for one in embedded if one.sig_object_type == "/Sig")
        if not found and reader.root["/Pages"].get("/Count", 0) < 1:
            return Examination(DAMAGED)
    except MemoryError:
        raise
    except Exception:  # whatever a parser trips over, the file is the cause
        return Examination(DAMAGED)
    return Examination(PDF, found)


def name_of(certificate: x509.Certificate) -> str:
    """Who a certificate is for, as people read it: common name, then unit and organisation."""
    parts = certificate.subject.native
    named = (parts.get(part) for part in ("common_name", "organizational_unit_name", "organization_name"))
    texts = [", ".join(part) if isinstance(part, list) else str(part) for part in named if part]
    return "，".join(dict.fromkeys(texts)) or str(certificate.subject.human_friendly)


def _look_at(one: EmbeddedPdfSignature) -> FoundSignature:
    """Nothing is asked of the chain: which certificate it must be is on record, and files outlive certificates."""
    certificate = one.signer_cert
    trust = ValidationContext(trust_roots=[certificate], allow_fetching=False)
    status = finished(async_validate_pdf_signature(one, trust))
    level = status.modification_level
    is_last_change = level is not None and level <= ModificationLevel.LTA_UPDATES and status.docmdp_ok is not False
    is_long_term = level == ModificationLevel.LTA_UPDATES and is_last_change
    covers_file = status.coverage == SignatureCoverageLevel.ENTIRE_FILE or (
        status.coverage == SignatureCoverageLevel.ENTIRE_REVISION and is_long_term
    )
    return FoundSignature(
        signer=name_of(certificate),
        fingerprint=certificate.sha256.hex(),
        is_intact=bool(status.intact and status.valid),
        covers_file=covers_file,
        is_last_change=is_last_change,
        signed_at=one.self_reported_timestamp,
    )


if __name__ == "__main__":
    main()
