/**
 * Where commands are killed: a mount namespace of our own with its own /dev/null, a directory on a tmpfs, a tag in every container id. Everything
 * in here is synchronous: nothing but the command under test moves while it runs.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownRequest } from '../../runtime/cli/own-request.js';
import type { Values } from '../../runtime/engine/wire.js';
import { answer } from '../../runtime/entry/dispatch.js';
import type { Entry } from '../../spec/commands.js';
import { countsLine } from '../harness/counts.js';
import { cgroupsNamed, mountLines, removeCgroups, residueOnHost } from '../harness/host-check.js';
import { besideStarts, compileEach } from '../harness/left-programs.js';
import { ownNullDevice } from '../harness/null-device.js';
import type { CallerName } from '../suite/callers.js';
import { awaitOrphans, hasEnded } from './kernel.js';

export interface Lab {
  /** A directory of this run alone, on a tmpfs. */
  readonly dir: string;
  readonly tag: string;
  /** The state root. */
  readonly root: string;
  /** The command under test, and its build that can stop at a step. */
  readonly runtime: string;
  readonly debug: string;
  readonly mounts: readonly string[];
  /** Who calls: root, unless this is the lab of a caller without rights (caller-lab.ts). */
  readonly caller: CallerName;
  /** Beside PATH, for every command. */
  readonly env: Readonly<Record<string, string>>;
  /** What commands read, if not /dev/null. */
  readonly stdin?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
  readonly late: boolean;
}

export interface CallOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly milliseconds?: number;
  /** A file as standard input. */
  readonly stdin?: string;
}

const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

/**
 * Run a command to its end, with files as its streams (a container would keep a pipe open): new ones, because the init of an earlier container
 * may still write its trace to the old ones.
 */
export function call(lab: Lab, argv: readonly string[], options: CallOptions = {}): Ended {
  const [file = '', ...args] = argv;
  const names = [join(lab.dir, 'stdout'), join(lab.dir, 'stderr')] as const;
  for (const name of names) rmSync(name, { force: true });
  const stdin = openSync(options.stdin ?? lab.stdin ?? '/dev/null', constants.O_RDONLY | constants.O_NOCTTY);
  const fds = [stdin, ...names.map(name => openSync(name, 'w+'))];
  const { status, signal, error } = spawnSync(file, args, {
    stdio: fds,
    env: { ...ENVIRONMENT, ...lab.env, ...options.env },
    timeout: options.milliseconds ?? 20_000,
    killSignal: 'SIGKILL',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  for (const fd of fds) closeSync(fd);
  const [out, err] = names.map(name => readFileSync(name, 'utf8'));
  return { code: status, signal, out: out ?? '', err: err ?? '', late: error !== undefined };
}

/** The command under test, with the state root of this run. */
export function chos(lab: Lab, args: readonly string[], options: CallOptions = {}): Ended {
  return call(lab, [lab.runtime, '--root', lab.root, ...args], options);
}

export interface Image {
  readonly file: string;
  readonly entry: Entry;
  readonly values: Values;
}

export type Compiled =
  | { readonly kind: 'image'; readonly image: Uint8Array; readonly entry: Entry; readonly values: Values }
  | {
      readonly kind: 'report';
      readonly exitCode: number;
      readonly out: string;
      readonly message: string;
      readonly detail: string;
    };

/** What the compiler in TypeScript answers to a command line, without a process of its own. */
export async function compile(lab: Lab, args: readonly string[], cwd = lab.dir): Promise<Compiled> {
  const environment = Object.entries({ ...ENVIRONMENT, ...lab.env }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const reply = await answer(ownRequest(['--root', lab.root, ...args], { environment, cwd }));
  if (reply.kind === 'stored') {
    const stored = readFileSync(join(lab.root, String(reply.values.ID), 'program'));
    return { kind: 'image', image: stored, entry: reply.entry, values: reply.values };
  }
  if (reply.kind === 'cold') throw new Error(reply.message);
  return reply.kind === 'program' ? { ...reply, kind: 'image' } : reply;
}

let images = 0;
/** The launch program of a command line, as a file for {@link engineCommand}. */
export async function compileFile(lab: Lab, args: readonly string[]): Promise<Image> {
  const compiled = await compile(lab, args);
  if (compiled.kind === 'report') throw new Error(`${args.join(' ')}: ${compiled.message}`);
  const file = join(lab.dir, `image-${images++}`);
  writeFileSync(file, compiled.image);
  return { file, entry: compiled.entry, values: compiled.values };
}

/** The debug engine running that image: `create` in a few milliseconds, without Node. */
export function engineCommand(lab: Lab, image: Image, more: Values = {}): readonly string[] {
  const values = Object.entries({ ...image.values, ...more }).map(
    ([name, value]) => `${name}=${typeof value === 'object' ? value.join(',') : value}`,
  );
  return [lab.debug, '--engine-run', image.file, image.entry, ...values];
}

/**
 * What is there that should not be, after `delete --force`. Processes get a moment: one that was killed, or whose channel has closed, is ending.
 */
export function residue(lab: Lab, id: string): readonly string[] {
  const found = awaitOrphans(3_000).map(text => `process left: ${text}`);
  const mounts = mountLines();
  found.push(...mounts.filter(line => !lab.mounts.includes(line)).map(line => `mount left: ${line}`));
  // Mounts of others may go at any time: whoever removes a mount point removes what is mounted there in all namespaces.
  const own = lab.mounts.filter(line => line.includes(lab.dir) && !mounts.includes(line));
  found.push(...own.map(line => `mount gone: ${line}`));
  for (const place of cgroupPlaces) {
    if (!existsSync(join(place, id))) continue;
    found.push(...removeCgroups(cgroupsNamed(id)));
    break;
  }
  const states = besideStarts(lab.root);
  if (states.length > 0) {
    found.push(`in the state root: ${states.join(' ')}`);
    for (const name of states) rmSync(join(lab.root, name), { recursive: true, force: true });
  }
  return found;
}

/** A tmpfs on a directory of the host while `body` runs, in our own mount namespace; one that was not there is not there afterwards. */
export function onTmpfs(directory: string, body: () => void): void {
  const made = mkdirSync(directory, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', directory]);
  try {
    body();
  } finally {
    execFileSync('umount', [directory]);
    if (made !== undefined) rmSync(made, { recursive: true });
  }
}

/** The group that this process is in, of each hierarchy. */
export const ownGroups: readonly { readonly mount: string; readonly own: string; readonly version: 1 | 2 }[] =
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => line.split(' '))
    .flatMap(fields => {
      const type = fields[fields.indexOf('-') + 1] ?? '';
      const [mount = '', options = ''] = [fields[4], fields.at(-1)];
      const own = readFileSync('/proc/self/cgroup', 'utf8')
        .split('\n')
        .map(line => line.split(':'))
        .find(([, names = '']) =>
          type === 'cgroup2'
            ? names === ''
            : names.split(',').some(name => options.split(',').includes(name)),
        );
      if (!/^cgroup2?$/.test(type) || own === undefined) return [];
      return [{ mount, own: own[2] ?? '', version: type === 'cgroup' ? 1 : 2 } as const];
    });

/** Directories in which a container's cgroup would lie: the top of each hierarchy, the group this process is in, and the one above. */
const cgroupPlaces: readonly string[] = ownGroups.flatMap(({ mount, own }) => [
  mount,
  join(mount, own),
  join(mount, dirname(own)),
]);

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

export const tally: Tally = { passed: 0, failed: 0, skipped: 0 };

/** Count a check, and say which one failed. */
export function check(name: string, complaints: readonly string[]): void {
  if (complaints.length === 0) {
    tally.passed++;
    return;
  }
  tally.failed++;
  console.log(`FAIL ${name}: ${complaints.join('; ')}`);
}

/** A command that failed says why in one line, exits with 1, and Node shows nothing of itself. */
export function badError(ended: Ended, codes: readonly number[] = [1]): readonly string[] {
  const lines = ended.err.split('\n').filter(line => line !== '');
  return [
    ...(ended.late ? ['it did not come back'] : []),
    ...(ended.signal && !ended.late ? [`ended by ${ended.signal}`] : []),
    ...(ended.code !== null && !codes.includes(ended.code)
      ? [`exit code ${ended.code}: ${ended.err.trim()}`]
      : []),
    ...(ended.code !== 0 && !ended.signal && lines.length !== 1
      ? [`${lines.length} lines on stderr: ${ended.err}`]
      : []),
    ...(/\bat .*:\d+:\d+|node:internal|Error:/.test(ended.err) ? [`a stack trace: ${ended.err}`] : []),
  ];
}

/** Run `body` in a place of its own, then look at the host; the exit code of this program. A caller without rights has its lab in that of root. */
export async function inLab(self: string, body: (lab: Lab) => Promise<void>): Promise<never> {
  const inner = process.argv.indexOf('--inner');
  const code = inner < 0 ? await outer(self) : await runInner(process.argv[inner + 1] ?? '', body);
  process.exit(code);
}

/** End the processes in the cgroups of a run that was interrupted, then remove the cgroups; deepest first. */
function endAll(tag: string): void {
  const paths = [...cgroupsNamed(tag)].sort().reverse();
  for (const path of paths) {
    try {
      for (const pid of readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) {
        process.kill(Number(pid), 'SIGKILL');
        hasEnded(Number(pid), 5000);
      }
    } catch {
      // The process has ended, or the cgroup is gone, by itself.
    }
  }
  removeCgroups(paths);
}

/** What a run that was killed has left; its tag ends in a pid that nobody has any more. */
function clearOthers(): void {
  const tags = new Set(cgroupsNamed('chlab').flatMap(path => /chlab(\d+)/.exec(path)?.slice(0, 2) ?? []));
  for (const tag of tags)
    if (tag.startsWith('chlab') && !existsSync(`/proc/${tag.slice('chlab'.length)}`)) endAll(tag);
}

async function outer(self: string): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'chos-lab-'));
  const tag = `chlab${process.pid}`;
  const args = [fileURLToPath(self), ...process.argv.slice(2), '--inner', dir, '--tag', tag];
  // Callers without rights go through it to their own directory.
  chmodSync(dir, 0o711);
  const reaper = join(dir, 'outside');
  execFileSync('gcc', ['-static', '-D_GNU_SOURCE', '-O1', '-o', reaper, 'conformance/reporter/outside.c']);
  // A container whose runtime was killed becomes a child of the process above us, which reaps it as conmon does.
  const command = ['--mount', '--propagation', 'private', reaper, 'supervise', process.execPath, ...args];
  clearOthers();
  const child = spawn('unshare', command, {
    stdio: ['ignore', 'inherit', 'inherit'],
    // A group of its own, in which all commands under test stay.
    detached: true,
  });
  // Whoever interrupts us interrupts the case, not the clearing up.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void process.kill(-(child.pid ?? 0), 'SIGKILL'));
  const code = await new Promise<number>(ended => child.on('exit', status => ended(status ?? 1)));
  // A second time for what a command made while it was dying.
  if (child.signalCode !== null) for (let times = 0; times < 2; times++) endAll(tag);
  const left = residueOnHost(tag, dir);
  rmSync(dir, { recursive: true, force: true });
  for (const sentence of left) console.log(`FAIL the host: ${sentence}`);
  return left.length === 0 ? code : 1;
}

async function runInner(outer: string, body: (lab: Lab) => Promise<void>): Promise<number> {
  closeSync(3); // how orphans ended is not asked for
  const dir = join(outer, 'lab');
  mkdirSync(dir);
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', dir]);
  ownNullDevice(dir);
  copyFileSync(resolve('build/chos-runtime-debug'), join(dir, 'chos-runtime-debug'));
  return await inside(dir, 'root', {}, join(dir, 'chos-runtime-debug'), body);
}

/** The lab of that caller in `dir`, which is its own. */
export async function inside(
  dir: string,
  caller: CallerName,
  env: Readonly<Record<string, string>>,
  debug: string,
  body: (lab: Lab) => Promise<void>,
): Promise<number> {
  const root = join(dir, 'root');
  mkdirSync(root, { mode: 0o700 });
  compileEach(root);
  const tag = process.argv[process.argv.indexOf('--tag') + 1] ?? '';
  const runtime = resolve(process.env.RUNTIME ?? 'build/chos-runtime');
  await body({ dir, tag, root, runtime, debug, mounts: mountLines(), caller, env });
  if (caller === 'root') check('cgroups at the end', removeCgroups(cgroupsNamed(tag)));
  check('processes at the end', awaitOrphans(0));
  console.log(countsLine(tally));
  return tally.failed === 0 ? 0 : 1;
}
