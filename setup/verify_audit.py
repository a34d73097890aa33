#!/usr/bin/env python3
"""Proves Duban's record of facts without Duban: reads a SQLite file or an export, and the checkpoint files, and says
which facts are proven, which are not, and what is damaged. Standard library only; it shares no code with the program.

    python3 verify_audit.py duban.db --checkpoints duban.checkpoints --secret-file duban.secret
    duban audit export -o facts.jsonl && python3 verify_audit.py facts.jsonl --checkpoints /mnt/other/duban.checkpoints

Exit code 0: proven up to the last checkpoint. 1: damaged. 3: not damaged, but not proven. 2: cannot be read.
Without the key the MACs are not checked: the checkpoint files are then believed as they lie there.
"""

import argparse
import contextlib
import hashlib
import hmac
import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ORIGIN = "0" * 64
COLUMNS = ("fact_id", "at", "kind", "person_id", "person", "campaign_id", "case_id", "instance_id", "detail")
PURPOSE = b"duban audit checkpoint v1"
NAMED = 20


@dataclass
class Report:
    """`damage` and `gaps` are sentences; `ranges` are (first, last, verdict, last checkpoint or 0)."""

    sealed: int = 0
    unsealed: int = 0
    damage: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ranges: list[tuple[int, int, str, int]] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        if self.damage:
            return 1
        is_shown = any(verdict == "proven" for _, _, verdict, _ in self.ranges)
        return 3 if self.gaps or (self.sealed and not is_shown) else 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="a SQLite database, or the JSON lines of `duban audit export`")
    parser.add_argument("--checkpoints", type=Path, action="append", default=[], metavar="FILE", help="may be repeated")
    parser.add_argument("--secret-file", type=Path, help="the installation's secret, to check the MACs")
    wanted = parser.parse_args(arguments)
    try:
        key = read_key(wanted.secret_file) if wanted.secret_file else None
        report = verify(facts_of(wanted.source), wanted.checkpoints, key)
    except (OSError, ValueError, sqlite3.Error) as error:
        print(f"无法读取 cannot be read: {error}", file=sys.stderr)
        return 2
    for sentence in report.damage:
        print(f"DAMAGED   {sentence}")
    for sentence in report.gaps:
        print(f"unproven  {sentence}")
    for sentence in report.notes:
        print(f"note      {sentence}")
    for first, last, verdict, number in report.ranges:
        print(f"{verdict:<9} {first}-{last}" + (f"  checkpoint 校验点 {number}" if number else ""))
    print(f"{report.sealed} facts sealed 已封存, {report.unsealed} not yet 未封存")
    print({0: "PROVEN 已证明", 1: "DAMAGED 受损", 3: "UNPROVEN 未证明"}[report.exit_code])
    return report.exit_code


# -- reading -----------------------------------------------------------------------------------------------------------
def facts_of(source: Path) -> Iterator[dict[str, Any]]:
    """The chain by position, then what is not in it; `kind` is None when the fact of a link is gone."""
    with source.open("rb") as file:
        is_sqlite = file.read(16) == b"SQLite format 3\0"
    if not is_sqlite:
        yield from _lines(source)
        return
    connection = sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)
    try:
        yield from rows_of(connection)
    finally:
        connection.close()


def rows_of(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    listed = ", ".join(f"f.{name}" for name in COLUMNS[1:])
    names = (*COLUMNS, "position", "sha256", "sm3")
    for query in (
        f"SELECT c.fact_id, {listed}, c.position, c.sha256, c.sm3 "
        "FROM fact_chain c LEFT JOIN facts f ON f.fact_id = c.fact_id ORDER BY c.position",
        f"SELECT f.fact_id, {listed}, NULL, NULL, NULL FROM facts f "
        "WHERE NOT EXISTS (SELECT 1 FROM fact_chain c WHERE c.fact_id = f.fact_id) ORDER BY f.fact_id",
    ):
        for values in connection.execute(query):
            row = dict(zip(names, values, strict=True))
            if row["kind"] is not None:
                row["at"] = f"{str(row['at']).replace(' ', 'T')}Z"
                with contextlib.suppress(
                    ValueError, TypeError, RecursionError
                ):  # else it stays text: not what was sealed
                    row["detail"] = json.loads(row["detail"])
            yield row


def _lines(source: Path) -> Iterator[dict[str, Any]]:
    with source.open(encoding="utf-8", errors="surrogatepass") as file:
        for number, line in enumerate(file, 1):
            row = json.loads(line)
            missing = [name for name in (*COLUMNS, "position", "sha256", "sm3") if name not in row]
            if missing:
                raise ValueError(f"{source}, line {number}: no {', '.join(missing)}")
            yield row


def read_checkpoints(file: Path, report: Report) -> list[dict[str, Any]]:
    """Its lines; one that was torn by a crash is passed over."""
    found: list[dict[str, Any]] = []
    if not file.exists():
        report.gaps.append(f"{file}: 没有这个文件 there is no such file")
        return found
    for number, line in enumerate(file.read_text("utf-8", errors="replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            mark = json.loads(line)
            numbers = [mark[name] for name in ("number", "position")]
            texts = [mark[name] for name in ("sha256", "sm3", "previous_mac", "mac")]
            if not all(type(each) is int for each in numbers) or not all(isinstance(each, str) for each in texts):
                raise ValueError("wrong types")
            found.append(mark)
        except (ValueError, KeyError, TypeError, RecursionError):
            report.notes.append(f"{file}, line {number}: 不是校验点 is no checkpoint")
    return found


def read_key(file: Path) -> bytes:
    """The key of checkpoints, by HKDF-SHA256 (RFC 5869) from the installation's secret."""
    secret = bytes.fromhex(file.read_text().strip())
    drawn = hmac.new(b"\0" * 32, secret, hashlib.sha256).digest()
    return hmac.new(drawn, PURPOSE + b"\x01", hashlib.sha256).digest()


# -- proving -----------------------------------------------------------------------------------------------------------
def verify(rows: Iterable[dict[str, Any]], files: Iterable[Path], key: bytes | None) -> Report:
    report = Report()
    runs = {file.name: read_checkpoints(file, report) for file in files}
    if key is None:
        report.notes.append("没有密钥，未核对认证码 no key: MACs were not checked")
    marks = join_runs(runs, key, report)
    if not marks:
        report.gaps.append("没有可用的校验点 there is no checkpoint to prove anything by")
    walk(rows, sorted(marks.values(), key=lambda mark: (mark["position"], mark["number"])), report)
    return report


def join_runs(runs: dict[str, list[dict[str, Any]]], key: bytes | None, report: Report) -> dict[int, dict[str, Any]]:
    """Every checkpoint by number, once its own MAC and its place after the one before have been looked at."""
    marks: dict[int, dict[str, Any]] = {}
    for name, run in runs.items():
        before: dict[str, Any] | None = None
        for mark in run:
            number = mark["number"]
            told = {field: value for field, value in mark.items() if field != "mac"}
            if key is not None and not hmac.compare_digest(
                hmac.new(key, canonical(told), hashlib.sha256).hexdigest(), str(mark["mac"])
            ):
                report.damage.append(f"{name}: 校验点 {number} 的认证码不对 the MAC of checkpoint {number} is wrong")
                before = mark
                continue
            if before is not None and (number, mark["previous_mac"]) != (before["number"] + 1, before["mac"]):
                report.damage.append(
                    f"{name}: 校验点 {number} 不接在 {before['number']} 之后 does not follow the one before"
                )
            before = mark
            if marks.setdefault(number, mark) != mark:
                report.damage.append(f"{name}: 校验点 {number} 各处不同 the places hold different checkpoints {number}")
    return marks


def walk(rows: Iterable[dict[str, Any]], marks: list[dict[str, Any]], report: Report) -> None:
    link = {"position": 0, "sha256": ORIGIN, "sm3": ORIGIN}
    begin, damaged, leads, waiting = 1, 0, True, marks[::-1]
    settled = marks[-2]["position"] if len(marks) > 1 else 0
    highest = 0  # the greatest id sealed long ago: what is smaller and not sealed was put in later
    for row in rows:
        if row["position"] is None:
            report.unsealed += 1
            if row["fact_id"] < highest:
                report.damage.append(f"事实 {row['fact_id']} 不在链上 fact {row['fact_id']} is not in the chain")
            continue
        fault = fault_of(link, row)
        if fault:
            damaged += 1
            if damaged <= NAMED:
                report.damage.append(fault)
        link = {name: row[name] for name in ("position", "sha256", "sm3")}
        if link["position"] <= settled:
            highest = max(highest, row["fact_id"])
        number, held = 0, True
        while waiting and waiting[-1]["position"] <= link["position"]:
            mark = waiting.pop()
            number = mark["number"]
            if any(mark[name] != link[name] for name in link):
                held = False
                report.damage.append(
                    f"链与校验点 {number} 不符，第 {begin}-{mark['position']} 条被改写 "
                    f"facts {begin}-{mark['position']} do not lead to checkpoint {number}"
                )
        if number:
            is_whole = leads and held and not damaged
            report.ranges.append((begin, link["position"], "proven" if is_whole else "damaged", number))
            leads = held
            begin, damaged = link["position"] + 1, 0
    report.sealed = link["position"]
    if waiting:
        report.damage.append(
            f"第 {link['position'] + 1}-{waiting[0]['position']} 条不见了，数据库比校验点旧 "
            f"facts {link['position'] + 1}-{waiting[0]['position']} are gone: the database is older than they are"
        )
    if link["position"] >= begin:
        report.ranges.append((begin, link["position"], "damaged" if damaged or waiting else "unproven", 0))


def fault_of(before: dict[str, Any], row: dict[str, Any]) -> str:
    """Why this link does not follow the one before; empty when it does."""
    position, fact_id = row["position"], row["fact_id"]
    if position != before["position"] + 1:
        return f"链上第 {before['position'] + 1}-{position - 1} 条缺失 positions are gone from the chain"
    if row["kind"] is None:
        return f"事实 {fact_id}（第 {position} 条）被删除 fact {fact_id} was deleted"
    text = canonical({**{name: row[name] for name in COLUMNS}, "position": position})
    sha256 = hashlib.sha256(before["sha256"].encode() + b"\n" + text).hexdigest()
    if (sha256, sm3(before["sm3"].encode() + b"\n" + text)) != (row["sha256"], row["sm3"]):
        return f"事实 {fact_id}（第 {position} 条）与封存时不同 fact {fact_id} is not what was sealed"
    return ""


def canonical(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


# -- SM3 (GB/T 32905-2016), where OpenSSL was built without it ---------------------------------------------------------
def sm3(content: bytes) -> str:
    try:
        return hashlib.new("sm3", content).hexdigest()
    except ValueError:
        return plain_sm3(content)


def plain_sm3(content: bytes) -> str:
    size = len(content) * 8
    content += b"\x80" + b"\0" * ((55 - len(content)) % 64) + size.to_bytes(8, "big")
    state = [
        0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E,
    ]  # fmt: skip
    for start in range(0, len(content), 64):
        words = [int.from_bytes(content[at : at + 4], "big") for at in range(start, start + 64, 4)]
        for at in range(16, 68):
            mixed = words[at - 16] ^ words[at - 9] ^ _turn(words[at - 3], 15)
            mixed ^= _turn(mixed, 15) ^ _turn(mixed, 23)
            words.append(mixed ^ _turn(words[at - 13], 7) ^ words[at - 6])
        a, b, c, d, e, f, g, h = state
        for at in range(64):
            constant = 0x79CC4519 if at < 16 else 0x7A879D8A
            first = _turn((_turn(a, 12) + e + _turn(constant, at % 32)) & 0xFFFFFFFF, 7)
            chosen = (a ^ b ^ c, e ^ f ^ g) if at < 16 else ((a & b) | (a & c) | (b & c), (e & f) | (~e & g))
            one = (chosen[0] + d + (first ^ _turn(a, 12)) + (words[at] ^ words[at + 4])) & 0xFFFFFFFF
            two = (chosen[1] + h + first + words[at]) & 0xFFFFFFFF
            a, b, c, d, e, f, g, h = one, a, _turn(b, 9), c, two ^ _turn(two, 9) ^ _turn(two, 17), e, _turn(f, 19), g
        state = [old ^ new for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True)]
    return "".join(f"{word:08x}" for word in state)


def _turn(word: int, count: int) -> int:
    return ((word << count) | (word >> (32 - count))) & 0xFFFFFFFF


if __name__ == "__main__":
    sys.exit(main())
