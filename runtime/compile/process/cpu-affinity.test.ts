import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Action } from '../../program/action.js';
import { createLaunch } from '../launch/launch.js';
import { inputOf } from '../test/input.js';
import { cpuAffinity } from './cpu-affinity.js';

const titles = (actions: readonly Action[]): readonly string[] => actions.map(({ title }) => title);

function affinityOf(execCPUAffinity: object | undefined): readonly (readonly string[])[] {
  const { initial, final } = cpuAffinity(createLaunch(inputOf({ config: { process: { execCPUAffinity } } })));
  return [titles(initial), titles(final)];
}

test('nothing is asked for', () => {
  for (const none of [undefined, {}, { initial: '' }, { initial: '', final: '' }])
    assert.equal(affinityOf(none), [[], []]);
});

test('initial for the runtime, final for the command', () => {
  assert.equal(affinityOf({ initial: '0-1', final: '3' }), [['run on CPUs 0-1'], ['run on CPUs 3']]);
  assert.equal(affinityOf({ final: '3' }), [[], ['run on CPUs 3']]);
});

test('initial alone is lifted for the command', () => {
  assert.equal(affinityOf({ initial: '2' }), [['run on CPUs 2'], ['run on all CPUs of the container']]);
});

test.run();
