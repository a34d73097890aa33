"""Part of the deploy check: whether every variable that is read was given at the start or may have been set before.

It follows the ways through the diagram and gives the benefit of the doubt: a value that is set on one way counts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.bpmn.check_answers import check_answers, meant_by
from engine.bpmn.check_context import Context, own
from engine.bpmn.decision import OF_CAMPAIGN
from engine.bpmn.document import bpmn, duban, local, text_of
from engine.bpmn.expressions import ExpressionError, names_of, required_names
from engine.bpmn.graph import EMBEDDED, Node, Scope
from engine.domain import toml_table
from engine.errors import Invalid

ANYTHING: frozenset[str] | None = None  # it may set names that nobody can tell from the folder
SETS_NOTHING = ("letter", "remind", "start_process", "publish_message")

Names = frozenset[str] | None


@dataclass(frozen=True)
class Use:
    """An expression that reads variables: where to point, which property, the names that must be there and those that
    may be missing."""

    where: str
    property: str
    names: frozenset[str]
    optional: frozenset[str]


def check_variables(context: Context) -> None:
    """Without walks in the folder nobody knows what the process is started with; then only what is set too late, or
    looks like a slip of the pen, is told."""
    given = _given(context)
    sets = {node: _set_by(node, context) for scope in context.scopes for node in scope.nodes.values()}
    ever = frozenset().union(*filter(None, sets.values()))
    inner = {scope.host: scope for scope in context.scopes if scope.host is not None}
    known = _known_before(context.scopes[0], given or frozenset(), sets, inner)
    for scope in context.scopes:
        for node in scope.nodes.values():
            before = known.get(node)
            if before is None:
                continue
            for use in _uses(node, context):
                missing = use.names - before - _own_names(node)
                for name in sorted(missing if given is not None else missing & ever):
                    _tell(use, name, name in ever, context)
                there = ever | before
                for name in sorted((use.optional | (missing if given is None else frozenset())) - there):
                    if meant := meant_by(name, there):
                        _tell_slip(use, name, meant, context)
    if not any(names is None for names in sets.values()):
        check_answers(context, given)


def _tell(use: Use, name: str, is_set_later: bool, context: Context) -> None:
    if is_set_later:
        zh = f'这里要用变量“{name}”，但它在后面的环节才填写。请调整顺序，或用 default("{name}", 值)。'
        en = f'The variable "{name}" is read here but set only later. Change the order or use default("{name}", value).'
    else:
        zh = (
            f"这里要用变量“{name}”，但没有哪个环节填写它，走查里流程开始时也没有给。"
            f'请改正名称，或在 tests 的 [variables] 里写上，或用 default("{name}", 值)。'
        )
        en = (
            f'The variable "{name}" is read here, but nothing sets it and no walk starts with it. Correct the name, '
            f'add it to [variables] of a walk, or use default("{name}", value).'
        )
    context.findings.add("variable-defined-before-use", use.where, zh, en, property=use.property)


def _tell_slip(use: Use, name: str, meant: str, context: Context) -> None:
    context.findings.add(
        "variable-defined-before-use",
        use.where,
        f"没有哪个环节填写变量“{name}”，是不是“{meant}”？请改正名称。",
        f'Nothing sets the variable "{name}". Is it "{meant}"? Correct the name.',
        property=use.property,
    )


def _given(context: Context) -> frozenset[str] | None:
    """What the process starts with, as its walks have it; None without any."""
    found: set[str] | None = None
    for name, content in context.files.items():
        if not name.endswith(".toml"):
            continue
        try:
            walk = toml_table.read(content, what=name)
        except Invalid:
            continue
        variables = walk.get("variables")
        if walk.get("process") == context.key and isinstance(variables, dict):
            found = (found or set()) | set(variables)
    if found is None:
        return None
    declared = (node.get("name") or node.get("id", "") for node in context.root.iter(bpmn("property")))
    return frozenset(found) | frozenset(declared)


def _known_before(
    scope: Scope, given: frozenset[str], sets: Mapping[Node, Names], inner: Mapping[Node, Scope]
) -> dict[Node, Names]:
    """For each node that can be reached, what may be known when a token comes; what is missing knows anything."""
    known: dict[Node, Names] = {node: given for node in scope.of("startEvent")}
    waiting = dict.fromkeys(known)  # each once, however many flows lead to it
    while waiting:
        node, _ = waiting.popitem()
        after = _together(known[node], *(sets[each] for each in _within(node, inner)))
        for following in node.next():
            before = known.get(following, frozenset())
            now = _together(before, after)
            if following not in known or now != before:
                known[following] = now
                waiting[following] = None
    for host, below in inner.items():
        if host in scope.nodes.values() and host in known:
            before = known[host]
            if before is not None:
                known |= _known_before(below, before, sets, inner)
    return known


def _within(node: Node, inner: Mapping[Node, Scope]) -> Iterator[Node]:
    yield node
    if node.tag in EMBEDDED and node in inner:
        for each in inner[node].nodes.values():
            yield from _within(each, inner)


def _together(*names: Names) -> Names:
    found: set[str] = set()
    for each in names:
        if each is None:
            return ANYTHING
        found |= each
    return frozenset(found)


def _set_by(node: Node, context: Context) -> Names:
    if node.tag == "userTask":
        return _answers(node, context)
    if node.tag == "businessRuleTask":
        decision = context.decisions.get(own(node, "decisionRef"))
        if decision is None or own(node, "decisionRef") in OF_CAMPAIGN:
            return ANYTHING
        return frozenset(decision.output_names)
    if node.tag == "callActivity" or "message" in node.events:
        return ANYTHING
    if node.tag == "serviceTask" and own(node, "jobKind") not in SETS_NOTHING:
        return ANYTHING
    return frozenset()


def _answers(node: Node, context: Context) -> Names:
    keys = context.form_keys.get(own(node, "formKey"))
    if keys is None:
        return ANYTHING
    returned = {"outcome", "return_reason"} if own(node, "returnable") == "true" else set()
    several = node.xml.find(bpmn("multiInstanceLoopCharacteristics"))
    result = text_of(several.find(bpmn("loopDataOutputRef"))) if several is not None else ""
    return keys | returned | ({result} if result else set())


def _own_names(node: Node) -> frozenset[str]:
    """What the element itself brings: `due` of the task a timer sits on, the item of several at once."""
    several = node.xml.find(bpmn("multiInstanceLoopCharacteristics"))
    item = several.find(bpmn("inputDataItem")) if several is not None else None
    brought = {"due"} if node.tag == "boundaryEvent" else set()
    return frozenset(brought | ({item.get("name") or item.get("id", "")} if item is not None else set()))


def _uses(node: Node, context: Context) -> Iterator[Use]:
    for flow in node.outgoing:
        if flow.has_condition:
            # the answer of the task before it has come in by then, so it is the gateway that reads
            yield from _use(flow.flow_id, "conditionExpression", flow.condition)
    yield from _use(node.node_id, "duban:dueDate", own(node, "dueDate"))
    inputs = {item.get("name", ""): item.get("expression", "") for item in node.xml.iter(duban("input"))}
    if node.tag not in EMBEDDED:
        for text in inputs.values():
            yield from _use(node.node_id, "inputs", text)
        for timer in node.xml.iter(bpmn("timeDate")):
            yield from _use(node.node_id, "timeDate", text_of(timer))
        for several in node.xml.iter(bpmn("multiInstanceLoopCharacteristics")):
            for child in several:
                if local(child) in ("loopDataInputRef", "loopCardinality"):
                    yield from _use(node.node_id, "multiInstanceLoopCharacteristics", text_of(child))
    decision = context.decisions.get(own(node, "decisionRef")) if node.tag == "businessRuleTask" else None
    for text in decision.inputs if decision is not None else ():
        for use in _use(node.node_id, "duban:decisionRef", text):
            yield Use(use.where, use.property, use.names - set(inputs), use.optional - set(inputs))


def _use(where: str, property: str, text: str) -> Iterator[Use]:
    if not text:
        return
    try:
        names, every = required_names(text), names_of(text)
    except ExpressionError:
        return  # told by `expression-readable`
    if every:
        yield Use(where, property, names, every - names)
