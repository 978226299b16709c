import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ContainerState } from '../../spec/records/state.js';
import { readArguments } from './arguments.js';
import { findContainer } from './find-container.js';
import { CONTAINERS } from './known.js';
import { ownRequest } from './own-request.js';

const root = mkdtempSync(join(tmpdir(), 'chos-find-'));
chmodSync(root, 0o700);

function write(id: string, bundle: string): void {
  mkdirSync(join(root, id), { recursive: true, mode: 0o700 });
  const state = { pid: 0, pidStart: 0, id, bundle, created: '2026-01-02T03:04:05Z' };
  writeFileSync(join(root, id, 'state.json'), JSON.stringify(state), { mode: 0o600 });
}

function stateOf(id: string): ContainerState {
  const read = readArguments(['exec', id, 'true']);
  if (read.kind !== 'command') throw new Error(JSON.stringify(read));
  const found = findContainer({ request: ownRequest([]), line: read.line, root }, 'exec in');
  if (found.kind === 'failure') throw new Error(JSON.stringify(found));
  return found.value.state;
}

test('a state is not read anew as long as its bytes are the same', () => {
  write('a', '/one');
  write('b', '/two');
  const first = stateOf('a');
  assert.is(stateOf('b').bundle, '/two');
  assert.is(stateOf('a'), first);
  for (let i = 2; i < CONTAINERS; i++) {
    write(`of-${i}`, '/one');
    stateOf(`of-${i}`);
  }
  assert.is(stateOf('a'), first, 'however many others there are');
  write('a', '/new');
  assert.is(stateOf('a').bundle, '/new');
  write('a', '/one');
  assert.is(stateOf('a').bundle, '/one');
});

test('the bytes of one container are none of another', () => {
  write('a', '/one');
  stateOf('a');
  writeFileSync(
    join(root, 'b', 'state.json'),
    JSON.stringify({ pid: 0, id: 'a', bundle: '/one', created: '' }),
  );
  assert.throws(() => stateOf('b'), /bad-state/);
});

test.after(() => rmSync(root, { recursive: true }));
test.run();
