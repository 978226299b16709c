/** Options of crun(1) for binds whose source or destination is a symbolic link. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Bundle } from '../../harness/bundle.js';
import type { Config } from '../../harness/config.js';
import { test } from '../case.js';

/** On the host: `source/link` to the file beside it; in the root: /place to /etc. */
function links({ dir, rootfs }: Bundle): void {
  mkdirSync(join(dir, 'source'));
  writeFileSync(join(dir, 'source/file'), 'of the host\n');
  symlinkSync('file', join(dir, 'source/link'));
  symlinkSync('/etc', join(rootfs, 'place'));
}

const bindLink =
  (destination: string, ...options: string[]) =>
  (c: Config, { dir }: Bundle): void =>
    void c.mounts.push({
      destination,
      type: 'bind',
      source: join(dir, 'source/link'),
      options: ['bind', ...options],
    });

test('bind-links/source-is-copied', {
  files: links,
  config: bindLink('/new/copied', 'copy-symlink'),
  probes: ['readlink /new/copied'],
  inside: ({ at }) => assert.is(at('readlink /new/copied').target, 'file'),
});

test('bind-links/source-is-copied-once-more', {
  files: bundle => {
    links(bundle);
    symlinkSync('file', join(bundle.rootfs, 'copied'));
  },
  config: bindLink('/copied', 'copy-symlink'),
  probes: ['readlink /copied'],
  inside: ({ at }) => assert.is(at('readlink /copied').target, 'file'),
});

test('bind-links/source-is-not-copied-over-another', {
  files: bundle => {
    links(bundle);
    symlinkSync('elsewhere', join(bundle.rootfs, 'copied'));
  },
  config: bindLink('/copied', 'copy-symlink'),
  refused: /copied/,
});

test('bind-links/what-is-no-link-is-bound', {
  files: links,
  config: (c, { dir }) =>
    void c.mounts.push({
      destination: '/data',
      type: 'bind',
      source: join(dir, 'source'),
      options: ['bind', 'copy-symlink', 'ro'],
    }),
  probes: ['read /data/file', 'write /data/file'],
  inside: ({ at }) => {
    assert.is(at('read /data/file').text, 'of the host\n');
    assert.is(at('write /data/file').error, 'EROFS');
  },
});

test('bind-links/link-is-bound-on-a-link', {
  files: links,
  config: bindLink('/place', 'src-nofollow', 'dest-nofollow'),
  probes: ['readlink /place', 'ls /etc/file'],
  inside: ({ at }) => {
    assert.is(at('readlink /place').target, 'file');
    assert.is(at('ls /etc/file').error, 'ENOENT');
  },
});

test('bind-links/link-is-covered-by-a-file', {
  files: links,
  config: bindLink('/place', 'dest-nofollow'),
  probes: ['read /place', 'lstat /place'],
  inside: ({ at }) => assert.is(at('read /place').text, 'of the host\n'),
});
