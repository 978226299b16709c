/** Trees for the tests of `chos`, with entry programs as root compiles them: by mounts, made of the host's /usr; by the link, a root in which files stand for the module's. */
import { copyFileSync, mkdirSync, mkdtempSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlacedShare, PreparedRoot } from '../../../spec/environment.js';
import { compileEntry } from '../../compile/entry.js';
import { factOf } from '../../host/directory-fact.js';
import { encode } from '../../program/encode.js';
import { executable } from './chos-command.js';
import { scratch } from './engine.js';

export const shareOf = (path: string, readonly = false): PlacedShare => ({
  path,
  source: path,
  place: path,
  readonly,
});
export const nobody = 65534;

export interface Tree {
  readonly path: string;
  /** Makes its /usr the host's, in a namespace. */
  readonly script: string;
}

export function tree(...places: readonly string[]): Tree {
  const path = mkdtempSync(join(scratch, 'os-'));
  for (const name of ['usr', 'etc', ...places]) mkdirSync(join(path, name), { recursive: true, mode: 0o755 });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(path, name));
  writeFileSync(join(path, 'etc/mark'), 'in the tree\n');
  // mkdtemp(3) makes it for its owner alone.
  return { path, script: `chmod 755 ${path}; mount --bind /usr ${path}/usr; exec "$@"` };
}

/** Of a tree that lacks /proc and these: real directories for them, and its own /usr and /etc. */
export const skeletonFor = (...places: readonly string[]): PreparedRoot => ({
  kind: 'skeleton',
  why: 'the tree has no /proc',
  entries: [
    { kind: 'directory', path: '/proc', mode: 0o555 },
    ...places.map(path => ({ kind: 'directory', path, mode: 0o755 }) as const),
    { kind: 'bind', path: '/usr', directory: true },
    { kind: 'bind', path: '/etc', directory: true },
    { kind: 'link', path: '/bin', target: 'usr/bin' },
    { kind: 'link', path: '/lib', target: 'usr/lib' },
    { kind: 'link', path: '/lib64', target: 'usr/lib64' },
  ],
});

export interface Shown {
  readonly shares?: readonly PlacedShare[];
  readonly root?: PreparedRoot;
  readonly hostView?: readonly string[];
  readonly readonly?: boolean;
}

export function byMounts({ path }: Tree, shown: Shown = {}): Uint8Array {
  const { shares = [], root = { kind: 'tree' }, hostView = ['/proc', '/dev'], readonly = false } = shown;
  return encode(
    compileEntry({
      arch: 'x86_64',
      kind: 'mounts',
      tree: { name: 'alma9', path, directory: path, readonly },
      root,
      hostView,
      shares,
      file: '/etc/chos.d/site.json',
      line: 4,
    }),
  );
}

/** A root in which files stand for those of the module. It is bound on its own /chos, so that who is not moved is in the "skeleton" all the same. */
export function linkRoot() {
  const root = mkdtempSync(join(scratch, 'link-'));
  for (const name of ['bin', 'chos', 'os/a', 'run/chos-trees.public', 'proc/chos', 'public/entries'])
    mkdirSync(join(root, name), { recursive: true, mode: 0o755 });
  copyFileSync(executable, join(root, 'bin/inside'));
  writeFileSync(join(root, 'proc/chos/setchos'), '');
  symlinkSync('/os/a', join(root, 'proc/chos/link'));
  const record = join(root, 'run/chos-trees.public/%2Fchos.json');
  writeFileSync(record, '{}');
  writeFileSync(join(root, 'public/trees'), 'chos 1\ntree a\n', { mode: 0o644 });
  const { dev, ino } = statSync(join(root, 'os/a'), { bigint: true });
  const image = compileEntry({
    arch: 'x86_64',
    kind: 'link',
    tree: { name: 'a', path: '/os/a' },
    directory: factOf(dev, ino),
    skeleton: '/chos',
  });
  writeFileSync(join(root, 'public/entries/a'), encode(image), { mode: 0o644 });
  return { root, record };
}
