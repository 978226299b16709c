/** A tree that is registered and prepared. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { insist, type Runtime, top } from './machine.js';

export const chos = (...args: readonly string[]) =>
  spawnSync(join(top, 'build/chos-runtime'), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

export function must(program: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}

/** The last of a name counts, and what config.json has itself. */
const env = ['SITE=no', 'PATH=/no', 'SITE=of the registry'];

/** A prepared tree whose share is /mnt, a shared mount of the host; the body adds to it what comes later. */
export async function withTree(
  runtime: Runtime,
  body: (tree: string) => Promise<void> | void,
): Promise<void> {
  const tree = `env-${runtime.name}`;
  const { tree: path } = runtime.place;
  mkdirSync(join(path, 'mnt'), { recursive: true });
  must('mount', '-t', 'tmpfs', 'chos-hooks', '/mnt');
  must('mount', '--make-shared', '/mnt');
  mkdirSync('/etc/chos.d', { recursive: true });
  writeFileSync('/mnt/note', 'of the share\n');
  const site = { trees: { [tree]: { path, env } }, shares: [{ path: '/mnt' }] };
  writeFileSync('/etc/chos.d/environment.json', JSON.stringify(site), { mode: 0o644 });
  const prepared = chos('tree', 'prepare', tree);
  try {
    insist('prepare', prepared.stderr, '');
    await body(tree);
  } finally {
    chos('tree', 'release', '--force', tree);
    spawnSync('rm', ['/etc/chos.d/environment.json']);
    spawnSync('umount', ['-R', '-l', '/mnt']);
  }
}

export function pinOf(tree: string): string {
  const found = readdirSync('/run/chos-trees').find(
    one => one.startsWith(`${tree}@`) && !one.endsWith('.json'),
  );
  return `/run/chos-trees/${found}`;
}
