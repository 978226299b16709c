/**
 * What launches of a tree depend on changes between two requests to the compiler's service: its answer is then, byte for byte, that of a compiler which has just been
 * started, whatever it has kept. Begins and ends with nothing prepared.
 */
import * as assert from 'node:assert/strict';
import { type StdioOptions, spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { captured } from '../../runtime/serve/test/captured.js';
import { STATE_ROOT } from '../../spec/state-root.js';
import { AnswerKind, SERVICE_SOCKET } from '../../spec/wire.js';
import { type Service, startService } from '../harness/service.js';
import { bind, caseList, good } from './case.js';
import {
  base,
  bundle,
  chos,
  detached,
  home,
  makeTree,
  newId,
  registry,
  runtime,
  writeRegistry,
} from './machine.js';

const { cases, test } = caseList('service: ');

const path = `${STATE_ROOT}/${SERVICE_SOCKET}`;
const disk = `${base}/kept-disk`;
let service: Service;

/** What the engine sends for a command, to whoever listens; it then does without. */
async function requestOf(...args: readonly string[]): Promise<Uint8Array> {
  renameSync(path, `${path}.away`);
  const bytes = await captured(path, () => {
    const command = spawn(runtime, ['--cgroup-manager', 'disabled', ...args], { stdio: 'ignore' });
    return new Promise(resolve => command.on('close', resolve));
  });
  renameSync(`${path}.away`, path);
  return bytes;
}

/** The answer, without words of patience. */
function answerFrom(stream: Socket | Duplex, request: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on('data', chunk => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      let all = Buffer.concat(chunks);
      while (all.length > 16 && all.readUInt32LE(12) === AnswerKind.WAIT)
        all = all.subarray(all.readUInt32LE(8));
      resolve(all);
    });
    stream.write(request);
  });
}

const warm = (request: Uint8Array): Promise<Buffer> => answerFrom(connect(path), request);

/** Of a compiler that is started for it. */
function cold(request: Uint8Array): Promise<Buffer> {
  const stdio: StdioOptions = ['ignore', 'ignore', 'inherit', 'pipe'];
  const child = spawn(process.execPath, [`${process.cwd()}/build/chos-runtime.cjs`], {
    cwd: '/',
    env: {},
    stdio,
  });
  return answerFrom(child.stdio[3] as Duplex, request);
}

/** `changes`: what the answer is made of has become something else; false: the same as before. */
interface Step {
  readonly what: string;
  readonly changes: boolean;
  readonly change: () => unknown;
}
const step = (what: string, change: () => unknown, changes = true): Step => ({ what, change, changes });

async function follows(request: Uint8Array, steps: readonly Step[]): Promise<void> {
  let last = await warm(request);
  for (const { what, change, changes } of steps) {
    change();
    const answered = service.answered();
    const answers = [await warm(request), await warm(request)];
    const right = await cold(request);
    assert.equal(service.answered(), answered + 2, what);
    assert.equal(right.readUInt32LE(12), AnswerKind.PROGRAM, `${what}: ${right}`);
    for (const answer of answers)
      assert.ok(answer.equals(right), `${what}: it differs from a cold compilation`);
    assert.equal(!right.equals(last), changes, `${what}: whether that can be seen`);
    last = right;
  }
}

/** Other bytes in the place of some: the same file, of the same size and time. */
function replace(file: string, from: string, to: string): void {
  const { atime, mtime } = statSync(file);
  const text = readFileSync(file, 'utf8');
  assert.ok(text.includes(from) && from.length === to.length);
  writeFileSync(file, text.replace(from, to));
  utimesSync(file, atime, mtime);
}

const run = (program: string, ...args: readonly string[]): string =>
  good(spawnSync(program, args, { encoding: 'utf8' }));
const FILE = '/etc/chos.d/test.json';
const kept = { path: `${base}/kept`, env: ['SITE=here'] };
const register = (...shares: readonly object[]): void =>
  writeRegistry({ ...registry, trees: { ...registry.trees, kept }, shares });
const usual = [{ path: home }, { path: disk }];
const prepare = (): string => good(chos('tree', 'prepare', 'kept'));

test('create follows what is prepared, the registry and the mounts of the host', async () => {
  makeTree('kept');
  mkdirSync(disk);
  run('mount', '-t', 'tmpfs', 'kept-disk', disk);
  register(...usual);
  service = await startService(runtime, base, {});
  const directory = bundle({
    tree: 'kept',
    own: true,
    args: ['sleep', '1000'],
    mounts: [bind(home, home, 'rw')],
  });
  const id = newId();
  const request = await requestOf('create', '-b', directory, id);
  good(chos('delete', '--force', id));
  await follows(request, [
    step('a generation is prepared', prepare),
    step('another one in its place', prepare),
    step('the environment of another tree', () => replace(FILE, 'SITE=here', 'SITE=hare'), false),
    step('that of this one, in a file of the same size and time', () =>
      replace(FILE, '/kept",\n   "env": [\n    "SITE=here', '/kept",\n   "env": [\n    "SITE=hare'),
    ),
    step('a share is gone', () => register({ path: home })),
    step('it is there again', () => register(...usual)),
    step('the host mounts it anew', () => {
      run('umount', disk);
      run('mount', '-t', 'tmpfs', 'kept-disk', disk);
    }),
    step('another generation shows that', prepare),
    step('its option is another one', () => run('mount', '-o', 'remount,bind,ro', disk)),
    step('and is as before', () => run('mount', '-o', 'remount,bind,rw', disk)),
    step('something is added to the tree', () => mkdirSync(`${base}/kept/new`)),
    step('and prepared', prepare),
    step(
      'a skeleton, which is nothing without the module',
      () => good(chos('skeleton', 'create', `${base}/chos`)),
      false,
    ),
    step(
      'and anew',
      () => {
        good(chos('skeleton', 'remove', `${base}/chos`));
        good(chos('skeleton', 'create', `${base}/chos`));
      },
      false,
    ),
    step('and no more', () => good(chos('skeleton', 'remove', `${base}/chos`)), false),
    step('what is prepared is released', () => good(chos('tree', 'release', '--force', 'kept'))),
    step('the tree is another directory', () => {
      renameSync(`${base}/kept`, `${base}/kept-before`);
      makeTree('kept');
      rmSync(`${base}/kept/tmp`, { recursive: true });
    }),
  ]);
});

test('exec follows the state of the container', async () => {
  const id = newId();
  const directory = bundle({ tree: 'kept', own: true, args: ['sleep', '1000'] });
  const start = (): void => {
    const ran = detached('run', '-d', '-b', directory, id);
    assert.equal(ran.status, 0, ran.stderr);
  };
  start();
  const state = `${STATE_ROOT}/${id}/state.json`;
  const request = await requestOf('exec', id, 'true');
  await follows(request, [
    step('another container of that name', () => {
      good(chos('delete', '--force', id));
      start();
    }),
    step('its variables, in a file of the same size and time', () => replace(state, 'SITE=', 'SIDE=')),
    step('prepared since: it is where it was', prepare, false),
  ]);
  good(chos('delete', '--force', id));
});

test('take down', async () => {
  await service.end();
  chos('tree', 'release', '--force', 'kept');
  run('umount', disk);
  rmdirSync(disk);
  writeRegistry(registry);
});

export const serviceCases = cases;
