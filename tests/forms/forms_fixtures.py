"""A form with one component of each kind, a moment to fill it in, and pictures to attach."""

import io
import json
from datetime import UTC, datetime
from typing import Any

from PIL import Image

from forms.component import Form
from forms.context import FormContext
from forms.form import load_form
from forms.upload import Upload

NOON = datetime(2024, 6, 13, 4, 0, tzinfo=UTC)  # 12:00 in Beijing, a Thursday

COMPONENTS: list[dict[str, Any]] = [
    {"type": "text", "text": "请如实填写", "textEn": "Be honest"},
    {"type": "textfield", "key": "name", "label": "名称", "labelEn": "Name", "validate": {"required": True}},
    {
        "type": "group", "label": "判定", "labelEn": "Findings",
        "components": [
            {
                "type": "checklist", "key": "kinds", "label": "类别", "labelEn": "Kinds",
                "values": [
                    {"value": "san", "label": "散", "labelEn": "Scattered"},
                    {"value": "luan", "label": "乱", "labelEn": "Disorderly"},
                    {"value": "wu", "label": "污", "labelEn": "Polluting"},
                ],
            },
            {
                "type": "radio", "key": "disposition", "label": "处置方式", "labelEn": "Disposition",
                "values": [
                    {"value": "close", "label": "关停取缔", "labelEn": "Close"},
                    {"value": "rectify", "label": "整治提升", "labelEn": "Rectify"},
                ],
                "validate": {"required": True},
            },
        ],
    },
    {
        "type": "textarea", "key": "measures", "label": "整治措施", "labelEn": "Measures",
        "validate": {"required": True, "maxLength": 20, "minLength": 2},
        "conditional": {"hide": '=disposition != "rectify"'},
    },
    {"type": "number", "key": "area_mu", "label": "占地", "labelEn": "Area", "decimalDigits": 2, "suffix": "亩",
     "suffixEn": "mu", "validate": {"min": 0, "max": 1000}},
    {"type": "checkbox", "key": "is_illegal", "label": "违法", "labelEn": "Illegal"},
    {"type": "datetime", "key": "found_on", "label": "发现日期", "labelEn": "Found on",
     "validate": {"required": True, "max": "today"}},
    {"type": "datetime", "key": "checked_at", "label": "核查时间", "labelEn": "Checked at", "subtype": "datetime",
     "validate": {"min": "=found_on", "max": "today"}},
    {"type": "person", "key": "officer", "label": "经办人", "labelEn": "Officer", "unit": "lead"},
    {"type": "person", "key": "second", "label": "第二人", "labelEn": "Second",
     "validate": {"differsFrom": "officer"}},
    {"type": "unit", "key": "helper", "label": "配合单位", "labelEn": "Helping unit"},
    {"type": "select", "key": "level", "label": "程度", "labelEn": "Level",
     "values": [{"value": "low", "label": "轻", "labelEn": "Low"},
                {"value": "high", "label": "重", "labelEn": "High"}]},
    {"type": "textfield", "key": "plate", "label": "车牌", "labelEn": "Plate", "description": "如 A12345",
     "validate": {"pattern": "[A-Z][0-9]{5}"}},
    {
        "type": "checkrows", "key": "checks", "label": "两断三清", "labelEn": "Five checks", "unit": "lead",
        "rows": [
            {"key": "water", "label": "断水", "labelEn": "Water cut"},
            {"key": "power", "label": "断电", "labelEn": "Power cut", "proves": "断电现场"},
        ],
        "validate": {"required": True},
        "conditional": {"hide": '=disposition != "close"'},
    },
    {"type": "evidence", "key": "photos", "label": "现场照片", "labelEn": "Photos", "proves": "现场",
     "validate": {"required": True, "minFiles": 2, "maxFiles": 3}},
]  # fmt: skip


def form_bytes(components: list[dict[str, Any]] | None = None, **extra: Any) -> bytes:
    listed = COMPONENTS if components is None else components
    return json.dumps({"type": "default", "id": "sample", "components": listed, **extra}).encode()


def sample_form() -> Form:
    return load_form(form_bytes(title="样表", titleEn="Sample"), "sample.form")


def context(**changes: Any) -> FormContext:
    facts: dict[str, Any] = {
        "now": NOON,
        "units": {"u1": "市工信局", "u2": "城郊镇"},
        "persons": {"p1": ("演示甲", "u1"), "p2": ("演示乙", "u1"), "p3": ("演示丙", "u2")},
        "variables": {"lead": "u1"},
    }
    return FormContext(**{**facts, **changes})


def picture(colour: str = "red", kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (32, 24), colour).save(out, kind, **options)
    return out.getvalue()


def photo(name: str, colour: str = "red") -> Upload:
    return Upload(name, picture(colour))


GOOD_VALUES: dict[str, list[str]] = {
    "name": ["  城郊金鑫五金厂（演示） "],
    "kinds": ["wu", "san"],
    "disposition": ["rectify"],
    "measures": ["安装集气罩\r\n更换滤芯"],
    "area_mu": ["3.50"],
    "is_illegal": ["on"],
    "found_on": ["2024-06-12"],
    "checked_at": ["2024-06-13T09:30"],
    "officer": ["p1"],
    "second": ["p3"],
    "helper": ["u2"],
    "level": [""],
    "plate": ["A12345"],
    "photos.note": ["大门口"],
    "csrf_token": ["t"],
    "_revision": ["3"],
}
GOOD_FILES: dict[str, list[Upload]] = {"photos": [photo("a.jpg"), photo("b.jpg", "blue"), Upload("", b"")]}
