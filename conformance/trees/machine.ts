/**
 * A machine of the tests' own: a pid namespace whose process 1 is this program, so that "the mount namespace of process 1" is one that nobody else has.
 * Two trees of busybox, shares, a registry on an overlay of /etc.
 */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';

export const runtime = process.env.CHOS ?? `${process.cwd()}/build/chos-runtime`;
export const base = '/mnt/chos-trees-test';
export const home = `${base}/home`;
export const scratch = `${base}/scratch`;
export const pins = '/run/chos-trees';
const tools = 'sh cat ls sleep true mount umount id grep touch readlink'.split(' ');

function must(program: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}

export function makeTree(name: string, directories: readonly string[] = []): string {
  const tree = `${base}/${name}`;
  for (const directory of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', ...directories])
    mkdirSync(`${tree}/${directory}`, { recursive: true });
  copyFileSync('/bin/busybox', `${tree}/bin/busybox`);
  for (const tool of tools) symlinkSync('busybox', `${tree}/bin/${tool}`);
  writeFileSync(`${tree}/etc/os-release`, `ID=${name}\nPRETTY_NAME="Tree ${name}"\n`);
  return tree;
}

export function writeRegistry(content: unknown, file = 'test.json'): void {
  mkdirSync('/etc/chos.d', { recursive: true });
  writeFileSync(
    `/etc/chos.d/${file}`,
    typeof content === 'string' ? content : JSON.stringify(content, null, 1),
  );
  chmodSync(`/etc/chos.d/${file}`, 0o644);
}

export function removeRegistry(file: string): void {
  rmSync(`/etc/chos.d/${file}`, { force: true });
}

export const registry = {
  trees: {
    one: { path: `${base}/one`, env: ['SITE=here'] },
    two: { path: `${base}/two`, shares: [] },
    three: { path: `${base}/three`, env: ['SITE=here'] },
    must: { path: `${base}/two`, backEnd: 'pinned' },
  },
  shares: [{ path: home }, { path: scratch, readonly: true }],
  default: 'one',
};

export function setUp(): void {
  must('mount', '--make-rprivate', '/');
  // Those of the machine itself; this namespace is ours.
  while (spawnSync('umount', ['-l', pins]).status === 0);
  for (const place of ['/mnt', '/run']) must('mount', '-t', 'tmpfs', 'chos-test', place);
  for (const directory of ['etc-upper', 'etc-work', 'home', 'scratch'])
    mkdirSync(`${base}/${directory}`, { recursive: true });
  const layers = `lowerdir=/etc,upperdir=${base}/etc-upper,workdir=${base}/etc-work`;
  must('mount', '-t', 'overlay', '-o', layers, 'overlay', '/etc');
  // Where imported trees go; the host need not have it.
  for (const directory of ['lib-upper', 'lib-work']) mkdirSync(`${base}/${directory}`);
  const lib = `lowerdir=/var/lib,upperdir=${base}/lib-upper,workdir=${base}/lib-work`;
  must('mount', '-t', 'overlay', '-o', lib, 'overlay', '/var/lib');
  rmSync('/var/lib/chos', { recursive: true, force: true });
  rmSync('/etc/chos', { force: true });
  for (const name of ['chos.d', 'chos-recipes.d']) rmSync(`/etc/${name}`, { recursive: true, force: true });
  makeTree('one');
  makeTree('two');
  makeTree('three');
  writeFileSync(`${home}/hello`, 'hello\n');
  writeRegistry(registry);
  // What is mounted later is live only below a shared mount, as systemd makes it.
  must('mount', '--make-rshared', '/');
}

export type Ran = SpawnSyncReturns<string>;

const front = ['--cgroup-manager', 'disabled'];

export function chos(...args: readonly string[]): Ran {
  return spawnSync(runtime, [...front, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
  });
}

/** A container in the background would keep a pipe open: what goes wrong is read from the log. */
export function detached(...args: readonly string[]): Ran {
  const log = `${base}/log`;
  rmSync(log, { force: true });
  const ran = spawnSync(runtime, [...front, '--log', log, ...args], {
    encoding: 'utf8',
    stdio: 'ignore',
    timeout: 20_000,
  });
  return { ...ran, stderr: existsSync(log) ? readFileSync(log, 'utf8') : '' };
}

export interface Later {
  readonly pid: number;
  /** Resolves when its output matches; rejects if it ends before. */
  said(words: RegExp): Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly text: string }>;
}

export const chosLater = (...args: readonly string[]): Later => later(runtime, ...front, ...args);

export function later(program: string, ...args: readonly string[]): Later {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      for (const look of listeners) look();
    });
  return {
    pid: child.pid ?? 0,
    said: words =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (words.test(text)) resolve();
        };
        listeners.add(look);
        child.on('close', () => reject(new Error(`it ended with: ${text}`)));
        look();
      }),
    ended: new Promise(resolve => {
      child.on('close', code => resolve({ code, text }));
    }),
  };
}

interface Wish {
  readonly tree?: string;
  readonly args: readonly string[];
  readonly mounts?: readonly unknown[];
  readonly own?: boolean;
  readonly capabilities?: readonly string[];
  readonly readonly?: boolean;
  readonly root?: string;
  readonly masked?: readonly string[];
  /** Beside that of the tree. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The generation that launches of a tree use. */
export function current(tree: string): string {
  const { status, stdout, stderr } = chos('tree', 'show', tree, '-f', 'json');
  if (status !== 0) throw new Error(stderr);
  return (JSON.parse(stdout) as { readonly prepared: string }).prepared;
}

let bundles = 0;

/** A bundle without a mount namespace, unless `own`; as `spec --tree` writes it, but without a terminal. */
export function bundle(wish: Wish): string {
  const directory = `${base}/bundle-${++bundles}`;
  mkdirSync(directory);
  const kept = wish.capabilities ?? ['CAP_KILL', 'CAP_CHOWN'];
  const config = {
    ociVersion: '1.2.0',
    process: {
      user: { uid: 0, gid: 0 },
      args: wish.args,
      env: ['PATH=/bin'],
      cwd: '/',
      capabilities: { bounding: kept, effective: kept, permitted: kept },
    },
    root: { path: wish.root ?? `${base}/${wish.tree ?? 'one'}`, readonly: wish.readonly ?? false },
    mounts: wish.mounts ?? [],
    annotations: { ...(wish.tree === undefined ? {} : { 'org.chos.tree': wish.tree }), ...wish.annotations },
    linux: {
      namespaces: wish.own ? [{ type: 'mount' }] : [],
      ...(wish.masked ? { maskedPaths: wish.masked } : {}),
    },
  };
  writeFileSync(`${directory}/config.json`, JSON.stringify(config, null, 1));
  return directory;
}

let containers = 0;
export const newId = (): string => `t${++containers}`;

/** Run a shell command in a container in the foreground. */
export function shell(wish: Omit<Wish, 'args'>, command: string): Ran {
  return chos('run', '-b', bundle({ ...wish, args: ['sh', '-c', command] }), newId());
}

/** The same with a command that says something, waits for a line, and goes on. */
export function shellLater(wish: Omit<Wish, 'args'>, command: string) {
  const child = spawn(runtime, [
    ...front,
    'run',
    '-b',
    bundle({ ...wish, args: ['sh', '-c', command] }),
    newId(),
  ]);
  let said = '';
  const started = new Promise<void>(resolve => child.stdout.once('data', () => resolve()));
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  const ended = new Promise<string>(resolve => child.on('close', () => resolve(said)));
  return { started: Promise.race([started, ended]), ended, go: () => child.stdin.end('\n') };
}

/** Start one that stays; returns its id. */
export function sleeping(wish: Omit<Wish, 'args'>): string {
  const id = newId();
  const ran = detached('run', '-d', '-b', bundle({ ...wish, args: ['sleep', '1000'] }), id);
  if (ran.status !== 0) throw new Error(`run: ${ran.stderr}`);
  return id;
}

export function hostMounts(): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
}
