/** What becomes of a message for a socket that does not take it: the run goes on, and holds no descriptor more. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AT_FDCWD } from '../../../spec/kernel.js';
import { results, scratch } from '../../engine/test/engine.js';
import { type Slot, slot, text } from '../../program/operand.js';
import { type Line, move, sys } from '../../program/step.js';
import { sendDatagram } from './unix-socket.js';

const lowestFree = (to: Slot): readonly Line[] => [
  sys('openat', [AT_FDCWD, text('/dev/null'), 0, 0], { to }),
  sys('close', [to]),
];

/** Whether it was heard, and how many descriptors are open now that were not before. */
function sent(name: string): string {
  const [path, size, unheard] = [slot('path'), slot('size', 1), slot('unheard')];
  const [before, after] = [slot('before'), slot('after')];
  return results(
    [
      ...lowestFree(before),
      move(path, text(name)),
      ...sendDatagram(1, path, text('x'), size, [move(unheard, 1)]),
      ...lowestFree(after),
    ],
    [unheard, before, after],
  );
}

const bind = 'import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1])';

test('a socket that cannot be had', () => {
  const deserted = join(scratch, 'deserted');
  execFileSync('python3', ['-c', bind, deserted]);
  const loop = join(scratch, 'loop');
  symlinkSync(loop, loop);
  for (const name of [
    join(scratch, 'missing'),
    deserted,
    loop,
    scratch,
    '/dev/null/x',
    'vsock:2:1',
    `@${process.pid}-nobody`,
    `/${'x'.repeat(107)}`,
    `/${'x'.repeat(5000)}`,
  ])
    assert.match(sent(name), /^1 (\d+) \1$/, name.slice(0, 120));
});

test('one of another kind, and one that takes it', async () => {
  const stream = join(scratch, 'stream');
  const server = createServer();
  await new Promise<void>(done => server.listen(stream, done));
  const toStream = sent(stream);
  server.close();
  assert.match(toStream, /^1 (\d+) \1$/);
  const taking = join(scratch, 'taking');
  const child = spawn('python3', ['-c', `${bind}; print('bound', flush=True); sys.stdin.read()`, taking]);
  await once(child.stdout, 'data');
  const toTaking = sent(taking);
  child.stdin.end();
  await once(child, 'exit');
  assert.match(toTaking, /^0 (\d+) \1$/);
});

test.run();
