/** The compiler is one executable (`make bun`), and that is missing or damaged: a cold start is one line, and a service that runs goes on. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  constants,
  copyFileSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { servicePlace, who } from '../../serve/test/place.js';

const build = join(process.cwd(), 'build');
const engine = join(build, 'engine-test/one-executable');
const compiler = join(build, 'engine-test/one-compiler');
const { directory, place } = servicePlace('one-executable');
const env = { XDG_RUNTIME_DIR: directory };
chmodSync(directory, 0o755);
writeFileSync(join(directory, 'config.json'), '{}', { mode: 0o644 });
const starts = [
  ['create', '--bundle', directory, 'x'],
  ['run', '--bundle', directory, 'x'],
  ['exec', 'x', 'true'],
] as const;

function call(args: readonly string[]): { readonly status: number | null; readonly err: string } {
  const { status, stderr } = spawnSync(engine, args, {
    cwd: '/',
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    ...who,
  });
  return { status, err: stderr };
}

/** Each fails with this line. */
function fail(words: string): void {
  for (const args of starts)
    assert.equal(call(args), { status: 1, err: `chos-runtime: the compiler ${words}\n` }, args[0]);
  assert.equal(readdirSync(place), []);
}

const cannot = (words: string): string => `failed: cannot start ${compiler}: ${words}`;

function put(): void {
  rmSync(compiler, { recursive: true, force: true });
  copyFileSync(join(build, 'bun/chos-compiler'), compiler, constants.COPYFILE_FICLONE);
}

/** A minute at most: the service is not waited for meanwhile. */
function until(so: () => boolean): void {
  const end = performance.now() + 60_000;
  while (!so()) assert.ok(performance.now() < end, 'the service does not answer');
}

test('a service goes on where it cannot be executed any more, and nothing else does', async () => {
  put();
  const service: ChildProcess = spawn(engine, ['serve'], { cwd: '/', env, stdio: 'ignore', ...who });
  const ended = new Promise(resolve => service.on('close', resolve));
  try {
    until(() => call(['--debug', 'list']).err === '');
    chmodSync(compiler, 0o644);
    // One that is late is compiled cold, which cannot be.
    until(() => call(['list']).status === 0);
    const [create] = starts;
    until(() => call(create).err.includes('ociVersion is required'));
  } finally {
    service.kill('SIGTERM');
    await ended;
  }
  fail(cannot('Permission denied'));
});

test('one that is cut off, or something else, is one line', () => {
  chmodSync(compiler, 0o755);
  const { size } = statSync(compiler);
  truncateSync(compiler, size - 1_000_000);
  for (const args of starts) {
    const { status, err } = call(args);
    assert.is(status, 1);
    assert.match(err, /^chos-runtime: the compiler [^\n]+\n$/, args[0]);
  }
  truncateSync(compiler, size >> 1);
  fail(
    `ended without an answer: not all of ${compiler} can be read: it was cut off, its disk fails, or a tmpfs is full`,
  );
  for (const length of [100, 0]) {
    truncateSync(compiler, length);
    fail(cannot('Exec format error'));
  }
  writeFileSync(compiler, '#!/bin/true\n');
  fail('ended without an answer');
  rmSync(compiler);
  fail(cannot('No such file or directory'));
  mkdirSync(compiler);
  fail(cannot('Permission denied'));
});

test.after(() => {
  rmSync(compiler, { recursive: true, force: true });
  rmSync(directory, { recursive: true });
});
test.run();
