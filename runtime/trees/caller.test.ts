import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { thisProcess } from '../host/caller.js';
import { callerView, pathIdentity, seesWhat } from './caller.js';
import { credentialsOf } from './entrant.js';

const own = thisProcess();

test('whose mount namespace and root count is who asks', () => {
  const host = { namespace: own.namespaces.mnt, root: own.root };
  assert.is(seesWhat(host, own), true);
  assert.is(seesWhat(host, { ...own, namespaces: { ...own.namespaces, mnt: 1 } }), false);
  assert.is(seesWhat(host, { ...own, root: { ...own.root, inode: own.root.inode + 1 } }), false);
});

test('whether it sees the machine as process 1 does', () => {
  // Process 1 may be closed to us; then only the number of its root's mount is known.
  if (pathIdentity('/proc/1/root/') === null) return;
  const elsewhere = { ...own, namespaces: { ...own.namespaces, mnt: 1 } };
  assert.equal(callerView(elsewhere), { kind: 'other', prefix: '/proc/1/root' });
  const below = { ...own, root: { ...own.root, inode: own.root.inode + 1 } };
  assert.equal(callerView(below), { kind: 'other', prefix: '/proc/1/root' });
});

test('who enters is who asks, and in whose user namespace', () => {
  assert.equal(credentialsOf({ ...own, euid: 1234, egid: 5678 }), {
    ...credentialsOf(own),
    euid: 1234,
    egid: 5678,
  });
  const confined = {
    ...own,
    namespaces: { ...own.namespaces, user: 1 },
    texts: { ...own.texts, uid_map: '0 1000 1\n' },
  };
  assert.is(credentialsOf(confined).confined, true);
});

test.run();
