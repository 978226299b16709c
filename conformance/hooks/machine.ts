/** A machine of the part's own: a root of busybox, a Podman for each runtime, and a cgroup below which all containers are. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { baseConfig, type Config, type HookKind } from '../harness/config.js';
import { cgroupsNamed, removeCgroups, withChildren } from '../harness/host-check.js';
import { makePlace, type Place, prepareMountNamespace } from '../podman/place.js';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const top = resolve('.');
export const hookPath = (name: string): string => join(top, 'build/hooks', name);
/** In a machine of the virtual lab (conformance/vm/cases/hooks.ts) instead of a namespace of the host. */
export const inLab = process.env.LAB_KERNEL !== undefined;
const tag = `chos-hooks-${Date.now()}`;
export const cgroupParent = `/${tag}`;

export interface Runtime {
  readonly name: string;
  readonly path: string;
  readonly place: Place;
}

export interface Machine {
  readonly dir: string;
  readonly runtimes: readonly Runtime[];
}

export function oursOf({ runtimes }: Machine): Runtime {
  const found = runtimes.find(({ name }) => name === 'chos-runtime');
  if (found === undefined) throw new Error('no chos-runtime');
  return found;
}

/** What hooks write to the kernel's log: that of the host is none of our business, and not everybody can read it. */
export const kernelLog = (dir: string): string => join(dir, 'kernel-log');

export function setUp(): Machine {
  const dir = mkdtempSync(join(tmpdir(), 'chos-hooks-'));
  // Its tmpfs is in our own namespace only, as are the others.
  spawnSync('mount', ['--make-rprivate', '/']);
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'chos-hooks', dir]);
  prepareMountNamespace(dir, 'crun', 'root');
  writeFileSync(kernelLog(dir), '');
  spawnSync('mount', ['--bind', kernelLog(dir), '/dev/kmsg']);
  const found = [join(top, 'build/chos-runtime'), '/usr/bin/crun', '/usr/sbin/runc'];
  const runtimes = found.map((path): Runtime => {
    const name = path.split('/').at(-1) ?? '';
    mkdirSync(join(dir, name));
    return { name, path, place: makePlace(join(dir, name), { name, path }, 'root') };
  });
  return { dir, runtimes };
}

export function tearDown(machine: Machine): readonly string[] {
  const groups = withChildren(cgroupsNamed(tag));
  // Nobody removes the group above all, nor Podman that of its conmon.
  const left = groups.filter(path => !/(chos-hooks-\d+|\/conmon)$/.test(path));
  removeCgroups(groups);
  spawnSync('umount', ['-l', machine.dir]);
  rmSync(machine.dir, { recursive: true, force: true });
  return left;
}

const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
let made = 0;
export const newName = (): string => `h${++made}`;

function ran(program: string, args: readonly string[], options: { cwd?: string; env?: object } = {}): Ran {
  const { status, stdout, stderr, signal, error } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 40_000,
    env: { ...environment, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  return { code: status ?? 128, stdout, stderr: `${stderr}${signal ?? ''}${error?.message ?? ''}` };
}

export interface Wish {
  readonly hooks: Partial<Record<HookKind, { args: readonly string[]; env?: string[] }>>;
  readonly change?: (config: Config) => void;
  readonly id?: string;
}

/** A bundle on the root of busybox with these hooks. */
export function bundle(machine: Machine, runtime: Runtime, wish: Wish, id: string): string {
  const dir = join(machine.dir, `bundle-${id}`);
  mkdirSync(dir);
  const config = baseConfig(`/${tag}/${id}`);
  config.root.path = runtime.place.tree;
  config.hooks = Object.fromEntries(
    Object.entries(wish.hooks).map(([kind, { args, env }]) => [
      kind,
      [{ path: hookPath(args[0] ?? ''), args: [...args], ...(env ? { env } : {}) }],
    ]),
  );
  wish.change?.(config);
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config, null, 2));
  return dir;
}

/** `run` in the foreground. */
export function run(machine: Machine, runtime: Runtime, wish: Wish): Ran {
  const id = wish.id ?? newName();
  return ran(runtime.path, ['run', '-b', bundle(machine, runtime, wish, id), id]);
}

export const runtimeCommand = (runtime: Runtime, ...args: readonly string[]): Ran => ran(runtime.path, args);

/** The runtime's foreground `run` in a process group of its own. */
export function begin(machine: Machine, runtime: Runtime, wish: Wish, id: string): ChildProcess {
  const directory = bundle(machine, runtime, wish, id);
  return spawn(runtime.path, ['run', '-b', directory, id], {
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
}

/** A folder with the hook's own hooks.d file, that of this build, or its files, with these arguments. */
export function hooksDir(
  machine: Machine,
  name: string,
  args: readonly string[] = [],
  files: readonly string[] = [name],
): string {
  const dir = join(machine.dir, `hooks-${newName()}`);
  mkdirSync(dir);
  for (const one of files) {
    const file = JSON.parse(readFileSync(`${hookPath(one)}.json`, 'utf8'));
    file.hook.path = hookPath(name);
    file.hook.args = [...file.hook.args, ...args];
    writeFileSync(join(dir, `${one}.json`), JSON.stringify(file));
  }
  return dir;
}

export function podman(runtime: Runtime, hooks: string | readonly string[], ...args: readonly string[]): Ran {
  const { storage, environment: env, dir } = runtime.place;
  const global = [
    ...storage,
    '--cgroup-manager',
    'cgroupfs',
    ...[hooks].flat().flatMap(one => ['--hooks-dir', one]),
  ];
  return ran('podman', [...global, ...args], { cwd: dir, env });
}

/** `podman run --rm` on the root of busybox. */
export function podmanRun(
  runtime: Runtime,
  hooks: string | readonly string[],
  options: readonly string[],
  command: readonly string[],
): Ran {
  const own = ['--rm', '--network', 'none', '--cgroup-parent', cgroupParent];
  return podman(runtime, hooks, 'run', ...own, ...options, '--rootfs', runtime.place.tree, ...command);
}

/** The hook by itself, with this text on stdin. */
export function byHand(name: string, args: readonly string[], input: string | Buffer): Ran {
  const { status, stdout, stderr } = spawnSync(hookPath(name), args, {
    input,
    encoding: 'utf8',
    timeout: 40_000,
    env: environment,
  });
  return { code: status ?? 128, stdout, stderr };
}

export const stateText = (members: object = {}): string =>
  JSON.stringify({ ociVersion: '1.0.2', id: 'by-hand', status: 'created', pid: 1, bundle: '/', ...members });

export function settingsFile(machine: Machine, settings: unknown): string {
  const path = join(machine.dir, `settings-${newName()}.json`);
  writeFileSync(path, typeof settings === 'string' ? settings : JSON.stringify(settings), { mode: 0o644 });
  return path;
}

export function insist(what: string, seen: unknown, wanted: unknown): void {
  const holds = wanted instanceof RegExp ? wanted.test(String(seen)) : seen === wanted;
  if (!holds) throw new Error(`${what}: ${JSON.stringify(seen)}, not ${wanted}`);
}

/**
 * SIGKILL to these processes, all of which are known: 0 and negative numbers, or a 1 that stands for "not known", would mean ourselves, `make` and what
 * else is in our group.
 */
export function killProcesses(pids: Readonly<Record<string, number | undefined>>): void {
  const known = Object.entries(pids).map(([what, pid]) => {
    if (pid === undefined || !Number.isSafeInteger(pid) || pid <= 1)
      throw new Error(`${what}: no process ${pid}`);
    return pid;
  });
  for (const pid of known)
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // It may have gone with another of them.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
}

/** What comes, or a failure that says what did not. */
export function within<T>(seconds: number, what: string, coming: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, failed) => {
    timer = setTimeout(() => failed(new Error(`${what}: not within ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([coming, late]).finally(() => clearTimeout(timer));
}

/** Looks again and again until it holds: for what has no event, as processes that come and go. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !holds(); await new Promise(done => setTimeout(done, 10)))
    if (Date.now() > end) throw new Error(`${what}: not within 60 s`);
}

export const readIfThere = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
