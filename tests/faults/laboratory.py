"""A case that waits for the result of a laboratory: the shipped processes wait for nothing that a person may send."""

LAB_RESULT = "lab_result"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:duban="urn:duban:bpmn" id="definitions" targetNamespace="urn:duban:test">'
)
FILES = {
    "case_lifecycle.bpmn": (
        f'{HEAD}<bpmn:message id="lab" name="{LAB_RESULT}"/><bpmn:process id="case_lifecycle" name="送检"'
        ' isExecutable="true"><bpmn:startEvent id="begin" name="开始"/>'
        '<bpmn:intermediateCatchEvent id="result_came" name="结果送达">'
        '<bpmn:messageEventDefinition id="catch" messageRef="lab"/></bpmn:intermediateCatchEvent>'
        '<bpmn:userTask id="read_result" name="核对结果" duban:formKey="form" duban:candidateGroups="officer@area"/>'
        '<bpmn:endEvent id="finish" name="结束"/>'
        '<bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="result_came"/>'
        '<bpmn:sequenceFlow id="f2" sourceRef="result_came" targetRef="read_result"/>'
        '<bpmn:sequenceFlow id="f3" sourceRef="read_result" targetRef="finish"/>'
        "</bpmn:process></bpmn:definitions>"
    ).encode(),
    "form.form": (
        b'{"type": "default", "id": "form", "components": [{"type": "textfield", "key": "note", "label": "Note"}]}'
    ),
}
