/**
 * The service fails a start in each way there is (docs/compiler-service.md): create, run and exec, root's and a user's. Each works nevertheless, or, where there is no compiler
 * at all, fails with one line, and nothing is left.
 */
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { flood } from '../../runtime/serve/test/flood.js';
import { CONFIG_LIMIT } from '../../spec/container-limits.js';
import { STATE_ROOT, STATE_ROOT_NAME } from '../../spec/state-root.js';
import { AnswerKind, SERVICE_SOCKET } from '../../spec/wire.js';
import { type Service, startService, warmedUp } from '../harness/service.js';
import { makeBundle } from './bundles.js';
import {
  badError,
  type CallOptions,
  call,
  check,
  chos,
  compileFile,
  type Ended,
  engineCommand,
  type Lab,
  residue,
} from './lab.js';
import { standIn } from './stand-in.js';
import { deleteForce } from './stops.js';
import { attached, callsFor, spread } from './warm-calls.js';

/** A start, and what has to be there before. */
export interface Start {
  readonly name: string;
  readonly args: readonly string[];
  readonly arrange: () => void;
  /** The file with the configuration that it reads. */
  readonly file: string;
}

export interface Place {
  readonly lab: Lab;
  readonly id: string;
  /** Whose name the messages begin with. */
  readonly of: string;
  readonly socket: string;
  readonly real: string;
  readonly starts: readonly Start[];
}

export const NOT_USED = "the compiler's service was not used: ";

export async function makePlace(lab: Lab): Promise<Place> {
  const directory = lab.caller === 'root' ? STATE_ROOT : join(lab.env.XDG_RUNTIME_DIR ?? '', STATE_ROOT_NAME);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const socket = join(directory, SERVICE_SOCKET);
  // Others make theirs in the same lab.
  const own = { ...lab, dir: mkdtempSync(join(lab.dir, 'warm-')) };
  const bundle = (way: 'create' | 'foreground') =>
    makeBundle(own, { name: 'bundle', change: () => undefined }, way);
  const [created, run] = [bundle('create'), bundle('foreground')];
  const id = `${lab.tag}-f`;
  const process_ = join(own.dir, 'process.json');
  const { process } = JSON.parse(readFileSync(join(run.dir, 'config.json'), 'utf8'));
  writeFileSync(process_, JSON.stringify(process));
  const image = await compileFile(lab, ['create', '--bundle', created.dir, 'id']);
  const running = (): void => {
    for (const ended of [
      call(lab, engineCommand(lab, image, { ID: id, STATE_DIR: join(lab.root, id) })),
      chos(lab, ['start', id]),
    ])
      if (ended.code !== 0) throw new Error(`the container for exec: ${ended.err}`);
  };
  const nothing = (): void => undefined;
  const starts: readonly Start[] = [
    {
      name: 'create',
      args: ['create', '--bundle', created.dir, id],
      arrange: nothing,
      file: join(created.dir, 'config.json'),
    },
    {
      name: 'run',
      args: ['run', '--bundle', run.dir, id],
      arrange: nothing,
      file: join(run.dir, 'config.json'),
    },
    { name: 'exec', args: ['exec', '--process', process_, id], arrange: running, file: process_ },
  ];
  return { lab, id, of: `warm faults, ${lab.caller}`, socket, real: `${socket}.real`, starts };
}

/** What is left of it: complaints. */
export const undo = async ({ lab, id }: Place): Promise<readonly string[]> => [
  ...(await deleteForce(lab, id)),
  ...residue(lab, id),
];

export function start(
  place: Place,
  one: Start,
  options: CallOptions = {},
  runtime = place.lab.runtime,
): Ended {
  const { lab } = place;
  one.arrange();
  return call(lab, [runtime, '--debug', '--root', lab.root, ...one.args], options);
}

/** It has worked, and said this, if anything. */
export function worked(ended: Ended, said: RegExp | null): readonly string[] {
  const right = said === null ? ended.err === '' : said.test(ended.err) && ended.err.split('\n').length === 2;
  return [
    ...(ended.code === 0 ? [] : [`${ended.late ? 'late' : (ended.code ?? ended.signal)}`]),
    ...(right ? [] : [`it says: ${ended.err.trim()}`]),
  ];
}

export const notUsed = (why: string): RegExp => new RegExp(`^chos-runtime: warning: ${NOT_USED}${why}\n$`);

const senseless = notUsed('its answer makes no sense');
const silent = notUsed('it does not answer');
/** conformance/crash/stand-in.ts */
const standIns: readonly (readonly [string, RegExp])[] = [
  ['closes', silent],
  ['silent', silent],
  ['waits', silent],
  ['full', notUsed('too many wait to be heard')],
  ['garbage', senseless],
  ['version', senseless],
  ['magic', senseless],
  ['nonce', senseless],
  ['again', senseless],
  ['drip', silent],
  ...[0, 1, 300, 600, 999].map(thousandths => [`cut ${thousandths}`, silent] as const),
];

async function otherServices(place: Place, service: Service): Promise<void> {
  for (const one of place.starts)
    check(`${place.of}: ${one.name}, warm`, [...worked(start(place, one), null), ...(await undo(place))]);
  renameSync(place.socket, place.real);
  for (const [what, said] of standIns) {
    const other = await standIn(what, place.socket, place.real);
    for (const one of place.starts) {
      // Its first answer is right.
      if (what === 'again') {
        start(place, one);
        await undo(place);
      }
      check(`${place.of}: ${one.name}, ${what}`, [
        ...worked(start(place, one), said),
        ...(await undo(place)),
      ]);
    }
    await other.end();
  }
  renameSync(place.real, place.socket);
  process.kill(service.pid, 'SIGSTOP');
  for (const one of place.starts)
    check(`${place.of}: ${one.name}, it is stopped`, [
      ...worked(start(place, one), silent),
      ...(await undo(place)),
    ]);
  process.kill(service.pid, 'SIGCONT');
}

/** What lies in the directory of the caller, and what its environment says, warm and cold. */
async function hostile(place: Place, said: RegExp | null): Promise<void> {
  const { lab } = place;
  const cwd = mkdtempSync(join(lab.dir, 'hostile-'));
  chmodSync(cwd, 0o755);
  const trap = join(cwd, 'trap.cjs');
  writeFileSync(trap, "require('node:fs').writeSync(2, 'trapped')");
  writeFileSync(join(cwd, '.env'), `NODE_OPTIONS=--require=${trap}\nBUN_OPTIONS=--preload=${trap}\n`);
  writeFileSync(join(cwd, 'bunfig.toml'), `preload = ["${trap}"]\n`);
  writeFileSync(join(cwd, 'config.json'), '{}');
  const env = { NODE_OPTIONS: `--require=${trap}`, BUN_OPTIONS: `--preload=${trap}`, NODE_PATH: cwd };
  for (const one of place.starts)
    check(`${place.of}: ${one.name} in a hostile directory`, [
      ...worked(start(place, one, { cwd, env }), said),
      ...(await undo(place)),
    ]);
}

/** As large as a file may be: the same, and blanks. */
async function large(place: Place): Promise<void> {
  const said = notUsed('the request is too large');
  for (const one of place.starts) {
    const text = readFileSync(one.file, 'utf8');
    appendFileSync(one.file, ' '.repeat(CONFIG_LIMIT - statSync(one.file).size));
    check(`${place.of}: ${one.name} of 16 MiB`, [...worked(start(place, one), said), ...(await undo(place))]);
    writeFileSync(one.file, text);
  }
}

/** Where nothing is that the engine could start, which is built for Node's service: with a service as ever, and without one it says so. */
async function withoutNode(place: Place, said: RegExp | null): Promise<void> {
  if (place.lab.runtime !== resolve('build/chos-runtime')) return;
  const runtime = resolve('build/engine-test/without-node');
  for (const one of place.starts) {
    const ended = start(place, one, {}, runtime);
    const complaints = said === null ? worked(ended, null) : badError(ended);
    check(`${place.of}: ${one.name} without Node, ${said === null ? 'warm' : 'cold'}`, [
      ...complaints,
      ...(said === null || said.test(ended.err) ? [] : [ended.err]),
      ...(await undo(place)),
    ]);
  }
}

/** 1,000 requests of each start, 250 at once; and 32 that are carried out. */
async function manyAtOnce(place: Place, service: Service): Promise<void> {
  const { lab } = place;
  const file = join(lab.dir, 'request');
  const uid = process.geteuid?.() ?? 0;
  for (const one of place.starts) {
    renameSync(place.socket, place.real);
    const other = await standIn(`keep ${file}`, place.socket, place.real);
    start(place, one);
    await undo(place);
    await other.end();
    renameSync(place.real, place.socket);
    one.arrange();
    const kinds = await flood({ path: place.socket, file, as: { uid } }, 250, 4);
    const left = await undo(place);
    const { [AnswerKind.PROGRAM]: programs = 0, [AnswerKind.COLD]: cold = 0 } = kinds;
    check(
      `${place.of}: 1,000 times ${one.name}`,
      programs + cold === 1000 && programs > 500 ? left : [JSON.stringify(kinds)],
    );
    check(`${place.of}: ${one.name} after them`, [
      ...worked(start(place, one), null),
      ...(await undo(place)),
    ]);
  }
  const [create] = place.starts as readonly [Start];
  const ids = Array.from({ length: 32 }, (_, i) => `${lab.tag}-f${i}`);
  const before = service.answered();
  const ends = await Promise.all(
    ids.map(id => {
      const args = ['--root', lab.root, ...create.args.slice(0, -1), id];
      const child = spawn(lab.runtime, args, { stdio: 'ignore', env: { ...process.env, ...lab.env } });
      return new Promise(done => child.on('close', done));
    }),
  );
  const deleted: string[] = [];
  for (const id of ids) deleted.push(...(await deleteForce(lab, id)));
  check(`${place.of}: 32 at once`, [
    ...ends.flatMap(code => (code === 0 ? [] : [`exit code ${code}`])),
    ...(service.answered() > before ? [] : ['none was answered']),
    ...deleted,
    ...residue(lab, ids[0] ?? ''),
  ]);
}

export async function begin({ lab, socket }: Place): Promise<Service> {
  const service = await startService(lab.runtime, lab.dir, lab.env);
  await warmedUp(socket);
  return service;
}

/**
 * Killed at system calls of the thread that compiles, and of the one that speaks to callers: some of those that there are. Whoever asks cannot tell a moment between
 * two of these from the second one.
 */
async function killedAtCalls(place: Place, one: Start, times: number): Promise<void> {
  const log = join(place.lab.dir, 'threads');
  const first = await begin(place);
  const [speaks, compiles] = await callsFor(first.pid, log, async () => {
    start(place, one);
    await undo(place);
  });
  await first.end();
  const threads = [
    { name: 'the thread that compiles', options: ['-f'], chosen: spread(compiles, times) },
    { name: 'the thread that speaks', options: [], chosen: spread(speaks, Math.max(2, times / 4)) },
  ];
  let killed = 0;
  for (const { name, options, chosen } of threads)
    for (const at of chosen) {
      const service = await begin(place);
      const how = ['-o', log, '-e', `inject=${at.name}:signal=SIGKILL:when=${at.nth}`];
      const trace = await attached(service.pid, [...options, ...how]);
      const ended = start(place, one);
      await service.end();
      await trace.ended;
      if (/killed by SIGKILL/.test(readFileSync(log, 'utf8'))) killed++;
      check(`${place.of}: ${one.name}, ${name} is killed at ${at.name} ${at.nth}`, [
        ...worked(ended, ended.err === '' ? null : /^chos-runtime: warning: [^\n]*\n$/),
        ...(await undo(place)),
      ]);
    }
  const all = threads.flatMap(({ chosen }) => chosen).length;
  check(
    `${place.of}: ${one.name}, there were threads to be killed`,
    compiles.length > 10 && speaks.length > 10 && 3 * killed >= all
      ? []
      : [`${killed} of ${all}; ${compiles.length} and ${speaks.length} calls`],
  );
}

export async function warmFaults(lab: Lab): Promise<void> {
  const began = performance.now();
  const place = await makePlace(lab);
  const nobody = notUsed('nobody listens');
  await hostile(place, nobody);
  await withoutNode(place, /compiler/);
  const service = await begin(place);
  await otherServices(place, service);
  await hostile(place, null);
  await withoutNode(place, null);
  await large(place);
  await manyAtOnce(place, service);
  await service.end();
  for (const one of place.starts) await killedAtCalls(place, one, one.name === 'create' ? 12 : 4);
  console.log(`${place.of}: ${Math.round(performance.now() - began)} ms`);
}
