// The choice of the hit policy, with the two that the engine has. Takes the place of dmn-js' own, which offers seven.

import { Component, createVNode } from 'inferno';

import { say } from '../../words.js';

const POLICIES = {
  UNIQUE: () => say('唯一：只能有一行适用', 'Unique: one row fits, never two'),
  FIRST: () => say('首个：取第一行适用的', 'First: the first row that fits'),
};

class HitPolicy extends Component {
  render() {
    const { injector } = this.context;
    const table = injector.get('sheet').getRoot();
    const policy = table.businessObject.hitPolicy ?? 'UNIQUE';
    const offered = policy in POLICIES ? Object.keys(POLICIES) : [...Object.keys(POLICIES), policy];
    const options = offered.map((each) => createVNode(1, 'option', null, POLICIES[each]?.() ?? say(`${each}（不支持）`, `${each} (not run)`), 0, { value: each, selected: each === policy }));
    const change = (event) => {
      injector.get('modeling').editHitPolicy(event.target.value, undefined);
      this.forceUpdate();
    };
    const label = say('命中策略', 'Hit policy');
    const select = createVNode(256, 'select', 'table-editor__policy', options, 0, { value: policy, onChange: change, 'aria-label': label });
    return createVNode(1, 'div', 'hit-policy', [createVNode(1, 'label', 'dms-label', label, 0), select], 4);
  }
}

class HitPolicyProvider {
  constructor(components) {
    components.onGetComponent('hit-policy', () => HitPolicy);
  }
}
HitPolicyProvider.$inject = ['components'];

export const OurHitPolicies = {
  __init__: ['hitPolicyProvider'],
  hitPolicyProvider: ['type', HitPolicyProvider],
};
