"""A task that would be done tens of thousands of times opens none: the case stands still and an incident says why."""

from scenario import Scenario
from versions import deploy, text

from engine.domain.actor import SYSTEM

MANY = (
    '<bpmn:userTask id="tell_all" name="逐一告知" duban:formKey="survey_site" duban:candidateGroups="officer@area">'
    "<bpmn:incoming>to_survey_site_reminded</bpmn:incoming><bpmn:outgoing>to_all_told</bpmn:outgoing>"
    "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>1 + 60000</bpmn:loopCardinality>"
    "</bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>"
    '<bpmn:sequenceFlow id="to_all_told" sourceRef="tell_all" targetRef="survey_site_reminded"/>'
)
SHAPES = (
    '<bpmndi:BPMNShape id="tell_all_di" bpmnElement="tell_all"><dc:Bounds x="2000" y="2000" width="100" height="80"/>'
    '</bpmndi:BPMNShape><bpmndi:BPMNEdge id="to_all_told_di" bpmnElement="to_all_told"><di:waypoint x="2100" y="2040"/>'
    '<di:waypoint x="2200" y="2040"/></bpmndi:BPMNEdge>'
)


def test_a_step_that_would_open_sixty_thousand_tasks_is_an_incident(scenario: Scenario) -> None:
    diagram = text("survey")
    for old, new in (
        ('<bpmn:endEvent id="survey_site_reminded"', f'{MANY}<bpmn:endEvent id="survey_site_reminded"'),
        ("<bpmn:incoming>to_survey_site_reminded</bpmn:incoming>\n    </bpmn:endEvent>",
         "<bpmn:incoming>to_all_told</bpmn:incoming>\n    </bpmn:endEvent>"),
        ('targetRef="survey_site_reminded" />', 'targetRef="tell_all" />'),
        ("</bpmndi:BPMNPlane>", f"{SHAPES}</bpmndi:BPMNPlane>"),
    ):  # fmt: skip
        assert diagram.count(old) == 1, old
        diagram = diagram.replace(old, new)
    deploy(scenario, "survey", diagram)
    [case] = scenario.register()

    scenario.until("2024-05-27 09:00")  # the reminder was due on 05-22

    [found] = scenario.engine.read.incidents(SYSTEM)
    assert (found.case_id, found.element_id) == (case, "survey_site_remind")
    assert (
        "survey:tell_all" in found.message and "gives 60001; it must be a whole number from 0 to 500" in found.message
    )
    assert [task.element_id for task in scenario.tasks(case)] == ["survey_site"]
    assert scenario.engine.read.violations() == ()
