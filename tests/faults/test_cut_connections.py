"""The connection to PostgreSQL is cut before, within, at and after COMMIT: whoever asks again with the same key until
there is an answer has had one effect."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from counts import CUTS, tell
from scenario import NewScenario, Scenario, new_case
from slips import SLIP, desk_signs_slips
from tcp_proxy import CUTS as KINDS
from tcp_proxy import TcpProxy, proxied

from engine.commands.letters import IssueLetters
from engine.commands.register import RegisterCases
from engine.errors import Refused
from engine.ids import TimeOrderedIds
from engine.runtime import Engine
from engine.store.schema import cases, letters, operations

pytestmark = [pytest.mark.faults, pytest.mark.postgres]
CASES = 20
PATIENCE = 10  # tries of one operation


@pytest.fixture
def backend() -> str:
    return "postgres"


def twenty_sites(scenario: Scenario) -> None:
    scenario.register(CASES)
    desk_signs_slips(scenario)


class Client:
    """Works through the proxy, and asks again as long as it is refused."""

    def __init__(self, scenario: Scenario, engine: Engine, proxy: TcpProxy) -> None:
        self._scenario, self._engine, self._proxy = scenario, engine, proxy
        self._sites = [row["case_id"] for row in scenario.rows(sa.select(cases.c.case_id).order_by(cases.c.case_id))]
        self._campaign, self._supervisor = scenario.campaign, scenario.supervisor
        self.cut_off: Counter[str] = Counter()
        self.asked_again = 0

    def letter(self, number: int, key: str | None, cut: str | None) -> Any:
        listed = (str(self._sites[number % CASES]),)
        return self._do(IssueLetters(self._campaign, SLIP, listed, reason="故障演练（演示）"), key, cut)

    def case(self, number: int, key: str | None, cut: str | None) -> Any:
        return self._do(RegisterCases(self._campaign, (new_case(1000 + number),)), key, cut)

    def _do(self, command: Any, key: str | None, cut: str | None) -> Any:
        self._proxy.arm(cut)
        for _ in range(PATIENCE):
            try:
                return self._engine.execute(command, by=self._supervisor, operation_key=key)
            except Refused:
                self.asked_again += 1
                if key is not None:
                    done = self._scenario.rows(sa.select(operations.c.at).where(operations.c.operation_key == key))
                    self.cut_off["done already" if done else "not done"] += 1
        raise AssertionError(f"refused {PATIENCE} times")


@contextmanager
def client_of(scenario: Scenario) -> Iterator[tuple[Client, TcpProxy]]:
    with proxied(scenario.config.database_url) as (proxy, url):
        engine = Engine(url, secret=scenario.engine.secret, clock=scenario.clock, ids=TimeOrderedIds())
        try:
            yield Client(scenario, engine, proxy), proxy
        finally:
            engine.close()


def count(scenario: Scenario, table: sa.Table) -> int:
    return int(scenario.rows(sa.select(sa.func.count().label("n")).select_from(table))[0]["n"])


def test_each_operation_has_one_effect_wherever_its_connection_was_cut(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=twenty_sites)
    chance = random.Random(3)
    answers: list[str] = []
    registered = 0

    with client_of(scenario) as (client, proxy):
        for number in range(CUTS):
            cut = KINDS[number // 2 % len(KINDS)] if number < 2 * len(KINDS) else chance.choice((*KINDS, None))
            if number % 3:
                answers += client.letter(number, f"operation {number}", cut)
            else:
                registered += len(client.case(number, f"operation {number}", cut)["added"])

    issued = scenario.rows(sa.select(letters.c.letter_id, letters.c.serial).order_by(letters.c.serial))
    assert sorted(row["letter_id"] for row in issued) == sorted(answers)
    assert [row["serial"] for row in issued] == list(range(1, len(answers) + 1))
    assert count(scenario, cases) == CASES + registered
    assert len(answers) + registered == count(scenario, operations) == CUTS
    assert scenario.engine.read.violations() == ()
    assert set(proxy.cuts) == set(KINDS) and set(client.cut_off) == {"done already", "not done"}
    assert (
        client.asked_again >= sum(proxy.cuts.values()) - proxy.cuts["at"]
    )  # whose answer may come just before the cut
    tell(
        f"connections: {CUTS} operations, {sum(proxy.cuts.values())} cut ({_shown(proxy.cuts)}), when asked again "
        f"{_shown(client.cut_off)}: 0 lost, 0 doubled"
    )


def test_without_keys_the_same_cuts_do_double(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=twenty_sites)

    with client_of(scenario) as (client, proxy):
        for number in range(8):
            client.letter(number, None, KINDS[number % len(KINDS)])

    assert count(scenario, letters) >= 8 + proxy.cuts["after"]
    tell(f"connections without keys: 8 operations, {count(scenario, letters)} effects: seen")


def _shown(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counted.items()))
