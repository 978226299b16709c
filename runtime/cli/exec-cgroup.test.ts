import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { failureText } from '../report/failure-text.js';
import { subCgroups } from './exec-cgroup.js';

const read = (...given: string[]): unknown => {
  const made = subCgroups(given);
  return made.kind === 'ok' ? made.value : failureText(made.failure);
};

test('a path, with or without controllers', () => {
  assert.equal(read('sub/', '/a//b', 'cpu,memory:c', 'd/e:f'), [
    { controllers: [], path: 'sub' },
    { controllers: [], path: 'a/b' },
    { controllers: ['cpu', 'memory'], path: 'c' },
    { controllers: [], path: 'd/e:f' },
  ]);
});

test('not out of the cgroup of the container', () => {
  for (const given of ['..', 'a/../..', 'cpu:../b'])
    assert.is(read(given), `option \`--cgroup\` takes [CONTROLLER:]PATH without .., not \`${given}\``);
});

test.run();
