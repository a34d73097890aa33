"""Completing a task: against plain SpiffWorkflow in memory, and an old case against a young one."""

from collections.abc import Callable

from plain_spiff import PlainInstance
from scenario import new_case

from bench.measuring import WARM_UP, Act, Figure, Rounds, Took, in_turns, timed
from bench.office import SURVEYED, Office, Sizes, as_shipped
from engine.commands.register import RegisterCases

TARGET, AIM, TARGET_AGED = 2.2, 1.5, 1.1
SAMPLES_OF_ONE_CASE = 5  # an old case is sampled in some rounds, since making it takes long


def measure(office: Office, sizes: Sizes, backend: str) -> list[Figure]:
    return [*_young(office, sizes, backend), *_aged(office, sizes, backend), *_started(office, sizes, backend)]


def _young(office: Office, sizes: Sizes, backend: str) -> list[Figure]:
    ids = office.registered(WARM_UP + sizes.rounds)
    claimed = [office.claimed(case_id, office.officer) for case_id in ids]
    plain = [office.plain(case_id) for case_id in (*ids, *ids)]

    def in_plain(number: int) -> None:
        instance, live = plain[number]
        instance.complete(live, SURVEYED, office.moment)

    acts: dict[str, Act] = {"ours": lambda number: office.survey(claimed[number]), "plain": in_plain}
    acts["quiet"] = lambda number: in_plain(number + len(ids))
    rounds = in_turns(sizes.rounds, acts, around={"plain": as_shipped})
    line = "complete a task, young case, against plain in memory"
    target = sizes.judged(TARGET) if backend == "sqlite" else None
    found = [rounds.against("ours", "plain", line=line, backend=backend, target=target)]
    if backend == "sqlite":
        found.append(rounds.against("ours", "plain", line=f"{line} (aim)", backend=backend, target=sizes.judged(AIM)))
    quiet = f"{line} whose log records we silenced"
    return [*found, rounds.against("ours", "quiet", line=quiet, backend=backend)]


def _aged(office: Office, sizes: Sizes, backend: str) -> list[Figure]:
    return [_at_age(office, sizes, backend, age) for age in sizes.ages]


def _at_age(office: Office, sizes: Sizes, backend: str, age: int) -> Figure:
    """The survey and its return, of old cases in turns with young ones."""
    rounds = WARM_UP + min(sizes.rounds, 20)
    of_one = 1 if age == 1 else SAMPLES_OF_ONE_CASE if age < 100 else rounds
    old = [case_id for case_id in office.registered(-(-rounds // of_one)) for _ in range(of_one)][:rounds]
    for case_id in dict.fromkeys(old):
        office.aged(case_id, age)
    taken: dict[str, list[Took]] = {"old": [], "young": []}
    for number, pair in enumerate(zip(old, office.registered(rounds), strict=True)):
        survey = _both(pair, number, office.survey, lambda case_id: office.claimed(case_id, office.officer))
        back = _both(pair, number, office.send_back, lambda case_id: office.claimed(case_id, office.supervisor))
        if number >= WARM_UP:
            for name, one, other in zip(taken, survey, back, strict=True):
                taken[name].append(Took(one.cpu + other.cpu, one.wall + other.wall))
    line = f"survey and send back after {age:,} send-backs, against our young case"
    return Rounds(taken).against("old", "young", line=line, backend=backend, target=sizes.judged(TARGET_AGED))


def _both(
    pair: tuple[str, str], number: int, act: Callable[[str], None], claimed: Callable[[str], str]
) -> tuple[Took, Took]:
    """The act on the live task of the old and of the young case; who comes first changes from round to round."""
    first, second = claimed(pair[0]), claimed(pair[1])
    if number % 2:
        took = timed(lambda: act(second))
        return timed(lambda: act(first)), took
    return timed(lambda: act(first)), timed(lambda: act(second))


def _started(office: Office, sizes: Sizes, backend: str) -> list[Figure]:
    """One case registered by itself; the bulk has its own line."""
    count = WARM_UP + sizes.rounds
    rows = [new_case(number, fingerprint=f"alone{number}") for number in range(count)]
    variables = office.variables(office.registered(1)[0])

    def ours(number: int) -> None:
        office.engine.execute(RegisterCases(office.scenario.campaign, (rows[number],)), by=office.supervisor)

    def plain(_: int) -> None:
        PlainInstance.start(office.plain_model, variables, office.moment)

    rounds = in_turns(sizes.rounds, {"ours": ours, "plain": plain}, around={"plain": as_shipped})
    line = "register and start one case, against starting it in plain in memory"
    return [rounds.against("ours", "plain", line=line, backend=backend)]
