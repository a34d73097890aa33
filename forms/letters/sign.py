"""Signs letters with PAdES by pyHanko: the operator's certificate from a PKCS#12 file or a PKCS#11 token.

The operator's seal picture is drawn as the appearance of the signature and nowhere else; no seal is drawn here.
"""

import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from asn1crypto import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator import ValidationContext

from engine.domain.verification import Signature
from forms.letters.apart import finished
from forms.letters.examine import examine_pdf, name_of
from forms.letters.rendered import RenderedLetter
from forms.letters.seal_stamp import style_of
from forms.letters.seals import SealedLetter, SealFailed, SealState, SigningSettings
from forms.letters.signing_keys import chain_of, opened, revocation_lists, words_of
from forms.letters.timestamps import HttpTimeStamper

FIELD: Final = "Seal"
B_B: Final = "PAdES B-B"
B_LTA: Final = "PAdES B-LTA"
WARN_BEFORE: Final = timedelta(days=30)

# That nothing is fetched from the network is meant: lists come from the operator's folder.
logging.getLogger("pyhanko.sign.signers").setLevel(logging.ERROR)


@dataclass(frozen=True)
class PadesSeal:
    """A `SealService`. Files are read at each letter, so a renewed certificate or list needs no restart."""

    settings: SigningSettings

    def seal(self, letter: RenderedLetter, *, organ: str, reason: str) -> SealedLetter:
        try:
            with opened(self.settings) as signer:
                signed = finished(self._sign(letter, signer, organ, reason))
                certificate = signer.signing_cert
        except SealFailed:
            raise
        except Exception as error:  # libraries, tokens and servers fail in many ways; all of them stop this letter
            raise SealFailed(words_of(error)) from error
        return SealedLetter(signed, self._signature_of(signed, certificate))

    def state(self, at: datetime) -> SealState:
        level = B_LTA if self.settings.tsa_url else B_B
        try:
            with opened(self.settings) as signer:
                certificate = signer.signing_cert
        except SealFailed as error:
            return SealState(level=level, problems=((error.reason, error.fix),))
        except Exception as error:
            return SealState(level=level, problems=((words_of(error), "check the settings DUBAN_SIGNING_…"),))
        return SealState(
            signer=name_of(certificate),
            valid_until=certificate.not_valid_after,
            level=level,
            problems=tuple(self._problems(certificate, at)),
            notes=tuple(self._notes()),
        )

    async def _sign(self, letter: RenderedLetter, signer: signers.Signer, organ: str, reason: str) -> bytes:
        writer = IncrementalPdfFileWriter(io.BytesIO(letter.pdf))
        box = letter.seal_box
        picture = self.settings.seal_picture
        style = style_of(picture) if box is not None and picture is not None else None
        place: dict[str, Any] = {}
        if box is not None and style is not None:
            place = {"on_page": box.page - 1, "box": (box.left, box.bottom, box.right, box.top)}
        fields.append_signature_field(writer, fields.SigFieldSpec(FIELD, **place))
        metadata = signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            name=organ,
            reason=reason,
            certify=True,  # threat 22: no later change at all, not even another signature
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
            **self._long_term(),
        )
        timestamper = HttpTimeStamper(self.settings.tsa_url) if self.settings.tsa_url else None
        pdf_signer = signers.PdfSigner(metadata, signer=signer, timestamper=timestamper, stamp_style=style)
        return bytes((await pdf_signer.async_sign_pdf(writer)).getvalue())

    def _long_term(self) -> dict[str, Any]:
        if not self.settings.tsa_url:
            return {}
        chain = chain_of(self.settings)
        roots = [certificate for certificate in chain if certificate.self_signed != "no"]
        if not roots:
            raise SealFailed("B-LTA needs the root certificate", "put it into the file DUBAN_SIGNING_CHAIN names")
        lists = revocation_lists(self.settings)
        if not lists:
            raise SealFailed("B-LTA needs revocation lists", "put them into the folder DUBAN_SIGNING_CRLS names")
        context = ValidationContext(
            trust_roots=roots, other_certs=chain, crls=lists, allow_fetching=False, revocation_mode="require"
        )
        return {"embed_validation_info": True, "use_pades_lta": True, "validation_context": context}

    def _signature_of(self, signed: bytes, certificate: x509.Certificate) -> Signature:
        """Read back from the finished file, so that what is kept is what a verifier will find."""
        found = examine_pdf(signed)
        sound = [one for one in found.signatures if one.is_sound and one.fingerprint == certificate.sha256.hex()]
        if found.state != "pdf" or len(sound) != 1 or len(found.signatures) != 1 or sound[0].signed_at is None:
            raise SealFailed("the signed file does not stand its own examination")
        if not certificate.not_valid_before <= sound[0].signed_at <= certificate.not_valid_after:
            ends = f"{certificate.not_valid_before:%Y-%m-%d} to {certificate.not_valid_after:%Y-%m-%d}"
            raise SealFailed(f"the certificate is valid from {ends} only", "renew it, or put the machine's clock right")
        level = B_LTA if self.settings.tsa_url else B_B
        return Signature(sound[0].signer, sound[0].fingerprint, level, sound[0].signed_at)

    def _problems(self, certificate: x509.Certificate, at: datetime) -> Iterator[tuple[str, str]]:
        left = certificate.not_valid_after - at
        renew = "续办证书并替换文件 / renew the certificate and replace the file"
        if left <= timedelta(0):
            yield f"the certificate ended {-left.days} days ago", renew
        elif left <= WARN_BEFORE:
            yield f"the certificate ends in {left.days} days", renew
        if certificate.not_valid_before > at:
            yield (
                f"the certificate begins on {certificate.not_valid_before:%Y-%m-%d} only",
                "检查时钟 / check the clock",
            )
        try:
            if self.settings.seal_picture is not None:
                style_of(self.settings.seal_picture)
        except SealFailed as error:
            yield error.reason, error.fix
        if self.settings.tsa_url:
            yield from self._long_term_problems(at)

    def _long_term_problems(self, at: datetime) -> Iterator[tuple[str, str]]:
        try:
            self._long_term()
        except SealFailed as error:
            yield error.reason, error.fix
            return
        except Exception as error:
            yield words_of(error), "检查 / check DUBAN_SIGNING_CHAIN, DUBAN_SIGNING_CRLS"
            return
        for each in revocation_lists(self.settings):
            next_update = each["tbs_cert_list"]["next_update"].native
            if next_update is not None and next_update <= at:
                issuer = each.issuer.human_friendly
                yield (
                    f"the revocation list of {issuer} is out of date since {next_update:%Y-%m-%d}",
                    "更新 / fetch it again into DUBAN_SIGNING_CRLS",
                )

    def _notes(self) -> Iterator[str]:
        if self.settings.seal_picture is None:
            yield "no seal picture: the signature is not visible on the page"
        if not self.settings.tsa_url:
            yield "no time stamp server: signed B-B, which proves little once the certificate has ended"
