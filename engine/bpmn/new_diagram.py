"""The diagram that a new process begins with: drawn, valid, and with nothing to do yet."""

from xml.sax.saxutils import quoteattr

_DIAGRAM = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" \
xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" \
xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:duban="urn:duban:bpmn" \
id="definitions_{key}" targetNamespace="urn:duban:processes">
  <bpmn:process id="{key}" name={name} isExecutable="true">
    <bpmn:startEvent id="{key}_begins" name="开始">
      <bpmn:outgoing>to_{key}_ends</bpmn:outgoing>
    </bpmn:startEvent>
    <bpmn:endEvent id="{key}_ends" name="结束">
      <bpmn:incoming>to_{key}_ends</bpmn:incoming>
    </bpmn:endEvent>
    <bpmn:sequenceFlow id="to_{key}_ends" sourceRef="{key}_begins" targetRef="{key}_ends" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram_{key}">
    <bpmndi:BPMNPlane id="plane_{key}" bpmnElement="{key}">
      <bpmndi:BPMNShape id="{key}_begins_shape" bpmnElement="{key}_begins">
        <dc:Bounds x="160" y="142" width="36" height="36" />
        <bpmndi:BPMNLabel><dc:Bounds x="167" y="185" width="22" height="14" /></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="{key}_ends_shape" bpmnElement="{key}_ends">
        <dc:Bounds x="432" y="142" width="36" height="36" />
        <bpmndi:BPMNLabel><dc:Bounds x="439" y="185" width="22" height="14" /></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="to_{key}_ends_edge" bpmnElement="to_{key}_ends">
        <di:waypoint x="196" y="160" />
        <di:waypoint x="432" y="160" />
      </bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""


def new_diagram(key: str, title: str) -> bytes:
    """`key` is a key that folders may have; `title` is any text that XML can hold, other characters are left out."""
    plain = "".join(character for character in title if character.isprintable())
    return _DIAGRAM.format(key=key, name=quoteattr(plain)).encode()
