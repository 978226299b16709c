import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isContainerId } from './container-id.js';

test('ids of Podman and Slurm are taken', () => {
  for (const id of ['a', 'node1.alice.42.0.-1', 'A_b+c-d.e', '0'.repeat(64), 'x'.repeat(255)])
    assert.ok(isContainerId(id), id);
});

test('what could leave the state root, or is no name, is not', () => {
  for (const id of ['', '.', '..', '.a', 'a/b', '../a', 'a b', 'a\n', 'ä', 'a\0', 'x'.repeat(256)]) {
    assert.not.ok(isContainerId(id), id);
  }
});

test.run();
