/** The service as it is built, with threads in the place of its compiler that fail, and with somebody else in its own place. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SERVICE_SCRATCH } from '../../spec/wire.js';
import { servicePlace, who } from './test/place.js';

const build = join(process.cwd(), 'build');
const engine = join(build, 'engine-test/patient-real');
const { directory, place, socket: path } = servicePlace('lost');
const thread = join(directory, 'thread.cjs');
const fifo = join(directory, 'fifo');
execFileSync('mkfifo', ['-m', '666', fifo]);
// By this it knows whose requests are its own.
symlinkSync(join(build, 'chos-runtime.cjs'), join(directory, 'chos-runtime.cjs'));

interface Ended {
  readonly status: number | null;
  readonly err: string;
}

const env = { XDG_RUNTIME_DIR: directory };

/** Of a test that fails none stays, which the others would meet, and the end wait for. */
const running = new Map<ChildProcess, Promise<unknown>>();
test.after.each(async () => {
  for (const child of running.keys()) child.kill('SIGKILL');
  await Promise.all(running.values());
});
function started(
  file: string,
  args: readonly string[],
  stderr: number | 'pipe' = 'pipe',
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(file, args, { cwd: '/', env, stdio: ['ignore', 'ignore', stderr], ...who });
  let err = '';
  child.stderr?.setEncoding('utf8').on('data', chunk => {
    err += chunk;
  });
  const ended = new Promise<Ended>(resolve => {
    child.on('close', status => {
      running.delete(child);
      resolve({ status, err });
    });
  });
  running.set(child, ended);
  return { child, ended };
}

const list = (): Promise<Ended> => started(engine, ['--debug', 'list']).ended;
const notUsed = (why: string): Ended => ({
  status: 0,
  err: `chos-runtime: warning: the compiler's service was not used: ${why}\n`,
});

type Running = ReturnType<typeof started>;

/** Makes the file `warm` as soon as the service knows that a thread has warmed up: what the thread says takes some time to come there. */
const marksWarm = `
  const { Worker } = require('node:worker_threads');
  const emit = Worker.prototype.emit;
  Worker.prototype.emit = function (name, ...rest) {
    const heard = Reflect.apply(emit, this, [name, ...rest]);
    if (name === 'message') require('node:fs').writeFileSync(${JSON.stringify(join(directory, 'warm'))}, '');
    return heard;
  };
`;

/**
 * A service whose threads run this code: `mark` makes a file, `marked` tells whether it is there; `onRequest` leaves out what a thread is told as soon as somebody connects:
 * of one that fails at that, the request finds another that is not warm.
 */
function serve(code: string, words = ['serve'], stderr: number | 'pipe' = 'pipe'): Running {
  const text = `
    const { existsSync, readFileSync, writeFileSync } = require('node:fs');
    const { parentPort } = require('node:worker_threads');
    const at = name => ${JSON.stringify(`${directory}/`)} + name;
    const marked = name => existsSync(at(name));
    const mark = name => writeFileSync(at(name), '');
    const onRequest = work => parentPort.on('message', ({ bytes }) => bytes !== undefined && work());
    ${code}
    parentPort.postMessage({});
  `;
  writeFileSync(thread, text);
  const run = `${marksWarm} require(process.argv[2]).serveAlone(${JSON.stringify(words)})`;
  return started(process.execPath, ['-e', run, thread, join(build, 'chos-runtime-serve.cjs')], stderr);
}

const within = (name: string) => join(directory, name);

const isAlive = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

/** Until something is so, or the service has ended. */
async function until({ child }: Running, so: () => boolean): Promise<void> {
  while (!so() && isAlive(child)) await wait(10);
}

const sockets = ({ child }: Running): number => readdirSync(`/proc/${child.pid}/fd`).length;

test('it ends when it is told to, though a thread hangs', async () => {
  const service = serve("parentPort.on('message', () => readFileSync(at('fifo')));");
  await until(service, () => existsSync(within('warm')));
  assert.equal(await list(), notUsed('its compiler failed'));
  service.child.kill('SIGTERM');
  assert.equal(await service.ended, { status: 0, err: '' });
  assert.equal(readdirSync(place), []);
});

test('likewise where an option stands before the command', async () => {
  const copy = within('copy');
  mkdirSync(copy);
  chmodSync(copy, 0o755);
  copyFileSync(join(build, 'chos-runtime.cjs'), join(copy, 'chos-runtime.cjs'));
  symlinkSync(join(build, 'chos-runtime-serve.cjs'), join(copy, 'chos-runtime-serve.cjs'));
  const code = `(function (exports, require) {
    exports.main = () => {
      const { parentPort } = require('node:worker_threads');
      parentPort?.postMessage({});
      require('node:fs').writeFileSync(${JSON.stringify(within('copied'))}, '');
      require('node:fs').readFileSync(${JSON.stringify(fifo)});
    };
  })`;
  writeFileSync(join(copy, 'chos-runtime-code.cjs'), code);
  const service = started(process.execPath, [join(copy, 'chos-runtime.cjs'), '--debug', 'serve']);
  await until(service, () => existsSync(within('copied')));
  service.child.kill('SIGTERM');
  const late = setTimeout(() => service.child.kill('SIGKILL'), 20_000);
  assert.equal(await service.ended, { status: 0, err: '' });
  clearTimeout(late);
  assert.equal(readdirSync(place), []);
});

test('what a thread takes outside of its heap is bounded, too', async () => {
  rmSync(within('warm'), { force: true });
  const service = serve(`
    const fill = all => {
      for (;;) all.push(Buffer.alloc(1 << 20, 1));
    };
    parentPort.on('message', ({ bytes }) => bytes === undefined && parentPort.postMessage({}));
    onRequest(() => fill([]));
  `);
  await until(service, () => existsSync(within('warm')));
  for (let i = 0; i < 3; i++) {
    let ended: Ended;
    do ended = await list();
    while (ended.err === notUsed('it is not warm yet').err);
    assert.equal(ended, notUsed('its compiler failed'));
  }
  const most = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${service.child.pid}/status`, 'latin1'))?.[1];
  service.child.kill('SIGTERM');
  assert.equal(await service.ended, { status: 0, err: '' });
  assert.ok(Number(most) < 640 * 1024, `${most} KiB`);
});

test('lost while two wait, it tells both, and ends with the reason', async () => {
  rmSync(within('warm'), { force: true });
  const service = serve(`
    if (marked('once')) throw new Error('no luck');
    mark('once');
    const pause = new Int32Array(new SharedArrayBuffer(4));
    onRequest(() => {
      while (!marked('go')) Atomics.wait(pause, 0, 0, 10);
      throw new Error('at first');
    });
  `);
  await until(service, () => existsSync(within('warm')));
  const before = sockets(service);
  const lists = Promise.all([list(), list()]);
  await until(service, () => sockets(service) >= before + 2);
  writeFileSync(within('go'), '');
  const said = (await lists).map(({ err }) => err);
  assert.is(said.filter(one => one === notUsed('its compiler failed').err).length, 1, said.join());
  // The last, if its request came only now.
  assert.is(said.filter(one => /its compiler is lost|it is not warm yet/.test(one)).length, 1, said.join());
  assert.equal(await service.ended, {
    status: 1,
    err: 'chos-runtime: serve: the compiler is lost: no luck\n',
  });
  assert.equal(readdirSync(place), []);
});

test('what it says is not waited for when nobody reads it', async () => {
  for (const name of ['warm', 'once']) rmSync(within(name), { force: true });
  const unread = within('unread');
  execFileSync('mkfifo', ['-m', '666', unread]);
  const full = openSync(unread, constants.O_RDWR | constants.O_NONBLOCK);
  assert.throws(() => {
    for (;;) writeSync(full, 'x'.repeat(4096));
  }, /EAGAIN/);
  const stderr = openSync(unread, constants.O_WRONLY);
  const service = serve('onRequest(() => { throw new Error(); });', ['--debug', 'serve'], stderr);
  await until(service, () => existsSync(within('warm')));
  const said = await Promise.race([list(), wait(10_000, 'too late', { ref: false })]);
  service.child.kill('SIGKILL');
  for (const fd of [full, stderr]) closeSync(fd);
  await service.ended;
  rmSync(path);
  assert.equal(said, notUsed('its compiler failed'));
});

/** Listens with a backlog of one and accepts nothing more once it is stopped. */
const busy = `
  require('node:net').createServer().listen({ path: process.argv[1], backlog: 1 }, () => console.log('listens'));
`;

test('of two that begin at once the second finds the place locked, though nobody listens yet', async () => {
  const other = spawn('flock', [place, '-c', 'echo locked; read line'], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit'],
    ...who,
  });
  try {
    await new Promise(resolve => other.stdout.once('data', resolve));
    const begun = started(engine, ['serve']);
    const late = setTimeout(() => begun.child.kill('SIGTERM'), 20_000);
    const second = await begun.ended;
    clearTimeout(late);
    assert.is(second.status, 1);
    assert.match(second.err, /compiler.sock.*in use/);
  } finally {
    // Its child has the lock, too.
    const gone = new Promise(resolve => other.on('close', resolve));
    other.stdin.end();
    await gone;
  }
});

test('one that ends leaves the place to the next, though somebody is still connected', async () => {
  rmSync(within('warm'), { force: true });
  const first = serve("parentPort.on('message', () => undefined);");
  await until(first, () => existsSync(within('warm')));
  const late = setTimeout(() => first.child.kill('SIGKILL'), 20_000);
  const stays = connect(path);
  await new Promise(resolve => stays.on('connect', resolve));
  first.child.kill('SIGTERM');
  await until(first, () => !existsSync(path));
  rmSync(within('warm'), { force: true });
  const next = serve("parentPort.on('message', () => undefined);");
  await until(next, () => existsSync(within('warm')));
  const served = [isAlive(first.child), isAlive(next.child)];
  stays.destroy();
  assert.equal(await first.ended, { status: 0, err: '' });
  clearTimeout(late);
  assert.equal([...served, existsSync(path)], [true, true, true]);
  next.child.kill('SIGTERM');
  assert.equal(await next.ended, { status: 0, err: '' });
  assert.equal(readdirSync(place), []);
});

for (const built of ['chos-runtime', 'bun/chos-runtime'])
  test(`${built}: what has taken its socket's place stays when it ends`, async () => {
    const service = started(join(build, built), ['serve']);
    const late = setTimeout(() => service.child.kill('SIGKILL'), 20_000);
    const scratch = join(place, SERVICE_SCRATCH);
    await until(service, () => existsSync(scratch));
    rmSync(path);
    const other = createServer(socket => socket.resume());
    try {
      await new Promise<void>(resolve => other.listen(path, resolve));
      if (who.uid !== undefined) chownSync(path, who.uid, who.gid);
      service.child.kill('SIGTERM');
      assert.equal(await service.ended, { status: 0, err: '' });
      await new Promise((resolve, reject) => connect(path).on('connect', resolve).on('error', reject).end());
    } finally {
      service.child.kill('SIGKILL');
      await service.ended;
      clearTimeout(late);
      await new Promise(resolve => other.close(resolve));
    }
    assert.equal(readdirSync(place), []);
  });

test('somebody who is too busy to accept is somebody', async () => {
  const other = spawn(process.execPath, ['-e', busy, path], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...who,
  });
  try {
    await new Promise(resolve => other.stdout.once('data', resolve));
    other.kill('SIGSTOP');
    const full = await Promise.any(
      Array.from(
        { length: 8 },
        () => new Promise(resolve => connect(path).on('error', ({ message }) => resolve(message))),
      ),
    );
    assert.match(String(full), 'EAGAIN');
    assert.equal(await list(), notUsed('too many wait to be heard'));
    const second = await started(engine, ['serve']).ended;
    assert.is(second.status, 1);
    assert.match(second.err, /compiler.sock.*in use/);
    assert.ok(existsSync(path));
  } finally {
    other.kill('SIGKILL');
  }
});

test.after(() => rmSync(directory, { recursive: true }));
test.run();
