import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { test } from '../case.js';
import { mountAt } from '../report.js';

test('masked/file-is-empty', {
  config: c => {
    c.linux.maskedPaths = ['/data/note'];
  },
  probes: ['read /data/note', 'stat /data/note'],
  inside: ({ at }) => {
    assert.is(at('read /data/note').text, '');
    assert.is(at('stat /data/note').rdev, '1:3');
  },
});

test('masked/directory-is-empty-and-read-only', {
  config: c => {
    c.linux.maskedPaths = ['/data'];
  },
  probes: ['ls /data', 'write /data/x'],
  inside: ({ at }) => {
    assert.equal(at('ls /data').names, []);
    assert.is(at('write /data/x').error, 'EROFS');
  },
});

test('masked/missing-path-is-skipped', {
  config: c => {
    c.linux.maskedPaths = ['/not/here', '/data/nothing'];
  },
  probes: ['stat /not'],
  inside: ({ at }) => assert.is(at('stat /not').error, 'ENOENT'),
});

test('masked/in-proc', {
  config: c => {
    c.linux.maskedPaths = ['/proc/version'];
  },
  probes: ['read /proc/version'],
  inside: ({ at }) => assert.is(at('read /proc/version').text, ''),
});

test('masked/through-a-link-stays-in-the-root', {
  files: ({ rootfs }) => symlinkSync('/data/note', join(rootfs, 'link')),
  config: c => {
    c.linux.maskedPaths = ['/link'];
  },
  probes: ['read /link'],
  inside: ({ at }) => assert.is(at('read /link').text, ''),
});

test('readonly/directory', {
  config: c => {
    c.linux.readonlyPaths = ['/data'];
  },
  probes: ['read /data/note', 'write /data/note', 'write /home/x'],
  inside: ({ at }) => {
    assert.is(at('read /data/note').text, 'note\n');
    assert.is(at('write /data/note').error, 'EROFS');
    assert.is(at('write /home/x').error, '');
  },
});

test('readonly/file', {
  config: c => {
    c.linux.readonlyPaths = ['/data/note'];
  },
  probes: ['write /data/note', 'write /data/other'],
  inside: ({ at }) => {
    assert.is(at('write /data/note').error, 'EROFS');
    assert.is(at('write /data/other').error, '');
  },
});

test('readonly/keeps-other-flags', {
  config: c => {
    c.mounts.push({
      destination: '/t',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'nodev', 'noexec'],
    });
    c.linux.readonlyPaths = ['/t'];
  },
  inside: ({ report }) => {
    const line = mountAt(report, '/t')?.options.join(',');
    assert.match(line ?? '', /^ro,nosuid,nodev,noexec/);
  },
});

test('readonly/in-proc', {
  probes: ['open /proc/sys/kernel/hostname w', 'open /proc/sys/kernel/hostname r'],
  inside: ({ at }) => {
    assert.is(at('open /proc/sys/kernel/hostname w').error, 'EROFS');
    assert.is(at('open /proc/sys/kernel/hostname r').error, '');
  },
});

test('readonly/missing-path-is-skipped', {
  config: c => {
    c.linux.readonlyPaths = ['/not/here'];
  },
  probes: ['stat /not'],
  inside: ({ at }) => assert.is(at('stat /not').error, 'ENOENT'),
});
