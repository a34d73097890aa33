"""One uploaded file: is it what it claims to be, and may we keep it. Pictures are drawn anew: nothing hides in them."""

import hashlib
import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass, replace
from datetime import datetime

from PIL import Image, ImageOps

from forms import archive
from forms.context import BEIJING
from forms.words import Words, shown

MAX_BYTES = 10_000_000
MAX_PIXELS = 40_000_000
ACCEPT = ".jpg,.jpeg,.png,.webp,.pdf,.xlsx,.docx,.mp4"  # for the file field of a page
_MEDIA_TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "mp4": "video/mp4",
}
_PICTURES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_OFFICE_PARTS = {"xlsx": b"spreadsheetml.sheet.main+xml", "docx": b"wordprocessingml.document.main+xml"}
_MP4_BRANDS = (
    b"isom",
    b"iso2",
    b"iso4",
    b"iso5",
    b"iso6",
    b"mp41",
    b"mp42",
    b"avc1",
    b"M4V ",
    b"MSNV",
    b"dash",
    b"qt  ",
)
_MARKUP = re.compile(rb"<\s*(?:!doctype|html|script|svg|iframe|body|\?php)", re.IGNORECASE)
_ACTIVE_PDF = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFile|RichMedia)\b")


@dataclass(frozen=True)
class Upload:
    """A file as it came in; an empty file field of a page is an upload without a name and without bytes."""

    filename: str
    content: bytes

    @property
    def is_absent(self) -> bool:
        return not self.filename and not self.content


@dataclass(frozen=True)
class CheckedFile:
    """A file that may be kept. `taken_at`, `place` (`纬度,经度`) and `device` are what the camera wrote, if it did."""

    filename: str
    media_type: str
    content: bytes
    original_sha256: str
    taken_at: datetime | None = None
    place: str = ""
    device: str = ""


class BadUpload(Exception):
    """The file is refused; `words` say why and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.words = Words(zh, en)


def check_upload(upload: Upload) -> CheckedFile:
    """The file, fit to keep; raises BadUpload."""
    name = _plain_name(upload.filename)
    suffix = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    label = shown(name)
    if not upload.content:
        raise BadUpload(f"文件“{label}”是空的，请重新选择。", f'The file "{label}" is empty; choose it again.')
    if len(upload.content) > MAX_BYTES:
        size = f"{len(upload.content) / 1_000_000:.1f}"
        raise BadUpload(
            f"文件“{label}”有 {size} MB，最大 10 MB，请压缩后再上传。",
            f'The file "{label}" has {size} MB; 10 MB is the limit. Make it smaller and retry.',
        )
    if suffix not in _MEDIA_TYPES:
        raise _wrong_kind(label, suffix)
    file = CheckedFile(name, _MEDIA_TYPES[suffix], upload.content, hashlib.sha256(upload.content).hexdigest())
    if not _has_magic(suffix, upload.content):
        raise BadUpload(
            f"文件“{label}”的内容不是 {suffix.upper()} 格式，可能改过扩展名，请上传原文件。",
            f'The file "{label}" is not a real {suffix.upper()} file; upload the original.',
        )
    if file.media_type in _PICTURES:
        return _drawn_anew(file, label)
    _refuse_hidden_content(suffix, upload.content, label)
    return file


def _wrong_kind(label: str, suffix: str) -> BadUpload:
    if suffix in ("heic", "heif"):
        return BadUpload(
            f"“{label}”是苹果手机的 HEIC 格式，请在相机设置中选“兼容性最佳”，或另存为 JPG 后再上传。",
            f'"{label}" is a HEIC photo; save it as JPG and retry.',
        )
    if suffix in ("svg", "html", "htm", "xml", "xhtml"):
        return BadUpload(
            f"“{label}”是网页或矢量图，可能带脚本，不能作为佐证，请截图或导出为 PDF 后再上传。",
            f'"{label}" may carry scripts and cannot be evidence; upload a picture or a PDF of it.',
        )
    return BadUpload(
        f"不能上传“{label}”，可用的格式：JPG、PNG、WEBP、PDF、XLSX、DOCX、MP4。",
        f'"{label}" cannot be uploaded; use JPG, PNG, WEBP, PDF, XLSX, DOCX or MP4.',
    )


def _plain_name(filename: str) -> str:
    """The last part of the path some browsers send, without anything a file system or a header could trip over."""
    name = unicodedata.normalize("NFC", filename).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(character for character in name if character.isprintable() and character not in '<>:"|?*').strip(
        " ."
    )
    stem, dot, suffix = name.rpartition(".")
    return f"{stem[:100]}{dot}{suffix[:10]}" if dot else (name[:100] or "file")


def _has_magic(suffix: str, content: bytes) -> bool:
    if suffix in ("jpg", "jpeg"):
        return content.startswith(b"\xff\xd8\xff")
    if suffix == "png":
        return content.startswith(b"\x89PNG\r\n\x1a\n")
    if suffix == "webp":
        return content.startswith(b"RIFF") and content[8:12] == b"WEBP"
    if suffix == "pdf":
        return content.startswith(b"%PDF-") and b"%%EOF" in content[-2048:]
    if suffix == "mp4":
        return content[4:8] == b"ftyp" and content[8:12] in _MP4_BRANDS
    return content.startswith(archive.ZIP_MAGIC)


def _refuse_hidden_content(suffix: str, content: bytes, label: str) -> None:
    """Documents are kept as they are, so a second format or a program inside them is a reason to refuse."""
    if suffix in _OFFICE_PARTS:
        _check_office(suffix, content, label)
        return
    second = BadUpload(
        f"文件“{label}”里藏有其他内容（网页或压缩包），不能上传，请重新导出。",
        f'The file "{label}" hides other content (a page or an archive); export it again.',
    )
    if zipfile.is_zipfile(io.BytesIO(content)) or _MARKUP.search(content[:4096]):
        raise second
    if suffix == "pdf" and _ACTIVE_PDF.search(content):
        raise BadUpload(
            f"PDF“{label}”带有脚本或附件，不能上传，请用“打印为 PDF”重新生成。",
            f'The PDF "{label}" has scripts or attachments; make it again with "print to PDF".',
        )


def _check_office(suffix: str, content: bytes, label: str) -> None:
    fault = archive.fault_in(content)
    if fault:
        raise BadUpload(f"文件“{label}”：{fault.zh}。", f'The file "{label}": {fault.en}.')
    parts = [name.lower() for name in archive.names(content)]
    if any(part.endswith((".bin", ".exe", ".vbs", ".js")) and "printersettings" not in part for part in parts):
        raise BadUpload(
            f"文件“{label}”带有宏或嵌入对象，请另存为不带宏的文件后再上传。",
            f'The file "{label}" has macros or embedded objects; save it without them and retry.',
        )
    if _OFFICE_PARTS[suffix] not in archive.read_part(content, "[Content_Types].xml"):
        raise BadUpload(
            f"文件“{label}”的内容不是 {suffix.upper()} 格式，请上传原文件。",
            f'The file "{label}" is not a real {suffix.upper()} file; upload the original.',
        )


# -- pictures ---------------------------------------------------------------------------------------------------------
def _drawn_anew(file: CheckedFile, label: str) -> CheckedFile:
    kind = _PICTURES[file.media_type]
    try:
        with Image.open(io.BytesIO(file.content), formats=[kind]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise _too_large(label)
            file = _with_camera_facts(file, picture)
            upright = ImageOps.exif_transpose(picture)
            if "transparency" in upright.info:
                upright = upright.convert("RGBA")
            upright.info.clear()
            return replace(file, content=_encode(upright, kind))
    except BadUpload:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(label) from error
    except Exception as error:  # Pillow meets hostile bytes with errors of every kind
        raise BadUpload(
            f"图片“{label}”打不开，可能没有传完整，请重新拍照或上传。",
            f'The picture "{label}" cannot be opened; it may be incomplete. Upload it again.',
        ) from error


def _too_large(label: str) -> BadUpload:
    return BadUpload(
        f"图片“{label}”超过 4000 万像素，请缩小后再上传。",
        f'The picture "{label}" has more than 40 million pixels; make it smaller and retry.',
    )


def _encode(picture: Image.Image, kind: str) -> bytes:
    if kind == "JPEG" and picture.mode not in ("RGB", "L"):
        picture = picture.convert("RGB")
    if kind == "PNG" and picture.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        picture = picture.convert("RGBA" if "A" in picture.mode else "RGB")
    if kind == "WEBP" and picture.mode not in ("RGB", "RGBA"):
        picture = picture.convert("RGBA" if "A" in picture.mode else "RGB")
    out = io.BytesIO()
    if kind == "PNG":
        picture.save(out, kind)
    else:
        picture.save(out, kind, quality=90)
    return out.getvalue()


def _with_camera_facts(file: CheckedFile, picture: Image.Image) -> CheckedFile:
    """What the camera wrote: time, position, device. A broken entry is as good as none."""
    try:
        exif = picture.getexif()
        detail, position = exif.get_ifd(0x8769), exif.get_ifd(0x8825)
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, RuntimeError, Warning):
        return file
    written = detail.get(0x9003) or exif.get(0x0132)
    device = " ".join(str(exif.get(tag, "")).strip("\x00 ") for tag in (0x010F, 0x0110)).strip()
    return replace(
        file, taken_at=_taken_at(written, detail.get(0x9011)), place=_place(position), device=shown(device, 80)
    )


def _taken_at(written: object, offset: object) -> datetime | None:
    """EXIF `2024:06:13 09:30:00`; without an offset the camera's clock is taken for Beijing time."""
    try:
        text = str(written).strip("\x00 ")
        zone = str(offset).strip("\x00 ") if offset else ""
        if re.fullmatch(r"[+-]\d\d:\d\d", zone):
            return datetime.strptime(text + zone, "%Y:%m:%d %H:%M:%S%z").astimezone(BEIJING)
        return datetime.strptime(text, "%Y:%m:%d %H:%M:%S").replace(tzinfo=BEIJING)
    except (ValueError, OverflowError):
        return None


def _place(position: dict[int, object]) -> str:
    latitude = _degrees(position.get(2), position.get(1), "S")
    longitude = _degrees(position.get(4), position.get(3), "W")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return ""
    return f"{latitude:.6f},{longitude:.6f}"


def _degrees(parts: object, side: object, negative: str) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in parts)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if value != value:
        return None
    return -value if str(side).strip("\x00 ").upper() == negative else value
