import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Finished, type LaunchOptions, launch, type Running } from '../harness/processes.js';
import type { Place } from './place.js';

/** A terminal at which the test sits. */
export interface Terminal {
  type(text: string): void;
  /** Resolves with all that was shown, once `expected` matches it. */
  shows(expected: RegExp, deadlineMs?: number): Promise<string>;
  /** Makes the window one row and one column larger. */
  enlarge(): void;
  readonly ended: Promise<number>;
}

/** How a case drives Podman; containers it makes are removed afterwards. */
export interface Podman {
  /** Name of the runtime in containers.conf. */
  readonly runtime: string;
  readonly runtimePath: string;
  readonly place: Place;
  /** Scratch directory of the case. */
  readonly dir: string;
  /** Parent of the container cgroups, an absolute cgroup path. */
  readonly cgroupParent: string;
  /** A container name of this case. */
  readonly name: string;
  call(args: readonly string[], options?: LaunchOptions): Promise<Finished>;
  begin(args: readonly string[], options?: LaunchOptions): Running;
  /** `podman run --rm` without network: `args` are options, image and command. */
  run(args: readonly string[], options?: LaunchOptions): Promise<Finished>;
  /** The options that every container of ours is made with. */
  readonly common: readonly string[];
  /** `podman run -d` named `name`, and waits until the container prints `ready`. */
  detached(script: string, options?: readonly string[], name?: string): Promise<string>;
  terminal(args: readonly string[]): Terminal;
  /** Resolves when the log of a container holds `text`. */
  logged(name: string, text: string): Promise<string>;
}

export interface Surroundings {
  readonly place: Place;
  readonly runtime: { readonly name: string; readonly path: string };
  readonly cgroupParent: string;
  readonly outside: string;
  readonly dir: string;
  readonly index: number;
}

export interface PodmanWithCleanup extends Podman {
  /** Removes all containers and pods; returns what went wrong. */
  cleanup(): Promise<readonly string[]>;
}

export function makePodman(around: Surroundings): PodmanWithCleanup {
  const { place, runtime, dir, cgroupParent } = around;
  const global = [...place.storage, '--cgroup-manager', 'cgroupfs'];
  const env = place.environment;
  const common = ['--network', 'none', '--cgroup-parent', cgroupParent];
  const name = `c${around.index}`;
  const running: Running[] = [];
  const terminals: (() => void)[] = [];

  function begin(args: readonly string[], options: LaunchOptions = {}): Running {
    const started = launch(['podman', ...global, ...args], dir, { deadlineMs: 30_000, env, ...options });
    running.push(started);
    return started;
  }
  const call = (args: readonly string[], options?: LaunchOptions) => begin(args, options).done;

  async function logged(container: string, text: string): Promise<string> {
    const follower = begin(['logs', '-f', container]);
    try {
      return await follower.printed(text);
    } finally {
      follower.kill('SIGKILL');
      await follower.done;
    }
  }

  async function detached(script: string, options: readonly string[] = [], as = name): Promise<string> {
    const args = ['run', '-d', '--name', as, ...common, ...options, 'bb', 'sh', '-c', script];
    const made = await call(args);
    if (made.code !== 0) throw new Error(`run -d: ${made.stderr.trim()}`);
    await logged(as, 'ready');
    return made.stdout.trim();
  }

  function terminal(args: readonly string[]): Terminal {
    const child = spawn(around.outside, ['pty', '33', '101', 'podman', ...global, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...env, TERM: 'dumb' },
    });
    terminals.push(() => child.kill('SIGKILL'));
    let shown = '';
    const lookers = new Set<() => void>();
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
      for (const look of lookers) look();
    });
    child.stdin.on('error', () => undefined);
    return {
      type: text => void child.stdin.write(text),
      enlarge: () => void child.kill('SIGUSR1'),
      ended: new Promise(resolve => child.on('exit', code => resolve(code ?? 255))),
      shows: (expected, deadlineMs = 10_000) =>
        new Promise((resolve, reject) => {
          const timer = setTimeout(() => {
            lookers.delete(look);
            reject(new Error(`the terminal never showed ${expected}, only ${JSON.stringify(shown)}`));
          }, deadlineMs);
          const look = () => {
            if (!expected.test(shown)) return;
            clearTimeout(timer);
            lookers.delete(look);
            resolve(shown);
          };
          lookers.add(look);
          look();
        }),
    };
  }

  /**
   * Podman 4.3 does, under every runtime, now and then remove a container's files before the process that its monitor starts
   * has unmounted their /dev/shm; a second call, as its user would make, finds the mount gone.
   */
  async function removeAll(calls = 3): Promise<Finished> {
    const removed = await call(['rm', '--all', '--force', '--time', '0', '--volumes']);
    const again = removed.code !== 0 && removed.stderr.includes('userdata/shm: device or resource busy');
    return again && calls > 1 ? await removeAll(calls - 1) : removed;
  }

  async function cleanup(): Promise<readonly string[]> {
    for (const end of terminals) end();
    const removed = await removeAll();
    const pods = await call(['pod', 'rm', '--all', '--force', '--time', '0']);
    for (const process of running) process.kill('SIGKILL');
    await Promise.all(running.map(({ done }) => done));
    return [removed, pods].flatMap(({ code, stderr }) =>
      code === 0 ? [] : [`cleaning up: ${stderr.trim()}`],
    );
  }

  return {
    runtime: runtime.name,
    runtimePath: runtime.path,
    place,
    dir,
    cgroupParent,
    name,
    common,
    call,
    begin,
    run: (args, options) => call(['run', '--rm', ...common, ...args], options),
    detached,
    terminal,
    logged,
    cleanup,
  };
}

/** Imports the tree as the image `bb`. */
export async function importImage(podman: Podman): Promise<void> {
  const archive = join(podman.dir, 'tree.tar');
  const packed = await launch(['tar', '-C', podman.place.tree, '-cf', archive, '.'], podman.dir).done;
  const imported = await podman.call(['import', '--quiet', archive, 'bb']);
  if (packed.code !== 0 || imported.code !== 0) throw new Error(`import: ${packed.stderr}${imported.stderr}`);
}
