import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Preparation } from '../../spec/environment.js';
import { compileDrain } from './drain.js';
import { compilePrepare } from './prepare.js';
import { walk } from './test/walk.js';

const work = JSON.parse(readFileSync('runtime/compile/golden/tree-prepare/work.json', 'utf8')) as Preparation;

function prepared(kind: string) {
  const program = compilePrepare({ ...work, arch: 'x86_64', unfinished: ['debian12@5'] });
  return program.tracks[0]?.actions.find(one => one.operation.kind === kind)?.lines ?? [];
}

test('what a command left unfinished goes, what was finished meanwhile stays', () => {
  const cleared = (record: boolean) =>
    walk(prepared('clear-unfinished-pin'), {
      call: name => (name === 'faccessat2' && !record ? 'ENOENT' : 0),
    }).calls.some(call => call.startsWith('umount2'));
  assert.is(cleared(false), true);
  assert.is(cleared(true), false);
});

test('a generation that another command has made is told of, and nothing more', () => {
  const lines = prepared('print-result');
  const texts = walk(lines, {}).calls;
  assert.is(texts.length, 1);
  const complete = lines.findIndex(line => line.kind === 'label');
  assert.match(walk(lines.slice(complete), {}).calls[0] ?? '', /^write\(1, \S+@\d+ is prepared\\n, \d+\)$/);
});

test('a holder that has ended by the time it is waited for is no failure', () => {
  const program = compileDrain({
    arch: 'x86_64',
    holders: [77],
    milliseconds: null,
    records: [],
    message: '',
  });
  const waiting = program.tracks[0]?.actions.find(one => one.operation.kind === 'await-holder')?.lines ?? [];
  const ended = walk(waiting, { call: () => 'ESRCH' });
  assert.equal([ended.calls, ended.end], [['pidfd_open(77, 0)'], 'through']);
  assert.equal(
    walk(waiting, {}).calls.map(call => call.slice(0, call.indexOf('('))),
    ['pidfd_open', 'wait', 'close'],
  );
});

test.run();
