"""Every word the pages use is in the catalogue in both languages, and nothing lies there unused."""

import re
from pathlib import Path

import pytest

from engine.domain.actor import ROLES
from engine.domain.case import DISPOSITIONS, KINDS, MILESTONES, PHASES, CaseState
from engine.domain.task import TaskState
from web.i18n import catalogue, say

WEB = Path(__file__).parents[2] / "web"
SOURCES = [
    *(path for path in WEB.rglob("*.py") if "node_modules" not in path.parts),
    *(WEB / "templates").rglob("*.html"),
]
USED = re.compile(r"""(?<![\w.])t\(\s*(f?)(["'])((?:(?!\2).)+)\2\s*(~?)""")
WORD = re.compile(r"""\bwords?\(\s*["'](\w+)["']""")
NOTICE = re.compile(r"""\bnotify\(\s*(f?)["']([^"']+)["']""")
BARE = re.compile(r"""["']([a-z_]+(?:\.[a-zA-Z_]+)+)["']""")


def used() -> tuple[set[str], set[str]]:
    """Keys written out, and beginnings to which the rest is added while running."""
    keys: set[str] = set()
    beginnings: set[str] = {"error.", "role.", "nav."}
    for path in SOURCES:
        text = path.read_text("utf-8")
        for is_made, _, key, is_joined in USED.findall(text):
            beginnings.add(key.partition("{")[0]) if is_made or is_joined else keys.add(key)
        beginnings |= {f"{kind}." for kind in WORD.findall(text)}
        for is_made, key in NOTICE.findall(text):
            beginnings.add(f"notice.{key.partition('{')[0]}") if is_made else keys.add(f"notice.{key}")
        keys |= {key for key in BARE.findall(text) if key in catalogue()}
    return keys, beginnings


def test_every_key_that_is_used_exists() -> None:
    keys, beginnings = used()

    assert sorted(keys - set(catalogue())) == []
    assert [start for start in sorted(beginnings) if not any(key.startswith(start) for key in catalogue())] == []


def test_no_key_is_unused() -> None:
    keys, beginnings = used()

    assert [key for key in catalogue() if key not in keys and not key.startswith(tuple(beginnings))] == []


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("role", ROLES),
        ("phase", PHASES),
        ("milestone", MILESTONES),
        ("kind", KINDS),
        ("disposition", DISPOSITIONS),
        ("case_state", tuple(CaseState)),
        ("task_state", tuple(TaskState)),
        ("light", ("red", "yellow", "green")),
    ],
)
def test_every_code_of_the_engine_has_a_name(kind: str, codes: tuple[str, ...]) -> None:
    assert [code for code in codes if f"{kind}.{code}" not in catalogue()] == []


def test_both_languages_fill_the_same_fields() -> None:
    fields = re.compile(r"\{(\w+)\}")
    plural = {"s"}  # the English plural
    different = [
        key
        for key in catalogue()
        if set(fields.findall(say_raw(key, "zh"))) != set(fields.findall(say_raw(key, "en"))) - plural
    ]

    assert different == []


def say_raw(key: str, lang: str) -> str:
    return catalogue()[key][lang]


def test_a_field_that_is_missing_leaves_a_dash() -> None:
    assert say("notice.imported", "zh", added=3) == "导入完成：新增 3 户，已在册 — 户。"
