// Teaching mode: the diagram as it stands, in a viewer of its own, with tokens that a person sends along. Loaded when
// it is first wanted. The library's log, notes and lists put names into markup and are left out: names of a diagram
// are anybody's text.

import 'bpmn-js-token-simulation/assets/css/bpmn-js-token-simulation.css';

import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import AnimationModule from 'bpmn-js-token-simulation/lib/animation';
import ContextPadsModule from 'bpmn-js-token-simulation/lib/features/context-pads';
import ElementColorsModule from 'bpmn-js-token-simulation/lib/features/element-colors';
import ExclusiveGatewayModule from 'bpmn-js-token-simulation/lib/features/exclusive-gateway-settings';
import InclusiveGatewayModule from 'bpmn-js-token-simulation/lib/features/inclusive-gateway-settings';
import NeutralColorsModule from 'bpmn-js-token-simulation/lib/features/neutral-element-colors';
import PaletteModule from 'bpmn-js-token-simulation/lib/features/palette';
import PauseModule from 'bpmn-js-token-simulation/lib/features/pause-simulation';
import ResetModule from 'bpmn-js-token-simulation/lib/features/reset-simulation';
import ScopeFilterModule from 'bpmn-js-token-simulation/lib/features/scope-filter';
import SpeedModule from 'bpmn-js-token-simulation/lib/features/set-animation-speed';
import SimulatorModule from 'bpmn-js-token-simulation/lib/simulator';

import { element, fit } from '../../frame.js';
import words, { isChinese, say } from '../../words.js';
import { chineseForSimulation } from '../../words/zh.js';
import { Tokens } from './tokens.js';

const TOGGLE = 'tokenSimulation.toggleMode';

/** Opens over the editor and shows `xml`; `onClose` is told when the person has seen enough. */
export async function simulate(host, xml, { moddleExtensions, onClose }) {
  const stage = element('section', 'studio-simulation');
  stage.setAttribute('aria-label', say('走一遍', 'Token simulation'));
  const canvas = element('div', 'studio-simulation__canvas');
  const bar = element('div', 'studio-simulation__bar');
  const note = element('p', 'studio-simulation__note', say('点开始事件旁的 ▶ 放出一枚令牌；点网关旁的箭头选走哪一条。', 'Press ▶ at the start event to send a token; press the arrow at a gateway to choose the way.'));
  const close = element('button', 'button button--small', say('回到编辑', 'Back to editing'));
  close.type = 'button';
  const said = element('p', 'studio-simulation__said');
  said.setAttribute('role', 'status');
  bar.append(note, said, close);
  stage.append(bar, canvas);
  host.append(stage);

  const viewer = new NavigatedViewer({ container: canvas, moddleExtensions, additionalModules: [words, simulationOf(said)] });
  const leave = () => {
    viewer.destroy();
    stage.remove();
    onClose();
  };
  close.addEventListener('click', leave);
  translateWithin(canvas);
  await viewer.importXML(xml);
  fit(viewer.get('canvas'), 60);
  canvas.classList.add('simulation');
  viewer.get('eventBus').fire(TOGGLE, { active: true });
  close.focus();
  return { leave, viewer };
}

function simulationOf(said) {
  const tell = ({ text }) => (said.textContent = isChinese ? (chineseForSimulation(text) ?? text) : text);
  return {
    __depends__: [
      SimulatorModule,
      AnimationModule,
      ElementColorsModule,
      ScopeFilterModule,
      ContextPadsModule,
      PaletteModule,
      PauseModule,
      ResetModule,
      SpeedModule,
      ExclusiveGatewayModule,
      NeutralColorsModule,
      InclusiveGatewayModule,
    ],
    __init__: ['simulationTokens'],
    notifications: ['value', { showNotification: tell, clear() {} }],
    simulationTokens: ['type', Tokens],
  };
}

/** The library's buttons carry English titles; they are made as tokens pass, so the stage is watched. */
function translateWithin(stage) {
  if (!isChinese) {
    return;
  }
  const translate = (button) => {
    const chinese = chineseForSimulation(button.title);
    if (chinese) {
      button.title = chinese;
      button.setAttribute('aria-label', chinese);
    }
  };
  new MutationObserver(() => stage.querySelectorAll('[class*="bts-"][title]').forEach(translate)).observe(stage, { childList: true, subtree: true });
}
