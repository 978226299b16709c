/**
 * Who calls the runtime. The suite itself is root always: it prepares, looks and clears up; only the runtime and the helpers of a case are called by somebody
 * else, who owns the bundle and the directories of the case.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, lchownSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Config } from '../harness/config.js';

export const callerNames = ['root', 'user', 'userns'] as const;
/** `user`: uid 1000 without rights; `userns`: root in a user namespace that the caller made, as rootless Podman calls. */
export type CallerName = (typeof callerNames)[number];

export interface Caller {
  readonly name: CallerName;
  /** The program that becomes the caller and then its own last arguments. */
  readonly through: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Owner of what a case prepares; absent for root. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** The base configuration as this caller's tools write it. */
  readonly adapt: (config: Config) => void;
  /** Of whose mount namespace residue is looked for: `self`, or a pid. */
  readonly mounts: string;
  readonly end: () => Promise<void>;
}

const uid = 1000;
/** Beside the caller's own id, as an entry of /etc/subuid gives them. */
export const range = { first: 100_000, size: 65_536 };

/** In this mount namespace alone newuidmap(1) and newgidmap(1) allow the user more than its own id. */
export function giveRanges(dir: string): void {
  const file = join(dir, 'ranges');
  writeFileSync(file, `${uid}:${range.first}:${range.size}\n`);
  for (const name of ['subuid', 'subgid']) execFileSync('mount', ['--bind', file, join('/etc', name)]);
}

/** Prepares the caller; `dir` is a directory of this run. */
export async function callerNamed(name: CallerName, dir: string, outside: string): Promise<Caller> {
  switch (name) {
    case 'root':
      return { name, through: [], env: {}, adapt: () => undefined, mounts: 'self', end };
    case 'user': {
      const through = [outside, 'user', String(uid)];
      return { ...ordinary(dir), name, through, adapt: asUser, mounts: 'self', end };
    }
    case 'userns': {
      const { child, pid } = await held(outside);
      const through = [outside, 'inside', pid];
      return {
        ...ordinary(dir),
        name,
        through,
        adapt: inUserNamespace,
        mounts: pid,
        end: () => ended(child, pid),
      };
    }
    default:
      throw new Error(`unexpected ${JSON.stringify(name satisfies never)}`);
  }
}

const end = (): Promise<void> => Promise.resolve();

function ordinary(dir: string): Pick<Caller, 'env' | 'owner'> {
  const runtimeDir = join(dir, 'xdg');
  mkdirSync(runtimeDir, { mode: 0o700 });
  for (const path of [dir, runtimeDir]) chownSync(path, uid, uid);
  return { env: { XDG_RUNTIME_DIR: runtimeDir }, owner: { uid, gid: uid } };
}

/** The namespaces of the caller, held by a process that ends with the suite. */
async function held(outside: string): Promise<{ readonly child: ChildProcess; readonly pid: string }> {
  const argv = ['hold', String(uid), String(range.first), String(range.size)];
  const child = spawn(outside, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) return { child, pid: line };
  throw new Error('the user namespace could not be made');
}

/** What holds the namespaces is gone, so that the supervisor finds nothing. */
function ended(child: ChildProcess, pid: string): Promise<void> {
  return new Promise(done => {
    child.on('exit', () => done());
    process.kill(Number(pid), 'SIGKILL');
  });
}

/** What `spec --rootless` writes; the network namespace stays, which a user namespace gives the right to. */
function asUser(config: Config): void {
  const mapping = { containerID: 0, hostID: uid, size: 1 };
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = [mapping];
  config.linux.gidMappings = [mapping];
  delete config.linux.resources;
  delete config.linux.cgroupsPath;
  for (const mount of config.mounts)
    if (mount.options) mount.options = mount.options.filter(option => !/^[ug]id=/.test(option));
  bindSysfs(config);
}

/** As Podman writes it: no user namespace, since the caller is in one, and no cgroups where none are delegated. */
function inUserNamespace(config: Config): void {
  delete config.linux.resources;
  delete config.linux.cgroupsPath;
}

function bindSysfs(config: Config): void {
  const sys = config.mounts.find(({ type }) => type === 'sysfs');
  if (sys === undefined) return;
  Object.assign(sys, { type: 'none', source: '/sys', options: ['rbind', 'nosuid', 'noexec', 'nodev', 'ro'] });
}

/** Everything below `dir` becomes the caller's. */
export function giveTo(caller: Caller, dir: string): void {
  if (caller.owner === undefined) return;
  const { uid: owner, gid } = caller.owner;
  lchownSync(dir, owner, gid);
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    const found = lstatSync(path);
    if (found.isDirectory()) giveTo(caller, path);
    else if (found.uid !== owner) lchownSync(path, owner, gid);
  }
}
