"""Deploys a process folder. The same bytes are the same version; a version never changes; running instances stay."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn.check import Known, check
from engine.bpmn.elements import process_name
from engine.domain.actor import PLACES, ROLES, require_role
from engine.domain.case import MILESTONES
from engine.domain.job import SERVICE_KINDS
from engine.domain.letter import KINDS
from engine.errors import Invalid, Problem
from engine.store import definitions
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class Deploy:
    """`files`: every file of the folder by name, `letters/` templates included. `key` is the folder's name.

    `checked` carries problems that only forms can know (its own check of `.form` files and templates).
    """

    key: str
    files: Mapping[str, bytes] = field(repr=False)
    problems: tuple[Problem, ...] = ()
    beside: frozenset[str] = frozenset()  # keys that are deployed in the same go


def deploy(command: Deploy, tx: Transaction) -> dict[str, Any]:
    """Returns {"definition_id", "key", "version", "is_new"}. Raises Invalid with every error the check found."""
    require_role(tx.actor, "designer", "publisher", "sysadmin")
    problems = list(command.problems)
    if f"{command.key}.bpmn" in command.files:
        problems += check(command.files, known_to(definitions.latest_keys(tx.connection), command.beside | {command.key}))
    elif not any(name.endswith(".j2") for name in command.files):
        problems.append(
            Problem(
                command.key,
                f"缺少 {command.key}.bpmn：文件夹名须与流程编号一致。",
                f"{command.key}.bpmn is missing: the folder must be named like its process.",
            )
        )
    errors = tuple(problem for problem in problems if problem.severity == "error")
    if errors:
        raise Invalid("deploy_refused", f"{command.key} cannot be deployed.", errors, key=command.key)
    sha256 = definitions.digest(command.files)
    known = definitions.find_by_digest(tx, command.key, sha256)
    if known is not None:
        return {"definition_id": known[0], "key": command.key, "version": known[1], "is_new": False}
    bpmn = command.files.get(f"{command.key}.bpmn")
    # The id names the content, so that caches keyed by it can never be stale.
    version = definitions.add(
        tx,
        definition_id=f"{command.key}-{sha256[:24]}",
        key=command.key,
        name=(process_name(bpmn) if bpmn else None) or command.key,
        files=command.files,
    )
    tx.record("DefinitionDeployed", key=command.key, version=version)
    return {"definition_id": f"{command.key}-{sha256[:24]}", "key": command.key, "version": version, "is_new": True}


def known_to(deployed: list[str] | frozenset[str], beside: frozenset[str] = frozenset()) -> Known:
    """What a diagram may refer to."""
    return Known(
        process_keys=frozenset(deployed) | beside,
        job_kinds=frozenset(SERVICE_KINDS),
        roles=frozenset(ROLES),
        places=frozenset(PLACES),
        milestones=frozenset(MILESTONES),
        letter_kinds=frozenset(KINDS),
    )
