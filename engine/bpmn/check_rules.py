"""Every rule of the check: its name, how grave it is, what it says and why. One source for deploying, the studio,
`duban check` and docs/process-dialect.md. Names in use at bpmnlint are used for the same thing here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ERROR, WARNING, INFO = "error", "warning", "info"


@dataclass(frozen=True)
class Rule:
    """`property` is what an editor opens for it: an attribute (`duban:formKey`), a child element (`timeDate`), the
    `inputs` of a job or one of them (`input:kind`); empty where the place itself is wrong.

    Only errors forbid the deployment.
    """

    name: str
    severity: str
    says: str
    why: str
    property: str = ""


_ALL: Final = (
    # -- the folder and the file
    Rule("one-diagram", ERROR, "a folder holds one .bpmn file", "a definition is one process"),
    Rule("document-readable", ERROR, "well-formed XML, no DOCTYPE, at most 2 MB", "nothing outside the file is read"),
    Rule("bpmn-schema", ERROR, "the file follows the BPMN 2.0 schema", "other tools must be able to open it"),
    Rule("check-finished", ERROR, "the check came to its end", "a fault of the check is told, not hidden"),
    Rule("too-large", ERROR, "at most 300 elements and 600 flows in a process or subprocess",
         "the engine walks a chain by recursion, the check follows every flow"),
    Rule("one-process", ERROR, "a file holds one process", "a definition is one process"),
    Rule("process-key", ERROR, "process id and file name are the same", "calls and cases name the process by it", "id"),
    Rule("process-executable", ERROR, "the process is executable", "it says that it is meant to run", "isExecutable"),
    Rule("engine-subset", ERROR, "only elements that the engine runs", "what is drawn must be what happens"),
    Rule("no-inclusive-gateway", ERROR, "no inclusive gateway", "it waits for branches that never come"),
    Rule("no-complex-gateway", ERROR, "no complex gateway", "nobody can say when it passes"),
    Rule("ad-hoc-sub-process", ERROR, "no ad-hoc subprocess", "the order of an office is drawn"),
    Rule("link-event", ERROR, "no link events", "the process would end at the throwing one"),
    # -- ids and references
    Rule("unique-ids", ERROR, "every id is used once", "tokens, answers and comments are kept by id", "id"),
    Rule("id-present", ERROR, "every element has an id", "nothing can be kept without one", "id"),
    Rule("id-wellformed", ERROR, "ids of letters, digits, _ . -, not reserved", "the engine adds its own names", "id"),
    Rule("dangling-reference", ERROR, "what is referred to exists and is of the right kind", "the engine would stop"),
    Rule("doubled-reference", ERROR, "nothing is referred to twice", "tools disagree on what it means"),
    Rule("incoming-outgoing-agree", ERROR, "incoming and outgoing say what the flows say", "tools read either"),
    Rule("message-flow-ends", ERROR, "a message flow joins two pools", "in one process it is a sequence flow"),
    Rule("global", WARNING, "every message, signal, error is used", "left-over definitions mislead"),
    # -- flow
    Rule("flow-ends", ERROR, "a flow has two ends", "half a flow leads nowhere"),
    Rule("flow-within-scope", ERROR, "a flow stays in its process and subprocess", "tokens cannot cross a border"),
    Rule("wrong-way-flow", ERROR, "nothing leads into starts and boundary events or out of ends", "it never runs"),
    Rule("start-event-required", ERROR, "there is a start event", "nothing would begin"),
    Rule("single-blank-start-event", ERROR, "there is only one start event", "the engine starts at one place"),
    Rule("sub-process-blank-start-event", ERROR, "a subprocess starts plainly", "it is entered by its flow alone"),
    Rule("end-event-required", ERROR, "there is an end event", "a case must be able to end"),
    Rule("no-implicit-start", ERROR, "only start events begin", "an element that nothing leads to never runs"),
    Rule("no-implicit-end", ERROR, "only end events end", "a token would stand there for ever"),
    Rule("no-disconnected", ERROR, "everything is connected", "a lonely element never runs"),
    Rule("reachable-from-start", ERROR, "everything can be reached", "an element that is not reached never runs"),
    Rule("reachable-end", ERROR, "an end can be reached from everywhere", "no case may go round for ever"),
    Rule("no-implicit-split", ERROR, "only gateways split", "readers take it for a choice"),
    Rule("no-duplicate-sequence-flows", ERROR, "one flow between two elements", "the second would run it twice"),
    Rule("conditional-flows", ERROR, "conditions stand behind exclusive gateways, on every way but the default",
         "a way without one is never or always taken", "conditionExpression"),
    Rule("constant-condition", WARNING, "a condition asks for something, and for something else than its neighbours",
         "a way that is always or never taken is no decision", "conditionExpression"),
    Rule("default-flow", ERROR, "the default flow leaves its own exclusive gateway", "it would be ignored", "default"),
    Rule("default-flow-missing", WARNING, "a choice has a default", "when no condition holds, the case stops",
         "default"),
    Rule("event-based-gateway", ERROR, "two or more events behind it, at most one timer", "it waits for the first"),
    Rule("gateway-can-fire", ERROR, "a join gets all its tokens on every way", "it would wait for ever"),
    Rule("gateway-not-tried", WARNING, "all ways through the parallel gateways can be tried",
         "a join may wait for ever"),
    Rule("merge-runs-once", WARNING, "what a parallel gateway split, a parallel one joins", "what follows runs twice"),
    Rule("circle-can-end", ERROR, "a case goes round without a task only where a condition holds",
         "every case that comes there would stop"),
    Rule("circle-waits", WARNING, "in every circle something waits or decides anew", "a case that goes round it stops"),
    Rule("no-gateway-join-fork", WARNING, "a parallel gateway joins or forks", "readers see one of the two"),
    Rule("superfluous-gateway", WARNING, "a gateway has several ways in or out", "it does nothing"),
    Rule("superfluous-termination", WARNING, "a terminate end ends something besides itself", "a plain end will do"),
    # -- events
    Rule("single-event-definition", ERROR, "an event waits for one thing", "which of them came would be unknown"),
    Rule("event-has-definition", ERROR, "a waiting event says what for", "it would wait for ever"),
    Rule("boundary-host", ERROR, "a boundary event sits on a task, subprocess or call", "nothing else can be left"),
    Rule("message-exists", ERROR, "a message event names a message", "nothing could arrive", "messageRef"),
    Rule("message-sent", ERROR, "somebody sends the message", "it would wait for ever", "messageRef"),
    Rule("correlation-names", ERROR, "a correlation lists variables and stands on a message event",
         "a message finds its case by them", "duban:correlation"),
    Rule("milestone-exists", ERROR, "the milestone is known", "registers and reports count them", "duban:milestone"),
    # -- deadlines
    Rule("deadline-has-unit", ERROR, "a deadline says wd, d, wh or h and from when", "10 days are not 10 working days",
         "duban:dueDate"),
    Rule("deadline-has-basis", ERROR, "a deadline names its document and clause", "who is held to it may ask",
         "duban:basis"),
    Rule("basis-without-deadline", WARNING, "a basis has its deadline", "one of the two was forgotten",
         "duban:dueDate"),
    Rule("deadline-needs-milestone", ERROR, "only milestones set the due date of a case", "an event is over at once",
         "duban:dueDate"),
    Rule("timer-has-date", ERROR, "a timer takes one date", "durations do not know working days", "timeDate"),
    Rule("timer-needs-deadline", ERROR, "`due` is asked where the task has a deadline", "the timer could not be set",
         "timeDate"),
    Rule("timer-in-time", WARNING, "a reminder comes after its task", "it would come with the task itself", "timeDate"),
    Rule("timers-apart", WARNING, "timers on one task run out one after another", "nobody knows which comes first",
         "timeDate"),
    Rule("phase-exists", WARNING, "a phase that is counted from stands in a plan", "the case would stop there"),
    Rule("timer-has-owner", WARNING, "behind a timer somebody gets something", "time would run out unseen"),
    Rule("no-silent-timeout", WARNING, "who loses a task to a timer is told", "the case would end without a word"),
    Rule("escalation-target-exists", ERROR, "reminders, letters and started processes go to somebody known",
         "an escalation that nobody gets is none", "inputs"),
    Rule("closing-needs-acceptance", ERROR, "before `accepted` or `struck_off` somebody accepts",
         "no case is closed by a machine", "duban:milestone"),
    # -- tasks, jobs, decisions, calls
    Rule("form-exists", ERROR, "the form of a task lies in the folder", "there would be nothing to fill in",
         "duban:formKey"),
    Rule("candidate-group-exists", ERROR, "a task has groups role@place that exist", "nobody would see it",
         "duban:candidateGroups"),
    Rule("returnable-asks-outcome", ERROR, "behind a returnable task a gateway asks for `outcome`",
         "sending back would go on as if accepted", "duban:returnable"),
    Rule("separation-exists", ERROR, "`separateFrom` names other user tasks", "two persons would be one",
         "duban:separateFrom"),
    Rule("separation-elsewhere", WARNING, "a task named in `separateFrom` is in this process or known",
         "a slip of the pen would go unseen", "duban:separateFrom"),
    Rule("separation-which", WARNING, "a task in `separateFrom` is in one process of the case, or is named with it",
         "who did its namesake is kept away as well", "duban:separateFrom"),
    Rule("multi-instance", ERROR, "several at once says for which list and what each is called",
         "nobody would know how often", "multiInstanceLoopCharacteristics"),
    Rule("job-kind-known", ERROR, "the job kind is registered", "no worker would do it", "duban:jobKind"),
    Rule("job-input", ERROR, "inputs are named once, required ones are there", "the job would fail", "inputs"),
    Rule("letter-kind-exists", ERROR, "the kind of letter exists", "no letter could be made", "input:kind"),
    Rule("decision-exists", ERROR, "the decision lies in the folder or is the campaign's", "nothing could be decided",
         "duban:decisionRef"),
    Rule("refusal-columns", ERROR, "a refusing table has its three columns", "who is refused must read why",
         "duban:refusal"),
    Rule("called-process-exists", ERROR, "the called process is deployed", "the case would stop", "calledElement"),
    Rule("call-circle", ERROR, "no process calls itself, nor through others", "the case would never end",
         "calledElement"),
    Rule("expression-readable", ERROR, "expressions are in our language", "they are read here, not at run time"),
    Rule("variable-defined-before-use", WARNING, "what is read was given at the start or set before",
         "the case would stop at a missing value"),
    Rule("answer-possible", WARNING, "what an answer is compared with is a choice of its form",
         "a way that nobody can take is no way", "conditionExpression"),
    Rule("duban-attribute-known", ERROR, "our attributes stand where they mean something", "a slip would go unseen"),
    # -- what other tools wrote
    Rule("foreign-setting", WARNING, "settings of other engines have no effect", "what to do instead is said"),
    Rule("foreign-decoration", INFO, "colours and editor data of other tools are kept", "they change nothing"),
    # -- the drawing and the words
    Rule("no-bpmndi", WARNING, "everything that runs is drawn", "people read the drawing"),
    Rule("drawing-points-nowhere", INFO, "every shape draws something", "editors drop what draws nothing"),
    Rule("no-overlapping-elements", WARNING, "no shape lies on another", "one of them cannot be seen"),
    Rule("label-required", WARNING, "everything has a name", "lists and letters show it", "name"),
    Rule("no-personal-data-in-name", WARNING, "no identity card or phone number in the diagram",
         "diagrams are seen by everybody and kept for ever", "name"),
    # -- the files beside
    Rule("decision-readable", ERROR, "a decision table can be read and run", "nothing could be decided"),
    Rule("decision-id-unique", ERROR, "a decision is in one file", "it would be unknown which one speaks"),
    Rule("campaign-table", ERROR, "a table of the campaign answers what a ladder may say", "no rung could be climbed"),
    Rule("form-readable", ERROR, "a form is JSON with components", "there would be nothing to fill in"),
    Rule("form-keys", ERROR, "every field has its own key", "one answer would overwrite another"),
    Rule("form-usable", ERROR, "every component can be shown and answered", "nobody could send the form"),
    Rule("form-hint", WARNING, "a form has nothing that is left unused", "it would look as if it worked"),
    Rule("letter-template", ERROR, "a letter template can be filled in and set", "no letter could be made"),
    Rule("walk-readable", WARNING, "a walk is TOML with steps that can be done", "what cannot run proves nothing"),
    Rule("walk-expects", WARNING, "a walk says what it leads to", "what expects nothing proves nothing"),
    Rule("walk-answers", WARNING, "a walk hands in what the form of the task could", "nobody could walk like this"),
)  # fmt: skip

RULES: Final[Mapping[str, Rule]] = {rule.name: rule for rule in _ALL}
