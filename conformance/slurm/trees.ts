/** Trees of busybox and their registry, on overlays of /etc and /var/lib; what Slurm has in its own directory is a share. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** strict demands a generation. */
const names = ['alma9', 'debian12', 'strict'] as const;
export type TreeName = (typeof names)[number];

const place = '/run/slurm-trees';
const treePath = (name: TreeName): string => `${place}/${name}`;

function makeTree(name: TreeName): void {
  const tree = treePath(name);
  for (const directory of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp'])
    mkdirSync(join(tree, directory), { recursive: true });
  copyFileSync('/bin/busybox', join(tree, 'bin/busybox'));
  for (const tool of ['sh', 'cat', 'echo', 'id', 'sleep', 'true'])
    symlinkSync('busybox', join(tree, 'bin', tool));
  writeFileSync(join(tree, 'etc/os-release'), `ID=${name}\n`);
}

/** `dir`: of Slurm. /run must be our own, and fresh. */
export function makeTrees(dir: string, runtime: string): void {
  for (const [directory, layer] of [
    ['/etc', 'etc'],
    ['/var/lib', 'lib'],
  ] as const) {
    const layers = ['upper', 'work'].map(name => join(place, layer, name));
    for (const path of layers) mkdirSync(path, { recursive: true });
    const options = `lowerdir=${directory},upperdir=${layers[0]},workdir=${layers[1]}`;
    execFileSync('mount', ['-t', 'overlay', '-o', options, 'overlay', directory]);
  }
  rmSync('/etc/chos', { force: true });
  for (const path of ['/etc/chos.d', '/var/lib/chos']) rmSync(path, { recursive: true, force: true });
  mkdirSync('/etc/chos.d');
  for (const name of names) makeTree(name);
  const trees = {
    alma9: { path: treePath('alma9'), env: ['SITE=alma9'] },
    debian12: {
      path: treePath('debian12'),
      env: ['SITE=debian12'],
      environment: { unset: ['GONE_*'], set: ['CHANGED=tree'] },
      shares: [],
    },
    strict: { path: treePath('strict'), env: ['SITE=strict'], backEnd: 'pinned' },
  };
  writeFileSync('/etc/chos.d/site.json', JSON.stringify({ trees, shares: [{ path: dir }] }));
  importTree(dir, runtime);
  prepare(runtime, '--all');
  copyFileSync(join(dirname(runtime), 'chos'), join(dir, 'chos'));
}

/** `rocky9`: of it the digest is known. */
function importTree(dir: string, runtime: string): void {
  const tar = join(place, 'rocky9.tar');
  execFileSync('tar', ['-C', treePath('alma9'), '-cf', tar, '.']);
  execFileSync(runtime, ['tree', 'import', tar, '--name', 'rocky9'], { stdio: 'pipe' });
  const file = '/etc/chos.d/rocky9.json';
  const registered = JSON.parse(readFileSync(file, 'utf8'));
  registered.shares = [{ path: dir }];
  writeFileSync(file, JSON.stringify(registered));
}

export function prepare(runtime: string, name: string): void {
  execFileSync(runtime, ['--cgroup-manager', 'disabled', 'tree', 'prepare', name], { stdio: 'pipe' });
}
