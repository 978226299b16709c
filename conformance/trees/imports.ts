/** What the cases of `tree import` share. */
import * as assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { tarOf, textOf } from './archives.js';
import { chos, removeRegistry } from './machine.js';

export const store = '/var/lib/chos/trees';
export const bring = (source: string, name: string, ...options: readonly string[]) =>
  chos('tree', 'import', source, '--name', name, ...options);

/** One line of that kind, and nothing is left of the name. */
export function refused(ran: ReturnType<typeof chos>, name: string, words: RegExp): void {
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /^chos-runtime: [^\n]+\n$/);
  assert.match(ran.stderr, words);
  assert.equal(existsSync(`${store}/${name}`), false, 'something is left in the store');
  const inRegistry = readdirSync('/etc/chos.d').filter(file => file.includes(name));
  assert.deepEqual(inRegistry, []);
}

export function forget(...names: readonly string[]): void {
  for (const name of names) {
    removeRegistry(`${name}.json`);
    rmSync(`${store}/${name}`, { recursive: true, force: true });
  }
}

/** What is in a directory of the first version, without the mount points that the import has made. */
export function ownIn(name: string, directory: string): readonly string[] {
  const { places } = JSON.parse(textOf(`${store}/${name}/1.json`));
  return readdirSync(`${store}/${name}/1${directory}`).filter(
    file => !places.includes(`${directory}/${file}`),
  );
}

/** A layer, and one that lies over it. */
export const base1 = tarOf([
  { name: 'etc/', type: '5', mode: 0o755 },
  { name: 'etc/kept', text: 'kept' },
  { name: 'etc/gone', text: 'gone' },
  { name: 'etc/lost/', type: '5', mode: 0o755 },
  { name: 'etc/lost/x', text: 'x' },
  { name: 'opt/', type: '5', mode: 0o755 },
  { name: 'opt/old', text: 'old' },
  { name: 'usr/lib/', type: '5', mode: 0o755 },
  { name: 'lib', type: '2', link: 'usr/lib' },
  { name: 'was-directory/inner', text: 'x' },
  { name: 'was-file', text: 'x' },
  { name: 'out', type: '2', link: '/etc' },
]);
export const over = tarOf([
  { name: 'etc/.wh.gone' },
  { name: 'etc/.wh.lost' },
  { name: 'opt/new', text: 'new' },
  { name: 'opt/.wh..wh..opq' },
  { name: '.wh..wh.plnk/', type: '5' },
  { name: 'lib/libx', text: 'through the link' },
  { name: 'was-directory', text: 'a file' },
  { name: 'was-file/', type: '5', mode: 0o755 },
  { name: 'was-file/inner', text: 'x' },
  { name: 'out/.wh.kept' },
]);
