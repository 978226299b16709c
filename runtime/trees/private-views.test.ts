import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MountFact } from '../../spec/environment.js';
import { parseMountFacts } from './mount-facts.js';
import { privateViews } from './private-views.js';

const host = parseMountFacts(
  [
    '20 1 8:1 / / rw - ext4 /dev/sda1 rw',
    '21 20 0:40 / /ostrees rw - nfs4 filer1:/trees rw',
    '22 20 7:0 / /var/lib/chos/trees/img/2 ro - squashfs /dev/loop0 ro',
  ].join('\n'),
);
const trees = new Set(['/ostrees/debian13', '/srv/tree', '/var/lib/chos/trees/img/2']);

/** One process, 7, in a mount namespace of its own, 4000. */
function seen(...lines: readonly string[]) {
  const mounts: readonly MountFact[] = parseMountFacts(lines.join('\n'));
  const look = { namespaces: new Map([[4000, [7]]]), mountsOf: () => mounts };
  return privateViews(look, host, path => trees.has(path)).map(({ directory }) => directory);
}

test('a root that is the directory of a tree, on whatever file system', () => {
  assert.equal(seen('50 1 0:40 /debian13 / rw - nfs4 filer1:/trees rw'), ['/ostrees/debian13']);
  assert.equal(seen('50 1 8:1 /srv/tree / rw - ext4 /dev/sda1 rw'), ['/srv/tree']);
  assert.equal(seen('50 1 7:0 / / ro - squashfs /dev/loop0 ro'), ['/var/lib/chos/trees/img/2']);
});

test('a skeleton with the directories of a tree in it; a share does not make it another tree', () => {
  const skeleton = '50 1 0:99 / / ro - tmpfs chos ro';
  const home = '51 50 8:1 /home /home rw - ext4 /dev/sda1 rw';
  assert.equal(seen(skeleton, home, '52 50 0:40 /debian13/usr /usr rw - nfs4 filer1:/trees rw'), [
    '/ostrees/debian13',
  ]);
  assert.equal(seen(skeleton, home), []);
});

test('a directory beside a tree, below it, or the same path of another file system is none', () => {
  assert.equal(seen('50 1 0:40 /debian13-old / rw - nfs4 filer1:/trees rw'), []);
  assert.equal(seen('50 1 0:40 /debian13/usr / rw - nfs4 filer1:/trees rw'), []);
  assert.equal(seen('50 1 8:9 /srv/tree / rw - ext4 /dev/sdb1 rw'), []);
});

test('namespaces that are known otherwise are not looked at', () => {
  const look = {
    namespaces: new Map([[4000, [7]]]),
    mountsOf: () => {
      throw new Error('looked at');
    },
  };
  assert.equal(
    privateViews(look, host, () => true, [4000]),
    [],
  );
});

test.run();
