// What the rules of bpmnlint say, in Chinese, and what to do about it in both languages. By message, since one rule may say several things.

const SAYS = [
  [/^A <Start Event> is not allowed in/, '临时子流程里不能有开始事件'],
  [/^An <End Event> is not allowed in/, '临时子流程里不能有结束事件'],
  [/^Conditional event is missing a condition/, '条件事件没有写条件'],
  [/^Sequence flow is missing condition/, '这条连线没有写条件'],
  [/is missing end event$/, '没有结束事件'],
  [/must have at least 2 outgoing/, '事件网关至少要有两条出线'],
  [/outgoing from an <Event-based Gateway> must not be conditional/, '事件网关的出线不能写条件'],
  [/^Start event is missing event definition/, '事件子流程的开始事件没有写明等什么'],
  [/^Incoming flows do not join/, '几条进线没有先汇合'],
  [/^Element is missing name/, '没有名称'],
  [/^Element is unused/, '定义了却没有使用'],
  [/^Element name is not unique/, '名称重复'],
  [/^Element type </, '不宜使用这种元素'],
  [/^Element is missing label\/name/, '没有写名称'],
  [/^Link event is missing link name/, '链接事件没有写链接名称'],
  [/^Link .*event with link name .* missing in scope/, '链接没有对应的另一头'],
  [/^Duplicate link catch event/, '同名的链接进入事件多于一个'],
  [/^Element is missing bpmndi/, '没有画在图上'],
  [/^Element is not connected/, '没有连线'],
  [/^SequenceFlow is a duplicate/, '与另一条连线重复'],
  [/^Duplicate outgoing sequence flows/, '出线重复'],
  [/^Duplicate incoming sequence flows/, '进线重复'],
  [/^Gateway forks and joins/, '一个网关又汇合又分支'],
  [/^Element is an implicit end/, '到这里就断了，没有结束事件'],
  [/^Flow splits implicitly/, '几条出线没有经过网关'],
  [/^Element is an implicit start/, '没有进线，也不是开始事件'],
  [/^Element overlaps with other element/, '与别的元素重叠'],
  [/^Element is outside of parent boundary/, '超出了所在的框'],
  [/has multiple blank start events$/, '有不止一个普通的开始事件'],
  [/^Event has multiple event definitions/, '一个事件等着几样事'],
  [/is missing start event$/, '没有开始事件'],
  [/^Start event must be blank/, '子流程的开始事件必须是普通的'],
  [/^Gateway is superfluous/, '这个网关一进一出，是多余的'],
  [/superfluous label/, '这条连线不必写名称'],
  [/^Termination is superfluous/, '不必用终止事件，普通的结束事件就够了'],
  [/non-standard (width|height|size)/, '大小与同类元素不同'],
];

// Rule → what to do, Chinese and English.
const TO_DO = {
  'ad-hoc-sub-process': ['改用普通的子流程', 'Use an ordinary sub-process'],
  'conditional-flows': ['写上条件，或者把它设为默认连线', 'Write its condition, or make it the default flow'],
  'end-event-required': ['在最后一步之后接上结束事件', 'Append an end event to the last step'],
  'event-based-gateway': ['给每个等待的事件接一条没有条件的出线', 'Give each awaited event a flow without condition'],
  'fake-join': ['先接一个网关，再接这一步', 'Put a gateway before this step'],
  global: ['写上名称，或者删去没有使用的', 'Give it a name, or remove what is not used'],
  'label-required': ['写上名称，让办事的人看得懂', 'Write a name that the office understands'],
  'link-event': ['直接用连线连过去', 'Draw a flow instead'],
  'no-bpmndi': ['在图上放置这个元素，或者删去它', 'Place this element in the diagram, or remove it'],
  'no-disconnected': ['连上前后的步骤，或者删去它', 'Connect it, or remove it'],
  'no-duplicate-sequence-flows': ['删去多出来的那条', 'Remove one of them'],
  'no-gateway-join-fork': ['分成两个网关：先汇合，再分支', 'Use two gateways: one joins, one forks'],
  'no-implicit-end': ['接上下一步或者结束事件', 'Append the next step or an end event'],
  'no-implicit-split': ['先接一个网关，再分成几路', 'Put a gateway where the ways part'],
  'no-implicit-start': ['从前一步连到这里，或者改成开始事件', 'Draw a flow to it, or make it a start event'],
  'no-overlapping-elements': ['把它们移开', 'Move them apart'],
  'single-blank-start-event': ['只留一个开始事件', 'Keep one start event'],
  'single-event-definition': ['每个事件只等一样事', 'Let each event await one thing'],
  'start-event-required': ['放一个开始事件，连到第一步', 'Add a start event before the first step'],
  'superfluous-gateway': ['删去网关，直接连线', 'Remove the gateway and connect directly'],
  'superfluous-label': ['删去连线上的名称', 'Remove the name of the flow'],
  'superfluous-termination': ['改成普通的结束事件', 'Make it an ordinary end event'],
};
const TO_DO_ELSE = ['改用系统能办的元素（人工任务、自动任务、排他或并行网关、定时或消息事件）', 'Use what the system runs: user and service tasks, exclusive and parallel gateways, timer and message events'];

/** A message of bpmnlint in Chinese, or undefined. */
export function inChinese(message) {
  return SAYS.find(([pattern]) => pattern.test(message))?.[1];
}

/** What to do about a rule: `[zh, en]`. */
export function toDo(rule) {
  return TO_DO[rule] ?? TO_DO_ELSE;
}
