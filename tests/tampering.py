"""What somebody may do to a signed letter before handing it in: each returns the bytes of a file."""

import io

import pikepdf
from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore
from signing_house import Identity

from forms.letters.apart import finished


def flipped(pdf: bytes, at: int | None = None) -> bytes:
    """One bit of one byte, within the first stream unless told."""
    place = at if at is not None else pdf.index(b"stream\n") + 40
    changed = bytearray(pdf)
    changed[place] ^= 1
    return bytes(changed)


def with_appended_page(pdf: bytes) -> bytes:
    """A page more, as an incremental update: the signed bytes stay."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    page = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Page"),
            generic.pdf_name("/MediaBox"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 842))),
            generic.pdf_name("/Resources"): generic.DictionaryObject(),
        }
    )
    writer.insert_page(page)
    return _written(writer)


def with_other_words(pdf: bytes) -> bytes:
    """The first page drawn anew by an incremental update (assurance E50)."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"0 0 595 842 re f"))
    writer.update_container(page)
    return _written(writer)


def with_second_signature(pdf: bytes, identity: Identity) -> bytes:
    """Somebody else signs on top, where the first signature forbids it."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    return _signed(writer, identity, "Another")


def signed_by_another(unsigned: bytes, identity: Identity) -> bytes:
    """The same page under another's certificate."""
    return _signed(IncrementalPdfFileWriter(io.BytesIO(unsigned)), identity, "Seal")


def stripped(pdf: bytes) -> bytes:
    """Saved anew without the signature."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        del opened.Root.AcroForm
        del opened.Root.Perms
        for page in opened.pages:
            if "/Annots" in page:
                del page.Annots
        out = io.BytesIO()
        opened.save(out)
    return out.getvalue()


def saved_anew(pdf: bytes) -> bytes:
    """What a careless reader program does: the signature is still there and covers nothing any more."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        out = io.BytesIO()
        opened.save(out)
    return out.getvalue()


def encrypted(pdf: bytes, password: str = "x") -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        out = io.BytesIO()
        opened.save(out, encryption=pikepdf.Encryption(owner=password, user=password))
    return out.getvalue()


def encrypted_without_password(pdf: bytes) -> bytes:
    """Opens for everybody, is encrypted all the same."""
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(stripped(pdf))))
    writer.encrypt("owner", "")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def with_broken_table(pdf: bytes) -> bytes:
    """The last startxref leads into the middle of nowhere."""
    at = pdf.rindex(b"startxref\n") + len(b"startxref\n")
    end = pdf.index(b"\n", at)
    return pdf[:at] + b"9" * (end - at) + pdf[end:]


def with_table_that_leads_to_itself(pdf: bytes) -> bytes:
    """A cross-reference table whose predecessor is itself."""
    start = len(pdf) + 1
    return (
        pdf
        + b"\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 1/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
        % (
            start,
            start,
        )
    )


def bomb(size_bytes: int = 600 << 20) -> bytes:
    """A small PDF whose objects lie in a stream that unpacks to hundreds of megabytes."""
    import zlib

    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(size_bytes >> 20)) + packer.flush()
    body = b"%%PDF-1.7\n1 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n" % len(packed)
    body += packed + b"\nendstream\nendobj\n"
    at = len(body)
    rows = [(0, 0, 0xFF), (1, 9, 0), (2, 1, 0), (1, at, 0)]
    table = b"".join(
        kind.to_bytes(1, "big") + place.to_bytes(4, "big") + more.to_bytes(1, "big") for kind, place, more in rows
    )
    head = b"3 0 obj\n<</Type/XRef/Size 4/W[1 4 1]/Root 2 0 R/Length %d>>\nstream\n" % len(table)
    return body + head + table + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % at


def deeply_nested(depth: int = 60_000) -> bytes:
    """Arrays in arrays: a reader that calls itself runs out of stack."""
    body = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages " + b"[" * depth + b"]" * depth + b">>\nendobj\n"
    at = len(body)
    table = b"xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \ntrailer\n<</Size 2/Root 1 0 R>>\n"
    return body + table + b"startxref\n%d\n%%%%EOF\n" % at


class _Forger(signers.PdfSigner):
    """Signs where an earlier signature forbids every change; pyHanko by itself would not."""

    def _enforce_certification_constraints(self, reader: PdfFileReader) -> None:
        pass


def _written(writer: IncrementalPdfFileWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _signed(writer: IncrementalPdfFileWriter, identity: Identity, field: str) -> bytes:
    [certificate] = load_certs_from_pemder_data(identity.pem)
    signer = signers.SimpleSigner(
        certificate, load_private_key_from_pemder_data(identity.key_pem, None), SimpleCertificateStore()
    )
    fields.append_signature_field(writer, fields.SigFieldSpec(field))
    metadata = signers.PdfSignatureMetadata(field_name=field, subfilter=fields.SigSeedSubFilter.PADES)
    pdf_signer = _Forger(metadata, signer=signer)
    return bytes(finished(pdf_signer.async_sign_pdf(writer)).getvalue())
