/** The front door and a compiler that hangs, is killed, or is refused what it needs. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { scratch } from './engine.js';

const door = join(process.cwd(), 'build/engine-test/chos-runtime');
/** The same, but it waits 2 seconds for one that does nothing and 5 in all. */
const impatient = join(process.cwd(), 'build/engine-test/impatient');
/** It lets it have a second of work. */
const shortOfWork = join(process.cwd(), 'build/engine-test/short-of-work');
/** 256 MiB. */
const shortOfMemory = join(process.cwd(), 'build/engine-test/short-of-memory');

function refusal(file: string, args: readonly string[], shell = ''): string {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', `${shell} exec "$@"`, 'sh', file, ...args], {
    encoding: 'utf8',
    cwd: scratch,
    timeout: 60_000,
  });
  assert.equal([status, stdout], [1, '']);
  assert.is(stderr.split('\n').length, 2, stderr);
  return stderr.replace(/^chos-runtime: /, '').trim();
}

/** The pid that a compiler wrote as soon as it had begun. */
function begun(path: string): Promise<number> {
  return new Promise(done => {
    const look = (): void => {
      const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
      if (!text.endsWith('\n')) return;
      watcher.close();
      done(Number(text));
    };
    const watcher = watch(scratch, look);
    look();
  });
}

/** Neither running nor a zombie of ours: it has been killed, and whoever adopted it may not have waited for it yet. */
function ended(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

test('one that does nothing is ended, and the likely cause told', () => {
  const file = join(scratch, 'idle');
  assert.is(
    refusal(impatient, ['state', '--answer', 'hang', file]),
    'the compiler did nothing for 2 s and was ended: perhaps a share does not answer, or it is refused a thread or memory (pids or memory limit of the cgroup, ulimit)',
  );
  assert.ok(ended(Number(readFileSync(file, 'utf8'))));
});

test('one that comes to no end is ended', () => {
  assert.match(
    refusal(impatient, ['state', '--answer', 'doze']),
    /^the compiler did not come to an end in 5 s and was ended/,
  );
});

test('one that takes too much work is ended', () => {
  assert.is(
    refusal(shortOfWork, ['state', '--answer', 'spin']),
    'the compiler took more than 1 s of processor time and was ended',
  );
  assert.is(
    refusal(shortOfWork, ['create', '-f', '/dev/null', '--answer', 'spin']),
    'the compiler took more than 1 s of processor time and was ended: what it was given is too large (config.json, process.json or the registry)',
  );
});

test('one that takes too much memory is ended, one that takes much is not', () => {
  const file = join(scratch, 'grows');
  assert.is(
    refusal(shortOfMemory, ['state', '--answer', 'grow', file, '4000']),
    'the compiler took more than 256 MiB of memory and was ended',
  );
  assert.ok(ended(Number(readFileSync(file, 'utf8'))));
  const { status } = spawnSync(shortOfMemory, ['state', '--answer', 'grow', file, '100'], {
    timeout: 60_000,
  });
  assert.is(status, 0);
});

test('its memory is not looked at where /proc is that of another pid namespace, whose numbers are of others', () => {
  // The next one gets our number, and we have that much.
  const much = Buffer.alloc(300 << 20, 1);
  const numbered = 'echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid; shift; exec "$@"';
  const file = join(scratch, 'other-numbers');
  const { status, stderr } = spawnSync(
    'unshare',
    [
      ...['--user', '--map-root-user', '--pid', '--fork', '--kill-child'],
      ...['sh', '-c', numbered, 'sh', `${process.pid}`],
      ...[shortOfMemory, 'state', '--answer', 'grow', file, '100'],
    ],
    { encoding: 'utf8', timeout: 60_000 },
  );
  assert.equal([status, stderr], [0, '']);
  assert.is(readFileSync(file, 'utf8').trim(), `${process.pid}`);
  assert.is(much.length, 300 << 20);
});

test('a command that waits for others may have any memory', () => {
  const file = join(scratch, 'waits-large');
  const { status } = spawnSync(shortOfMemory, ['tree', '--answer', 'grow', file, '400'], { timeout: 60_000 });
  assert.is(status, 0);
});

test('a command that waits for others has no deadline', async () => {
  const file = join(scratch, 'waits');
  const child = spawn(impatient, ['tree', '--answer', 'late', file, '4'], { stdio: 'ignore' });
  const code = new Promise(done => child.once('exit', done));
  await begun(file);
  assert.is(await code, 0);
});

test('SIGTERM ends the command at once, and the compiler with it', async () => {
  const file = join(scratch, 'terminated');
  const child = spawn(door, ['state', '--answer', 'hang', file], { stdio: 'ignore' });
  const gone = new Promise(done => child.once('exit', (_, signal) => done(signal)));
  const pid = await begun(file);
  child.kill('SIGTERM');
  assert.is(await gone, 'SIGTERM');
  while (!ended(pid)) await new Promise(setImmediate);
});

/** A command that streams, with a compiler that takes `count` signals; its end, and what it wrote. */
async function tidying(file: string, count: number, how: { readonly door: string; readonly shell?: string }) {
  const path = join(scratch, file);
  const args = ['-c', `${how.shell ?? ''} exec "$@"`, 'sh', how.door, 'tree', '--answer', 'tidy', path];
  const child = spawn('sh', [...args, `${count}`], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (text += chunk));
  const end = new Promise<string>(done => child.once('close', (_, signal) => done(`${signal}: ${text}`)));
  return { child, end, path, compiler: await begun(path) };
}

/** The file that it writes says so. */
function said(path: string, words: string): Promise<void> {
  return new Promise(done => {
    const look = (): void => {
      if (!readFileSync(path, 'utf8').endsWith(`${words}\n`)) return;
      watcher.close();
      done();
    };
    const watcher = watch(scratch, look);
    look();
  });
}

for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const)
  test(`a compiler whose command streams is told of ${signal}, and its answer waited for`, async () => {
    const { child, end, path, compiler } = await tidying(`tidy-${signal}`, 1, { door });
    child.kill(signal);
    assert.is(await end, `${signal}: half\nchos-runtime: taken back\n`);
    assert.is(readFileSync(path, 'utf8'), `${compiler} ${signal}\n`);
    while (!ended(compiler)) await new Promise(setImmediate);
  });

test('a signal that the caller ignores is nobody’s: those of a terminal do not reach the compiler', async () => {
  const { child, end, path, compiler } = await tidying('nohup', 1, { door, shell: "trap '' HUP;" });
  const group = (pid: number): string =>
    /\) \S+ \d+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '';
  assert.is(group(compiler), String(compiler));
  child.kill('SIGHUP');
  child.kill('SIGTERM');
  assert.is(await end, 'SIGTERM: half\nchos-runtime: taken back\n');
  assert.is(readFileSync(path, 'utf8'), `${compiler} SIGTERM\n`);
});

test('several signals at once are one; the command ends by the first', async () => {
  const { child, end } = await tidying('twice', 2, { door });
  child.kill('SIGINT');
  child.kill('SIGTERM');
  assert.is(await end, 'SIGINT: half\nchos-runtime: taken back\n');
});

test('a compiler that does not come to an end after a signal is ended by a second one, or by its deadline', async () => {
  const { end, child, compiler, path } = await tidying('deaf', 9, { door: impatient });
  child.kill('SIGTERM');
  await said(path, 'SIGTERM');
  assert.is(await end, 'SIGTERM: ');
  assert.ok(ended(compiler));
  const again = await tidying('insisted', 999, { door });
  again.child.kill('SIGINT');
  await said(again.path, 'SIGINT');
  const insisting = setInterval(() => again.child.kill('SIGINT'), 100);
  assert.is(await again.end, 'SIGINT: ');
  clearInterval(insisting);
  assert.ok(ended(again.compiler));
});

test('the cause is found in what Node prints', () => {
  const told = (text: string) => refusal(door, ['state', '--answer', 'refused', text]);
  const threads = 'no thread more is allowed (pids limit of the cgroup, or ulimit -u)';
  const memory = 'there is too little memory (memory limit of the cgroup, or ulimit -v)';
  const nothing = 'the compiler ended without an answer';
  assert.is(
    told('  #  node: f\n  #  Assertion failed: (0) == (uv_thread_create())\n'),
    `${nothing}: ${threads}`,
  );
  assert.is(told('\n#\n# Fatal process OOM in somewhere\n#\n'), `${nothing}: ${memory}`);
  assert.is(told('\n#\n# Fatal error in v8\n#\n'), 'the compiler failed: Fatal error in v8');
  assert.is(
    told('a.js:1\n\nTypeError: x is not a function\n'),
    'the compiler failed: TypeError: x is not a function',
  );
  assert.is(told(''), `${nothing}: exit code 1`);
});

test('too few descriptors, too little memory', () => {
  const descriptors =
    /(cannot start the compiler|ended without an answer): there are too few descriptors \(ulimit -n\)$/;
  assert.match(refusal(door, ['state'], 'ulimit -n 4;'), descriptors);
  assert.match(refusal(door, ['state'], 'ulimit -n 10;'), descriptors);
  assert.match(
    refusal(impatient, ['state'], 'ulimit -v 300000;'),
    /: there is too little memory \(memory limit of the cgroup, or ulimit -v\)$/,
  );
});

test('a soft limit of descriptors does not bind the compiler', () => {
  const { stderr } = spawnSync('sh', ['-c', 'ulimit -Sn 10; exec "$@"', 'sh', door, 'state', 'x'], {
    encoding: 'utf8',
  });
  assert.is(stderr, 'chos-runtime: cold: state x\n');
});

test.run();
