/** The service and the engine, both as they are built, as another user than root: root's service listens at a place that is the machine's. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stateTemplate } from '../../spec/records/state.js';
import { ANSWER_HEADER_SIZE, AnswerKind, SERVICE_SCRATCH, WIRE_VERSION } from '../../spec/wire.js';
import { defaultConfig } from '../cli/default-config.js';
import { processInfo } from '../host/process-info.js';
import { captured } from './test/captured.js';
import { flood } from './test/flood.js';
import type { Target } from './test/kinds.js';
import { mutants } from './test/mutants.js';
import { isRoot, NOBODY, servicePlace, who } from './test/place.js';

/** It waits for an answer until there is one: who is late is the machine, not the service. */
const engine = join(process.cwd(), 'build/engine-test/patient-real');
const { directory, place, socket: path } = servicePlace('serve');

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

interface Around {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}
const usual: Around = { cwd: '/', env: {} };

function call(
  args: readonly string[],
  input = '',
  as: { uid?: number; gid?: number } = who,
  { cwd, env }: Around = usual,
): Promise<Ended> {
  const child = spawn(engine, args, {
    cwd,
    env: { ...env, XDG_RUNTIME_DIR: directory },
    stdio: 'pipe',
    ...as,
  });
  const text = { out: '', err: '' };
  child.stdin.on('error', () => undefined).end(input);
  child.stdout.setEncoding('utf8').on('data', chunk => {
    text.out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', chunk => {
    text.err += chunk;
  });
  return new Promise(resolve => child.on('close', status => resolve({ status, ...text })));
}

const list = (): Promise<Ended> => call(['--debug', 'list']);
const NOT_USED = "the compiler's service was not used: ";
/** KiB. What V8 keeps for later differs from time to time. */
const MARGIN = 6 * 1024;
/** What the service says. */
const log = join(directory, 'log');
const HEADER = 'ID  PID  STATUS  BUNDLE  CREATED  OWNER\n';

let service: ChildProcess;
/** What the engine sends for `list`. */
let request: Buffer;
let ended: Promise<number | null>;

function start(args: readonly string[] = [], { cwd, env }: Around = usual): void {
  const said = openSync(log, 'w');
  service = spawn(engine, ['--debug', 'serve', ...args], {
    cwd,
    env: { ...env, XDG_RUNTIME_DIR: directory },
    stdio: ['ignore', 'inherit', said],
    ...who,
  });
  closeSync(said);
  ended = new Promise(resolve => service.on('close', resolve));
}

/** Until it is warm, which it says itself. */
async function begin(around: Around = usual): Promise<void> {
  start([], around);
  const end = performance.now() + 60_000;
  let said = '';
  do said = (await list()).err;
  while (service.exitCode === null && said !== '' && performance.now() < end);
  assert.is(said, '', readFileSync(log, 'utf8'));
}

/** How many requests it has answered, as it says itself. */
const answered = (): number => readFileSync(log, 'utf8').match(/^chos-runtime: answered /gm)?.length ?? 0;

/** Sends bytes and reads until the other end closes. */
function exchange(bytes: Uint8Array): Promise<Buffer> {
  return new Promise(resolve => {
    const chunks: Buffer[] = [];
    const socket = connect(path);
    socket.on('data', chunk => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(Buffer.concat(chunks)));
    socket.write(bytes);
  });
}

/** The service, and that request in a file. */
function target(): Target {
  const file = join(directory, 'request');
  writeFileSync(file, request, { mode: 0o644 });
  return { path, file, as: who };
}

const open = (): number => readdirSync(`/proc/${service.pid}/fd`).length;

test('it answers as a compiler that the engine starts', async () => {
  const cold = await call(['--debug', 'list']);
  assert.match(cold.err, `${NOT_USED}nobody listens`);
  const bad = ['run', '-f', '-', 'id'];
  const refused = await call(bad, '{"ociVersion": 1}');
  request = await captured(path, list, who);
  await begin();
  assert.equal(await list(), { status: 0, out: HEADER, err: '' });
  assert.equal(await call(bad, '{"ociVersion": 1}'), refused);
  assert.equal([refused.status, refused.err === ''], [1, false]);
  // What starts containers is closed to other processes of its user, but for as long as it asks.
  assert.equal(await call(['--debug', ...bad], '{"ociVersion": 1}'), refused);
});

test('explain and features are answered, too, and as without it', async () => {
  const warm = await call(['--debug', 'features']);
  assert.equal([warm.status, warm.err], [0, '']);
  assert.match(warm.out, '"ociVersionMax"');
  const refused = await call(['--debug', 'explain', '/nowhere']);
  assert.is(refused.err, 'chos-runtime: open `/nowhere/config.json`: No such file or directory\n');
});

test('spec is written by the engine, where the caller is', async () => {
  const cwd = mkdtempSync(join(directory, 'spec-'));
  if (isRoot) chownSync(cwd, NOBODY, NOBODY);
  const spec = (...args: string[]) =>
    call(['--debug', 'spec', ...args], '', who, { cwd, env: { HOME: '/h' } });
  assert.equal(await spec(), { status: 0, out: '', err: '' });
  assert.is(readFileSync(join(cwd, 'config.json'), 'utf8'), `${JSON.stringify(defaultConfig(), null, 2)}\n`);
  const there = 'it exists already; remove it first or give another name with --file';
  assert.equal(await spec(), { status: 1, out: '', err: `chos-runtime: write \`config.json\`: ${there}\n` });
  const nowhere = await spec('-b', 'none');
  assert.is(nowhere.err, 'chos-runtime: write `none/config.json`: No such file or directory\n');
  assert.is((await spec('--rootless', '-f', 'mine.json')).err, '');
  assert.match(readFileSync(join(cwd, 'mine.json'), 'utf8'), `"hostID": ${process.geteuid?.() || NOBODY}`);
});

test('ps is answered, but for the table, which is of ps(1)', async () => {
  const own = join(place, 'one');
  mkdirSync(own);
  const { pid = 0 } = service;
  const chos = {
    cgroups: [],
    backEnd: 'private',
    variables: [],
    shared: undefined,
    link: undefined,
  } as const;
  const of = { ociVersion: '1.3.0', bundle: '/', rootfs: '/', owner: 'nobody', annotations: {} };
  const values = { pid, pidStart: processInfo(pid)?.start, id: 'one', created: '' };
  const state = stateTemplate(
    { ...of, chos: { ...chos, cgroupManager: 'cgroupfs', entry: 'create' } },
    (_, name) => String({ ...values }[name]),
  );
  writeFileSync(join(own, 'state.json'), state.join(''));
  const json = await call(['--debug', 'ps', '-f', 'json', 'one']);
  assert.equal([json.status, json.err], [0, '']);
  assert.ok(JSON.parse(json.out).includes(pid));
  const table = await call(['--debug', 'ps', 'one', '-o', 'pid']);
  assert.equal([table.status, table.err], [0, '']);
  assert.match(readFileSync(log, 'utf8'), /left to \d+: ps\(1\) would have to be waited for\n$/);
  assert.match(table.out, new RegExp(`^ +PID\n[^]*\\b${pid}\n`));
  assert.match((await call(['--debug', 'ps', 'nobody'])).err, /^chos-runtime: container `nobody`.*\n$/);
  rmSync(own, { recursive: true });
});

test('many at once are all answered', async () => {
  const all = await Promise.all(Array.from({ length: 100 }, list));
  assert.equal(
    all.filter(({ status, out, err }) => status !== 0 || out !== HEADER || err !== ''),
    [],
  );
});

test('what others or nobody else could ask is not answered', async () => {
  const junk = await exchange(Buffer.alloc(1000, 'x'));
  assert.is(junk.length, 0);
  const other = Buffer.alloc(1000);
  other.write('CHRQ');
  other.writeUInt32LE(WIRE_VERSION - 1, 4);
  assert.is((await exchange(other)).length, 0, 'another version');
  if (isRoot) {
    // Root can connect, and has nothing to ask of a user's service.
    other.writeUInt32LE(WIRE_VERSION, 4);
    other.writeUInt32LE(1000, 8);
    const answer = await exchange(other);
    assert.is(answer.readUInt32LE(12), AnswerKind.COLD);
    assert.match(answer.toString('utf8', ANSWER_HEADER_SIZE), 'another user');
  }
  assert.equal(await list(), { status: 0, out: HEADER, err: '' });
});

test('whoever connects and says nothing, or goes away in the middle, keeps nobody', async () => {
  const silent = Array.from({ length: 50 }, () => connect(path).on('error', () => undefined));
  for (const [i, socket] of silent.entries()) if (i % 2 === 0) socket.write(Buffer.from('CHRQ'));
  const killed = Array.from({ length: 20 }, () => {
    const child = spawn(engine, ['list'], { env: { XDG_RUNTIME_DIR: directory }, stdio: 'ignore', ...who });
    child.on('spawn', () => child.kill('SIGKILL'));
    return new Promise(resolve => child.on('close', resolve));
  });
  assert.equal(await list(), { status: 0, out: HEADER, err: '' });
  await Promise.all(killed);
  for (const socket of silent) socket.destroy();
  assert.equal(await list(), { status: 0, out: HEADER, err: '' });
});

test('nothing is kept from one request to the next', async () => {
  const box = join(place, 'box');
  mkdirSync(box);
  writeFileSync(join(box, 'state.json'), 'no state');
  const before = answered();
  const { err } = await list();
  assert.match(err, `leave out ${box}`);
  assert.not.match(err, NOT_USED);
  rmSync(box, { recursive: true });
  assert.is((await list()).err, '');
  assert.is(answered(), before + 2);
});

test('no descriptor is left open', async () => {
  const [before, many] = [open(), answered()];
  for (let i = 0; i < 20; i++) await call(['exec', 'nobody', 'true']);
  await list();
  assert.is(answered(), many + 21);
  // It hears of the end of the last ones some turns later.
  const end = performance.now() + 10_000;
  while (open() > before + 1 && performance.now() < end) await wait(5);
  assert.ok(open() <= before + 1, `${before} ${open()}`);
});

test('what a burst of large requests has taken is given back, and so is what only the start needed of the files', async () => {
  const memoryOf = (pid: number | undefined, key: string): number =>
    Number(new RegExp(`^${key}:\\s*(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
  const memory = (): number => memoryOf(service.pid, 'RssAnon');
  const large = `{"ociVersion": 1, "annotations": {"a": "${'x'.repeat(900_000)}"}}`;
  const burst = async (): Promise<void> => {
    const many = answered();
    const all = await Promise.all(Array.from({ length: 40 }, () => call(['run', '-f', '-', 'id'], large)));
    assert.equal([answered(), new Set(all.map(({ status }) => status))], [many + 40, new Set([1])]);
  };
  const givenBack = (): number => readFileSync(log, 'utf8').match(/memory was given back$/gm)?.length ?? 0;
  const rest = async (): Promise<void> => {
    const many = givenBack();
    const end = performance.now() + 60_000;
    while (givenBack() === many) {
      assert.ok(performance.now() < end, 'it never gives memory back');
      await wait(50);
    }
  };
  // The first one warms up what reads large requests.
  const fresh = memory();
  await burst();
  await rest();
  const before = Math.max(fresh, memory());
  // A heap breathes: what is not given back would be there after each.
  for (let times = 0; times < 5; times++) {
    await burst();
    await rest();
    if (memory() <= before + MARGIN) break;
  }
  assert.ok(memory() <= before + MARGIN, `${before} KiB before, ${memory()} after`);
  const ofFiles = memoryOf(service.pid, 'RssFile');
  // Of this process, which is Node, too, the kernel may have taken pages that have not been used for long.
  const status = "fs.readFileSync('/proc/self/status', 'utf8').match(/RssFile:\\s+(\\d+)/)[1]";
  const atStart = Number(execFileSync(process.execPath, ['-p', status], { encoding: 'utf8' }));
  assert.ok(ofFiles < atStart, `${ofFiles} KiB of files, ${atStart} when it starts`);
});

test('killed in the middle, it is missed by nobody, and another takes its place', async () => {
  const calls = Array.from({ length: 20 }, list);
  const kinds = await flood(target(), 200, 1, service.pid);
  assert.ok((kinds[AnswerKind.WAIT] ?? 0) > 0, `${JSON.stringify(kinds)}: some were inside`);
  for (const { status, out } of await Promise.all(calls)) assert.equal([status, out], [0, HEADER]);
  await ended;
  assert.ok(existsSync(path), 'nobody was there to remove it');
  await begin();
});

test('killed as soon as so many have been answered, it leaves the others to a compiler of their own', async () => {
  for (const many of [1, 4]) {
    let answered = 0;
    const calls = Array.from({ length: 8 }, async () => {
      const ended_ = await list();
      if (++answered === many) service.kill('SIGKILL');
      return ended_;
    });
    for (const { status, out } of await Promise.all(calls)) assert.equal([status, out], [0, HEADER]);
    await ended;
    await begin();
  }
});

test('hundreds at once, a thousand in all, are answered by the service', async () => {
  assert.equal(await flood(target(), 250, 4), { [AnswerKind.REPORT]: 1000 });
  assert.equal(await list(), { status: 0, out: HEADER, err: '' });
});

test('requests that lie about themselves, are cut off, or none at all, are answered or not, and it goes on', async () => {
  const before = open();
  const kinds = await mutants(target(), 1000, 20_261_129);
  assert.is(
    Object.values(kinds).reduce((sum, many) => sum + many, 0),
    1000,
    JSON.stringify(kinds),
  );
  for (const kind of [0, AnswerKind.COLD, AnswerKind.REPORT])
    assert.ok((kinds[kind] ?? 0) > 50, JSON.stringify(kinds));
  assert.equal(await list(), { status: 0, out: HEADER, err: '' });
  assert.ok(open() <= before + 1, `${before} ${open()}`);
});

test('a config.json of 16 MiB is left to a compiler of its own', async () => {
  const { status, err } = await call(['--debug', 'run', '-f', '-', 'id'], `{${' '.repeat((16 << 20) - 2)}}`);
  assert.is(status, 1);
  assert.match(err, 'ociVersion is required');
  assert.match(err, `${NOT_USED}the request is too large`);
  assert.equal(await list(), { status: 0, out: HEADER, err: '' });
});

test('what lies where the caller is, and what its environment tells Node, is nothing to it', async () => {
  const hostile = mkdtempSync(join(tmpdir(), 'chos-hostile-'));
  chmodSync(hostile, 0o755);
  const trap = join(hostile, 'trap.cjs');
  writeFileSync(trap, "require('node:fs').writeSync(2, 'trapped')");
  writeFileSync(join(hostile, '.env'), `NODE_OPTIONS=--require=${trap}\n`);
  writeFileSync(join(hostile, 'bunfig.toml'), `preload = ["${trap}"]\n`);
  writeFileSync(join(hostile, 'package.json'), '{"type": "module", "imports": {"#x": "./trap.cjs"}}');
  const env = { NODE_OPTIONS: `--require=${trap}`, BUN_OPTIONS: `--preload=${trap}`, NODE_PATH: hostile };
  const around = { cwd: hostile, env };
  assert.equal(await call(['--debug', 'list'], '', who, around), { status: 0, out: HEADER, err: '' });
  service.kill('SIGTERM');
  await ended;
  assert.match(
    (await call(['--debug', 'list'], '', who, around)).err,
    /^chos-runtime: warning: .*nobody listens\n$/,
  );
  await begin(around);
  rmSync(hostile, { recursive: true });
});

test('a second one is refused, and the first goes on', async () => {
  const second = await call(['serve']);
  assert.is(second.status, 1);
  assert.match(second.err, /compiler.sock.*in use/);
  assert.equal(await list(), { status: 0, out: HEADER, err: '' });
});

test('it ends when it is told to, or when nobody asks, and takes its socket away', async () => {
  service.kill('SIGTERM');
  assert.is(await ended, 0);
  assert.not.ok(existsSync(path));
  start(['--idle', '100ms']);
  assert.is(await ended, 0);
  // It is told so wherever it is with its warm-up, in whose directory a thread writes.
  const scratch = join(place, SERVICE_SCRATCH);
  const written = (): readonly string[] =>
    (existsSync(scratch) ? readdirSync(scratch, { recursive: true }) : []).map(String);
  for (const many of [1, 2, 3]) {
    start();
    while (service.exitCode === null && written().length < many) await wait(1);
    service.kill('SIGTERM');
    assert.is(await ended, 0, readFileSync(log, 'utf8'));
  }
  assert.equal(readdirSync(place), [], 'nor is anything else left of all that were killed');
});

test.after(() => {
  service?.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});
test.run();
