import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compileSpecFile } from './spec-file.js';
import { walk } from './test/walk.js';

const program = compileSpecFile({
  arch: 'x86_64',
  path: 'b/config.json',
  content: '{}\n',
});
const find = (kind: string) => program.tracks[0]?.actions.find(one => one.operation.kind === kind);
const linesOf = (kind: string) => find(kind)?.lines ?? [];

test('it is written once, never over another', () => {
  const whole = program.tracks[0]?.actions.flatMap(one => one.lines) ?? [];
  const taken = walk(whole, { call: name => (name === 'openat' ? 'EEXIST' : 0) });
  assert.is(taken.end, 'failed EEXIST');
  assert.equal(
    taken.calls.map(call => call.slice(0, call.indexOf('('))),
    ['openat'],
  );
  const written = walk(whole, { call: name => ({ openat: 5, write: 3 })[name] ?? 0 });
  assert.is(written.end, 'exit 0');
  assert.match(written.calls.join(), /^openat\(-100, b\/config\.json, \d+, 420\).*write\(5, .*close\(5\)$/);
  assert.is(walk(linesOf('create-file'), { call: () => 'ENOENT' }).end, 'failed ENOENT');
});

test('half of it does not stay, and what was there before does', () => {
  assert.is(
    walk(linesOf('write-file'), { call: name => (name === 'write' ? 'ENOSPC' : 0) }).end,
    'failed ENOSPC',
  );
  const undone = walk(find('refuse-existing-file')?.undo ?? [], {}).calls;
  assert.equal(undone, ['unlinkat(-100, b/config.json, 0)']);
  // An action that has failed is not taken back itself.
  assert.equal([find('create-file')?.undo, find('write-file')?.undo], [[], []]);
});

test.run();
