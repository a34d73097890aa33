"""The letters that every template is to make, kept as JSON in `golden/`, one file for each kind and subject.

After a change that was meant: `python tests/letters/letters_golden.py` writes them anew; read the diff as a clerk.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.domain.letter import KINDS, Letter, format_number, from_json, to_json
from forms.letters.compose import compose_for
from forms.letters.sample import TODAY, sample_variables

TEMPLATES = Path(__file__).parents[2] / "processes" / "letters"
GOLDEN = Path(__file__).parent / "golden"
# What only the issuer of such a letter can add; without it a template says what the engine knows by itself.
ADDED = (
    "consent", "signer", "letters", "circular", "referral", "assignment", "acceptance", "bulletin", "reason",
)  # fmt: skip
SUBJECTS: dict[str, dict[str, Any]] = {
    "one": sample_variables(),
    "many": sample_variables(cases=12),
    "report": sample_variables(is_report=True),
}
ABOUT_CASES = ("rectification", "listed_supervision", "acceptance_slip", "strike_off_notice")
ABOUT_ITSELF = ("service_receipt", "bulletin")


def variants() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Kind, name of the subject, variables."""
    for kind in KINDS:
        subjects = ("one",) if kind in ABOUT_ITSELF else ("one", "many") if kind in ABOUT_CASES else tuple(SUBJECTS)
        for subject in subjects:
            yield kind, subject, SUBJECTS[subject]
    for kind in (
        "circular",
        "referral",
        "minutes",
        "assignment",
        "acceptance_slip",
        "supervision_letter",
        "listed_supervision",
    ):
        yield kind, "one-bare", bare(SUBJECTS["one"])
    for kind in ("circular", "referral", "minutes", "assignment"):
        yield kind, "many-bare", bare(SUBJECTS["many"])
    refused = {name: value for name, value in SUBJECTS["one"]["extension"].items() if name != "is_granted"}
    yield "extension_reply", "one-refused", SUBJECTS["one"] | {"extension": refused}
    blank = {name: SUBJECTS["one"]["service"][name] for name in ("paper", "number")}
    yield "service_receipt", "one-blank", SUBJECTS["one"] | {"service": blank}
    signed = SUBJECTS["one"]["service"] | {"receiver": "演示员", "method": "直接送达", "refusal": "", "witness": ""}
    yield "service_receipt", "one-signed", SUBJECTS["one"] | {"service": signed}
    corrects = {"number": "演散乱污办督〔2024〕4号", "reason": "办理时限有误"}
    yield "notice", "one-correction", SUBJECTS["one"] | {"corrects": corrects}


def bare(variables: dict[str, Any]) -> dict[str, Any]:
    """Without what is not known before somebody adds it, and with a talk that is still to be held."""
    known = {name: value for name, value in variables.items() if name not in ADDED}
    meeting = {name: variables["meeting"][name] for name in ("time", "place", "persons", "materials", "report_within")}
    listing = {name: variables["listing"][name] for name in ("term", "until")}
    return known | {"meeting": meeting, "listing": listing}


def composed(kind: str, variables: dict[str, Any]) -> Letter:
    """As number 7 of its kind and year, by the template of the house."""
    name = f"{kind}.html.j2"
    number = format_number(f"演散乱污办{KINDS[kind].word}", TODAY.year, 7)
    return compose_for(kind, (TEMPLATES / name).read_text(), variables, number=number, date=TODAY, name=name)


def path_of(kind: str, subject: str) -> Path:
    return GOLDEN / f"{kind}-{subject}.json"


def kept(kind: str, subject: str) -> Letter:
    return from_json(path_of(kind, subject).read_text())


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for kind, subject, variables in variants():
        value = json.loads(to_json(composed(kind, variables)))
        path_of(kind, subject).write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
