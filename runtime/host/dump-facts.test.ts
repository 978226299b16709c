import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mountsIn, placeBelow, probeDumpFacts } from './dump-facts.js';

test('mountinfo: optional fields and escaped blanks', () => {
  const line =
    '36 35 98:0 /a\\040b /mnt\\0112 rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue';
  assert.equal(mountsIn(`${line}\nnonsense\n`), [
    { id: 36, device: '98:0', root: '/a b', point: '/mnt\t2', type: 'ext3' },
  ]);
});

test('links lead where they lead in a root of its own', () => {
  const root = mkdtempSync(join(tmpdir(), 'chos-place-'));
  mkdirSync(join(root, 'run/lock'), { recursive: true });
  mkdirSync(join(root, 'var'));
  symlinkSync('/run', join(root, 'var/run'));
  symlinkSync('../../../../run/lock', join(root, 'var/lock'));
  symlinkSync('loop', join(root, 'loop'));
  assert.is(placeBelow(root, '/var/run/x'), '/run/x');
  assert.is(placeBelow(root, '/var/lock'), '/run/lock');
  assert.is(placeBelow(root, '/var/./run//../y'), '/y');
  assert.is(placeBelow(root, '/loop'), '/loop');
  rmSync(root, { recursive: true });
});

test('of this very process', () => {
  const facts = probeDumpFacts(process.pid, ['/']);
  assert.ok(facts.mounts.some(({ point }) => point === '/'));
  assert.is(facts.streams.length, 3);
  assert.ok(facts.namespaces.network > 0);
  // All of its mounts are there for itself.
  assert.ok(facts.streams.every(stream => stream?.kind !== 'outside'));
});

test.run();
