"""What the properties and the parts of process files are called, in Chinese and English. What is not listed is shown by
its own name."""

from collections.abc import Mapping
from typing import Final

from engine.bpmn.difference_values import Words

PROPERTIES: Final[Mapping[str, Words]] = {
    "type": ("类型", "Type"),
    "name": ("名称", "Name"),
    "documentation": ("说明", "Documentation"),
    "scope": ("所在子流程", "Stands in"),
    # what our own attributes say
    "duban:formKey": ("表单", "Form"),
    "duban:candidateGroups": ("办理人", "Group"),
    "duban:dueDate": ("时限", "Deadline"),
    "duban:basis": ("依据", "Basis"),
    "duban:jobKind": ("自动办理", "Job"),
    "duban:decisionRef": ("决策表", "Decision table"),
    "duban:refusal": ("退回理由", "Refusal"),
    "duban:milestone": ("节点", "Milestone"),
    "duban:returnable": ("可退回", "May be sent back"),
    "duban:separateFrom": ("不得与之同一人", "Not the person of"),
    "duban:correlation": ("消息对应", "Correlation"),
    # flows and events
    "sourceRef": ("从", "From"),
    "targetRef": ("到", "To"),
    "conditionExpression": ("条件", "Condition"),
    "default": ("默认分支", "Default flow"),
    "branches": ("条件判断次序", "Order of conditions"),
    "attachedToRef": ("附着于", "Attached to"),
    "cancelActivity": ("到时中断", "Interrupts"),
    "isInterrupting": ("到时中断", "Interrupts"),
    "calledElement": ("调用的流程", "Calls"),
    "event": ("事件", "Event"),
    "timeDate": ("定时", "Timer"),
    "timeDuration": ("定时（时长）", "Timer (duration)"),
    "timeCycle": ("定时（循环）", "Timer (cycle)"),
    "messageRef": ("消息", "Message"),
    "signalRef": ("信号", "Signal"),
    "errorRef": ("错误", "Error"),
    "escalationRef": ("升级", "Escalation"),
    "multiInstanceLoopCharacteristics": ("逐项办理", "For each"),
    "isExecutable": ("可执行", "Executable"),
    "extension": ("扩展设置", "Extension"),
    "contents": ("内容", "Contents"),
    # decision tables
    "hitPolicy": ("命中规则", "Hit policy"),
    "label": ("标题", "Label"),
    "expression": ("取值", "Expression"),
    "typeRef": ("类型", "Type"),
    "position": ("次序", "Position"),
    "description": ("说明", "Description"),
    # forms
    "title": ("标题", "Title"),
    "titleEn": ("英文标题", "English title"),
    "labelEn": ("英文标题", "English label"),
    "descriptionEn": ("英文说明", "English description"),
    "validate.required": ("必填", "Required"),
    "validate.min": ("最小值", "At least"),
    "validate.max": ("最大值", "At most"),
    "validate.minLength": ("最少字数", "Shortest"),
    "validate.maxLength": ("最多字数", "Longest"),
    "validate.pattern": ("格式", "Pattern"),
    "conditional.hide": ("隐藏条件", "Hidden when"),
    "values": ("选项", "Options"),
    "rows": ("行", "Rows"),
    "group": ("所在分组", "In group"),
    "defaultValue": ("默认值", "Default"),
    # texts
    "text": ("文字", "Text"),
}
THINGS: Final[Mapping[str, Words]] = {
    "process": ("流程", "Process"),
    "sequenceFlow": ("连线", "Flow"),
    "messageFlow": ("消息流", "Message flow"),
    "message": ("消息", "Message"),
    "lane": ("泳道", "Lane"),
    "laneSet": ("泳道组", "Lanes"),
    "participant": ("泳池", "Pool"),
    "collaboration": ("协作", "Collaboration"),
    "textAnnotation": ("注释", "Annotation"),
    "association": ("注释连线", "Association"),
    "boundaryEvent": ("附着事件", "Boundary event"),
    "intermediateCatchEvent": ("等待事件", "Catching event"),
    "intermediateThrowEvent": ("中间事件", "Throwing event"),
    "eventBasedGateway": ("按事件分支", "Event gateway"),
    "complexGateway": ("复杂网关", "Complex gateway"),
    "scriptTask": ("脚本任务", "Script task"),
    "sendTask": ("发送任务", "Send task"),
    "receiveTask": ("接收任务", "Receive task"),
    "manualTask": ("线下任务", "Manual task"),
    "task": ("任务", "Task"),
    "transaction": ("事务子流程", "Transaction"),
    "adHocSubProcess": ("自由子流程", "Ad-hoc subprocess"),
    "dataObjectReference": ("数据对象", "Data object"),
    "dataObject": ("数据对象", "Data object"),
    "decision": ("决策表", "Decision table"),
    "input": ("条件列", "Input column"),
    "output": ("结果列", "Output column"),
    "rule": ("规则行", "Row"),
    "form": ("表单", "Form"),
    "field": ("字段", "Field"),
    "lines": ("文字", "Text"),
}
_INPUT: Final = "input."  # of a job: input.kind, input.to, …


def property_label(name: str) -> Words:
    """The name of a property; an input of a job bears its own."""
    if name.startswith(_INPUT):
        own = name.removeprefix(_INPUT)
        return f"参数 {own}", f"Input {own}"
    return PROPERTIES.get(name, (name, name))


def thing_label(kind: str) -> Words:
    return THINGS.get(kind, (kind, kind))
