"""What a receipt must say for each manner of service, and who signs, replies and reviews (domain handbook D 送达)."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.domain import service
from engine.domain.actor import Actor, Membership
from engine.domain.service import DIRECT, ELECTRONIC, LEFT, POST, SYSTEM, Receipt
from engine.errors import NotPermitted

ISSUED = datetime(2024, 5, 20, 1, 30, 40, tzinfo=UTC)
NOW = datetime(2024, 5, 21, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SIGNED = {"person": "李四（演示）", "post": "收文员（演示）"}
LEFT_THERE = SIGNED | {"manner": LEFT, "refusal": "负责人不在，拒绝签字（演示）", "place": "演示镇政府收发室"}


def wrong(receipt: Receipt, *media_types: str) -> list[str]:
    found = service.problems_of(receipt, issued_at=ISSUED, now=NOW, media_types=media_types)
    assert all(problem.zh and problem.en for problem in found)
    return [problem.where for problem in found]


@pytest.mark.parametrize(
    ("words", "places"),
    [
        ({}, ["person", "post"]),
        (SIGNED, []),
        (SIGNED | {"manner": "by pigeon"}, ["manner"]),
        (SIGNED | {"person": "李" * 60}, []),
        (SIGNED | {"person": "李" * 61}, ["person"]),
        (SIGNED | {"note": "长" * 501}, ["note"]),
        (SIGNED | {"manner": DIRECT}, []),
        (SIGNED | {"manner": POST}, ["tracking_no"]),
        (SIGNED | {"manner": POST, "tracking_no": "EX123"}, ["tracking_no"]),
        (SIGNED | {"manner": POST, "tracking_no": "EX1234"}, []),
        (SIGNED | {"manner": POST, "tracking_no": "EX1234；"}, ["tracking_no"]),
        (SIGNED | {"manner": ELECTRONIC}, ["consent"]),
        (SIGNED | {"manner": ELECTRONIC, "consent": "2024年5月20日书面同意（演示）"}, []),
    ],
)
def test_each_manner_of_service_says_what_it_needs(words: dict[str, str], places: list[str]) -> None:
    assert wrong(Receipt(**{"person": "", "post": "", **words})) == places


@pytest.mark.parametrize(
    ("words", "media_types", "places"),
    [
        ({}, (), ["witness"]),
        ({}, ("application/pdf",), ["witness"]),
        ({}, ("image/jpeg",), []),
        ({}, ("video/mp4",), []),
        ({"witness": "王五（演示）", "witness_post": "演示村委会委员"}, (), []),
        ({"witness": "王五（演示）"}, ("image/jpeg",), ["witness"]),
        ({"refusal": "", "place": ""}, ("image/jpeg",), ["refusal", "place"]),
    ],
)
def test_what_is_left_behind_needs_a_reason_and_a_witness_or_a_picture(
    words: dict[str, str], media_types: tuple[str, ...], places: list[str]
) -> None:
    assert wrong(Receipt(**LEFT_THERE | words), *media_types) == places


@pytest.mark.parametrize(
    ("signed_at", "places"),
    [
        (ISSUED - timedelta(seconds=41), ["signed_at"]),
        (ISSUED.replace(second=0), []),  # people write minutes
        (ISSUED, []),
        (NOW, []),
        (NOW + timedelta(seconds=1), ["signed_at"]),
    ],
)
def test_a_receipt_lies_between_issue_and_now(signed_at: datetime, places: list[str]) -> None:
    assert wrong(Receipt(**SIGNED, signed_at=signed_at)) == places


def actor(*held: tuple[str, str], person: str = "p1") -> Actor:
    return Actor(person, "某人（演示）", frozenset(Membership(role, unit) for role, unit in held))


@pytest.mark.parametrize(
    ("who", "manner", "may"),
    [
        (actor(("officer", "gxj")), SYSTEM, True),
        (actor(("head", "gxj")), SYSTEM, True),
        (actor(("acceptor", "gxj")), SYSTEM, False),
        (actor(("officer", "swj")), SYSTEM, False),
        (actor(("supervisor", "office")), SYSTEM, False),
        (actor(("supervisor", "office")), LEFT, True),
        (actor(("leader", "office")), DIRECT, True),
        (actor(("officer", "gxj")), DIRECT, False),
    ],
)
def test_the_unit_signs_in_the_system_and_the_office_enters_paper(who: Actor, manner: str, may: bool) -> None:
    def check() -> None:
        service.check_signs(who, Receipt(**SIGNED, manner=manner), unit_id="gxj", number="1号")

    if may:
        check()
    else:
        with pytest.raises(NotPermitted):
            check()


def test_nobody_reviews_what_they_replied() -> None:
    who = actor(("supervisor", "office"), person="p7")

    service.check_reviews(who, replied_by=frozenset({"p8"}), number="1号")
    with pytest.raises(NotPermitted) as refused:
        service.check_reviews(who, replied_by=frozenset({"p7", "p8"}), number="1号")

    assert refused.value.code == "own_reply"


@pytest.mark.parametrize(
    ("term", "words"),
    [
        (None, ""),
        ("", ""),
        ("3wd", "收到本文之日起3个工作日内"),
        ("30d", "收到本文之日起30个自然日内"),
        ("48h", "收到本文后48小时内"),
    ],
)
def test_a_letter_prints_a_term_and_no_day(term: str | None, words: str) -> None:
    assert service.reply_within(term) == words
