import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import { systemOf } from './check-tree.js';
import { finder, withRegular } from './inside.js';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'chos-inside-')));
test.after(() => rmSync(root, { recursive: true }));

for (const name of ['etc', 'usr/lib']) mkdirSync(`${root}/${name}`, { recursive: true });
const release = `${root}/etc/os-release`;
const text = (path: string): string | null => {
  const file = finder(root)(path);
  return file === null ? null : withRegular(root, file, fd => readFileSync(fd, 'utf8'));
};

test('links of a tree lead where they would inside', () => {
  writeFileSync(`${root}/usr/lib/os-release`, 'PRETTY_NAME="The tree"\n');
  for (const link of ['../usr/lib/os-release', '/usr/lib/os-release', '../../../../../usr/lib/os-release']) {
    symlinkSync(link, release);
    assert.equal(systemOf(root), 'The tree');
    rmSync(release);
  }
  // There is one on the host.
  symlinkSync('/etc/hostname', release);
  assert.equal(text('/etc/os-release'), null);
  assert.equal(systemOf(root), 'The tree');
  rmSync(release);
});

test('nobody waits for a FIFO, nor reads a device', () => {
  spawnSync('mkfifo', [release]);
  assert.equal(systemOf(root), 'The tree');
  rmSync(release);
  symlinkSync('/dev/zero', release);
  assert.equal(systemOf(root), 'The tree');
  assert.equal(
    withRegular('', '/dev/zero', () => 'read'),
    null,
  );
  rmSync(release);
});

test('what reads may fail', () => {
  assert.equal(
    withRegular(root, '/usr/lib/os-release', () => {
      throw new Error('EIO');
    }),
    null,
  );
  assert.equal(
    withRegular(root, '/usr', () => 'read'),
    null,
  );
});

test.run();
