import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { copyProgram } from '../../harness/bundle.js';
import { test } from '../case.js';
import { type MountLine, mountAt } from '../report.js';

/** Options of a bind of `source` on /data, and what the mount table inside must and must not show. */
const single: readonly (readonly [name: string, options: string[], shown: string[], absent: string[]])[] = [
  ['ro', ['bind', 'ro'], ['ro'], []],
  ['rw', ['bind', 'rw'], ['rw'], ['nosuid', 'nodev', 'noexec']],
  ['nosuid', ['bind', 'nosuid'], ['nosuid', 'rw'], ['noexec']],
  ['nodev', ['bind', 'nodev'], ['nodev'], ['noexec']],
  ['noexec', ['bind', 'noexec'], ['noexec'], ['nodev']],
  ['noatime', ['bind', 'noatime'], ['noatime'], ['relatime']],
  ['nodiratime', ['bind', 'nodiratime'], ['nodiratime'], []],
  ['relatime', ['bind', 'relatime'], ['relatime'], ['noatime']],
  ['strictatime', ['bind', 'strictatime'], [], ['relatime', 'noatime']],
  ['all-together', ['rbind', 'ro', 'nosuid', 'nodev', 'noexec'], ['ro', 'nosuid', 'nodev', 'noexec'], []],
  ['last-one-wins', ['bind', 'noexec', 'exec', 'ro', 'rw'], ['rw'], ['noexec', 'ro']],
  ['nosymfollow', ['bind', 'nosymfollow'], ['nosymfollow'], []],
];

for (const [name, options, shown, absent] of single) {
  test(`mount-options/bind-${name}`, {
    files: ({ dir }) => void mkdirSync(join(dir, 'source')),
    config: (c, { dir }) =>
      void c.mounts.push({ destination: '/data', type: 'bind', source: join(dir, 'source'), options }),
    inside: ({ report }) => checkOptions(mountAt(report, '/data'), shown, absent),
  });
}

function checkOptions(
  line: MountLine | undefined,
  shown: readonly string[],
  absent: readonly string[],
): void {
  assert.ok(line, 'no mount on /data');
  for (const option of shown) assert.ok(line?.options.includes(option), `${option} not in ${line?.options}`);
  for (const option of absent) assert.not.ok(line?.options.includes(option), `${option} in ${line?.options}`);
}

/** Options with and without recursion, and what the mount table shows for the submount. */
const recursive: readonly (readonly [name: string, option: string, shown: string[]])[] = [
  ['ro-leaves-submounts', 'ro', ['rw']],
  ['rro-reaches-submounts', 'rro', ['ro']],
  ['rnosuid-reaches-submounts', 'rnosuid', ['nosuid']],
  ['rnodev-reaches-submounts', 'rnodev', ['nodev']],
  ['rnoexec-reaches-submounts', 'rnoexec', ['noexec']],
  ['rnoatime-reaches-submounts', 'rnoatime', ['noatime']],
];

for (const [name, option, shown] of recursive) {
  test(`mount-options/${name}`, {
    files: ({ dir }) => void mkdirSync(join(dir, 'source/below'), { recursive: true }),
    config: (c, { dir }) =>
      void c.mounts.push({
        destination: '/data',
        type: 'bind',
        source: join(dir, 'source'),
        options: ['rbind', option],
      }),
    drive: async t => {
      t.mount('-t', 'tmpfs', 'tmpfs', join(t.bundle.dir, 'source/below'));
      const finished = await t.run();
      assert.is(finished.code, 0, finished.stderr);
      checkOptions(mountAt(JSON.parse(finished.stdout), '/data/below'), shown, []);
    },
  });
}

test('mount-options/noexec-refuses-programs', {
  files: ({ dir }) => {
    mkdirSync(join(dir, 'source'));
    copyProgram('/bin/busybox', join(dir, 'source/true'));
    chmodSync(join(dir, 'source/true'), 0o755);
  },
  config: (c, { dir }) =>
    void c.mounts.push({
      destination: '/data',
      type: 'bind',
      source: join(dir, 'source'),
      options: ['bind', 'noexec'],
    }),
  probes: ['exec /data/true', 'exec /bin/busybox true'],
  inside: ({ at }) => {
    assert.is(at('exec /data/true').error, 'EACCES');
    assert.is(at('exec /bin/busybox true').error, '');
  },
});

test('mount-options/nosymfollow-refuses-links', {
  files: ({ dir }) => {
    mkdirSync(join(dir, 'source'));
    symlinkSync('/bin', join(dir, 'source/link'));
  },
  config: (c, { dir }) =>
    void c.mounts.push({
      destination: '/data',
      type: 'bind',
      source: join(dir, 'source'),
      options: ['bind', 'nosymfollow'],
    }),
  probes: ['ls /data/link'],
  inside: ({ at }) => assert.is(at('ls /data/link').error, 'ELOOP'),
});

test('mount-options/ro-tmpfs', {
  config: c =>
    void c.mounts.push({ destination: '/t', type: 'tmpfs', source: 'tmpfs', options: ['ro', 'mode=755'] }),
  probes: ['write /t/x'],
  inside: ({ at }) => assert.is(at('write /t/x').error, 'EROFS'),
});

test('mount-options/ro-tmpfs-with-mounts-below', {
  // The destination of a later mount is made in it, so it turns read-only only at the end.
  config: c => {
    c.mounts.push({ destination: '/t', type: 'tmpfs', source: 'tmpfs', options: ['ro'] });
    c.mounts.push({ destination: '/t/below', type: 'tmpfs', source: 'tmpfs' });
  },
  probes: ['write /t/x', 'write /t/below/x'],
  inside: ({ at }) => {
    assert.is(at('write /t/x').error, 'EROFS');
    assert.is(at('write /t/below/x').error, '');
  },
});

test('mount-options/tmpcopyup', {
  config: c =>
    void c.mounts.push({ destination: '/data', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup'] }),
  probes: ['read /data/note', 'statfs /data'],
  inside: ({ at }) => {
    assert.is(at('read /data/note').text, 'note\n');
    assert.is(at('statfs /data').type, '0x1021994');
  },
});
