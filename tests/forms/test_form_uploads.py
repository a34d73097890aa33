"""check_upload: a file is what it claims to be, pictures lose their metadata, and two-faced files are refused."""

import io
import zipfile
import zlib
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from forms_fixtures import picture
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from forms.upload import MAX_BYTES, BadUpload, Upload, check_upload

PDF = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00" * 32


def office(kind: str, **parts: bytes) -> bytes:
    main = {"xlsx": "spreadsheetml.sheet.main+xml", "docx": "wordprocessingml.document.main+xml"}.get(kind, kind)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", f'<Types><Override ContentType="application/x.{main}"/></Types>')
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def refused(name: str, content: bytes) -> str:
    with pytest.raises(BadUpload) as caught:
        check_upload(Upload(name, content))
    assert caught.value.words.en
    return caught.value.words.zh


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.JPG", picture(), "image/jpeg"),
        ("a.png", picture(kind="PNG"), "image/png"),
        ("a.webp", picture(kind="WEBP"), "image/webp"),
        ("a.pdf", PDF, "application/pdf"),
        ("a.mp4", MP4, "video/mp4"),
        ("a.xlsx", office("xlsx"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.docx", office("docx"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ],
)
def test_the_usual_files_are_kept(name: str, content: bytes, media_type: str) -> None:
    file = check_upload(Upload(name, content))

    assert (file.filename, file.media_type) == (name, media_type)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jpg", b"", "是空的"),
        ("a.pdf", PDF + b" " * MAX_BYTES, "最大 10 MB"),
        ("a.svg", b"<svg onload='x()'/>", "可能带脚本"),
        ("a.html", b"<html>", "可能带脚本"),
        ("a.heic", b"....ftypheic", "HEIC"),
        ("a.exe", b"MZ", "可用的格式"),
        ("a", b"x", "可用的格式"),
        ("a.jpg", picture(kind="PNG"), "内容不是 JPG 格式"),
        ("a.jpg", b"GIF89a<script>", "内容不是 JPG 格式"),
        ("a.jpg", b"\xff\xd8\xff" + b"<script>" * 20, "打不开"),
        ("a.jpg", picture()[:200], "打不开"),
        ("a.pdf", b"%PDF-1.7 <html><script>alert(1)</script> %%EOF", "藏有其他内容"),
        ("a.pdf", PDF + office("docx") + b"%%EOF", "藏有其他内容"),
        ("a.pdf", PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</JS(app.alert(1))>>"), "脚本或附件"),
        ("a.pdf", b"%PDF-1.7 cut off", "内容不是 PDF 格式"),
        ("a.docx", office("xlsx"), "内容不是 DOCX 格式"),
        ("a.docx", office("ms-word.document.macroEnabled.main+xml"), "内容不是 DOCX 格式"),
        ("a.docx", office("docx", word__vbaProject__bin=b"").replace(b"vbaProject/bin", b"vbaProject.bin"), "宏"),
        ("a.xlsx", b"PK\x03\x04" + b"junk" * 100, "已损坏"),
        ("a.xlsx", office("xlsx", bomb=b"\x00" * 20_000_000), "解压后过大"),
        ("a.xlsx", office("xlsx", **{f"part{i}": b"x" for i in range(201)}), "条目超过"),
        ("a.mp4", b"\x00\x00\x00\x18ftypheic" + b"\x00" * 20, "内容不是 MP4 格式"),
    ],
)
def test_what_is_not_safe_is_refused_with_words(name: str, content: bytes, words: str) -> None:
    assert words in refused(name, content)


def test_a_picture_of_more_than_forty_million_pixels_is_refused_before_it_is_unpacked() -> None:
    header = b"\x00\x00\x00\x0dIHDR" + (8_000).to_bytes(4, "big") + (5_001).to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    crc = zlib.crc32(header[4:]).to_bytes(4, "big")
    png = b"\x89PNG\r\n\x1a\n" + header + crc + b"\x00\x00\x00\x00IDAT" + zlib.crc32(b"IDAT").to_bytes(4, "big")

    assert "4000 万像素" in refused("big.png", png)


def test_the_camera_says_when_and_where_and_then_falls_silent() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "示范", "Phone 1"
    exif[0x0112] = 6  # turned by a quarter
    exif.get_ifd(0x8769)[0x9003] = "2024:06:13 09:30:00"
    position = exif.get_ifd(0x8825)
    position[1], position[2], position[3], position[4] = "N", (35.0, 36.0, 0.0), "E", (103.0, 12.0, 36.0)

    file = check_upload(Upload("a.jpg", picture(exif=exif)))

    assert file.taken_at is not None
    assert file.taken_at.astimezone(UTC) == datetime(2024, 6, 13, 1, 30, tzinfo=UTC)
    assert file.place == "35.600000,103.210000"
    assert "Phone 1" in file.device
    kept = Image.open(io.BytesIO(file.content))
    assert kept.size == (24, 32)
    assert len(kept.getexif()) == 0
    assert b"Phone 1" not in file.content


def test_a_program_behind_a_picture_is_lost() -> None:
    file = check_upload(Upload("a.jpg", picture() + office("docx") + b"<script>alert(1)</script>"))

    assert b"<script>" not in file.content
    assert not zipfile.is_zipfile(io.BytesIO(file.content))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_pictures_of_every_colour_model_are_kept(mode: str) -> None:
    kind, name = ("JPEG", "a.jpg") if mode == "CMYK" else ("PNG", "a.png")
    out = io.BytesIO()
    Image.new(mode, (8, 8)).save(out, kind)

    file = check_upload(Upload(name, out.getvalue()))

    assert Image.open(io.BytesIO(file.content)).size == (8, 8)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\fakepath\\现场 1.jpg", "现场 1.jpg"),
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("a\u202egpj.jpg", "agpj.jpg"),
        ('a"\r\nX: y.jpg', "aX y.jpg"),
        ("长" * 300 + ".jpg", "长" * 100 + ".jpg"),
    ],
)
def test_names_are_made_plain(sent: str, kept: str) -> None:
    assert check_upload(Upload(sent, picture())).filename == kept


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(["a.jpg", "a.png", "a.webp", "a.pdf", "a.xlsx", "a.docx", "a.mp4", "", "."]),
    head=st.sampled_from(
        [b"", b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBP", b"PK\x03\x04", b"%PDF-"]
    ),
    tail=st.binary(max_size=200),
)
def test_no_bytes_raise_anything_but_bad_upload(name: str, head: bytes, tail: bytes) -> None:
    try:
        check_upload(Upload(name, head + tail))
    except BadUpload as error:
        assert error.words.zh and error.words.en


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 600), byte=st.integers(0, 255), kind=st.sampled_from(["JPEG", "PNG", "WEBP"]))
def test_a_broken_byte_in_a_picture_is_no_traceback(at: int, byte: int, kind: str) -> None:
    content = bytearray(picture(kind=kind))
    content[at % len(content)] = byte
    with suppress(BadUpload):
        check_upload(Upload({"JPEG": "a.jpg", "PNG": "a.png", "WEBP": "a.webp"}[kind], bytes(content)))
