import { existsSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { test } from '../case.js';
import { mountAt, parseMountinfo } from '../report.js';

test('mounts/base-set', {
  inside: ({ report }) => {
    const types = {
      '/proc': 'proc',
      '/dev': 'tmpfs',
      '/dev/pts': 'devpts',
      '/dev/mqueue': 'mqueue',
      '/sys': 'sysfs',
    };
    for (const [at, type] of Object.entries(types)) assert.is(mountAt(report, at)?.type, type, at);
  },
});

test('mounts/nothing-of-the-host', {
  inside: ({ report, caller }) => {
    const expected = new Set(['/', '/proc', '/dev', '/dev/pts', '/dev/shm', '/dev/mqueue', '/sys']);
    // Who cannot make nodes binds them; who binds /sys has what is mounted below it as well.
    const bound = { root: /^$/, user: /^\/dev\/[a-z]+$|^\/sys\//, userns: /^\/dev\/[a-z]+$/ }[caller];
    const beside = parseMountinfo(report.mountinfo)
      .map(line => line.at)
      .filter(
        at => !expected.has(at) && !at.startsWith('/proc/') && at !== '/sys/firmware' && !bound.test(at),
      );
    assert.equal(beside, []);
  },
});

test('mounts/tmpfs-with-size-and-mode', {
  config: c =>
    void c.mounts.push({
      destination: '/t',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['size=64k', 'mode=0700', 'nosuid'],
    }),
  probes: ['statfs /t', 'stat /t', 'write /t/x'],
  inside: ({ report, at }) => {
    assert.is(at('statfs /t').bytes, 65536);
    assert.is(at('stat /t').mode, 0o700);
    assert.is(at('write /t/x').error, '');
    assert.ok(mountAt(report, '/t')?.options.includes('nosuid'));
  },
});

test('mounts/destination-made-with-parents', {
  config: c => void c.mounts.push({ destination: '/new/deep/place', type: 'tmpfs', source: 'tmpfs' }),
  inside: ({ report }) => assert.is(mountAt(report, '/new/deep/place')?.type, 'tmpfs'),
});

test('mounts/in-the-order-given', {
  config: c => {
    c.mounts.push({ destination: '/o', type: 'tmpfs', source: 'first' });
    c.mounts.push({ destination: '/o/inner', type: 'tmpfs', source: 'second' });
    c.mounts.push({ destination: '/o/inner', type: 'tmpfs', source: 'third' });
  },
  inside: ({ report }) => {
    assert.is(mountAt(report, '/o')?.source, 'first');
    assert.is(mountAt(report, '/o/inner')?.source, 'third');
  },
});

test('mounts/later-one-hides-earlier', {
  config: c => {
    c.mounts.push({ destination: '/h/inner', type: 'tmpfs', source: 'hidden' });
    c.mounts.push({ destination: '/h', type: 'tmpfs', source: 'above' });
  },
  probes: ['ls /h'],
  inside: ({ at }) => assert.equal(at('ls /h').names, []),
});

test('mounts/devpts-instance-of-its-own', {
  probes: ['ls /dev/pts', 'stat /dev/pts/ptmx', 'readlink /dev/ptmx', 'open /dev/ptmx rw'],
  inside: ({ at }) => {
    assert.equal(at('ls /dev/pts').names, ['ptmx']);
    assert.is(at('stat /dev/pts/ptmx').mode, 0o666);
    assert.match(at('readlink /dev/ptmx').target ?? '', /^(\/dev\/)?pts\/ptmx$/);
    assert.is(at('open /dev/ptmx rw').error, '');
  },
});

test('mounts/proc-shows-the-own-pid-namespace', {
  probes: ['readlink /proc/self', 'ls /proc/1/task'],
  inside: ({ at }) => assert.is(at('readlink /proc/self').target, '1'),
});

test('mounts/sysfs-read-only', {
  probes: ['write /sys/x', 'statfs /sys'],
  inside: ({ report, at }) => {
    assert.ok(mountAt(report, '/sys')?.options.includes('ro'));
    assert.ok(['EROFS', 'EACCES', 'EPERM'].includes(at('write /sys/x').error));
  },
});

test('mounts/sysfs-of-the-host-is-read-only-with-all-below', {
  // CVE-2023-25809: with the network of the host, a user namespace can mount no sysfs of its own, and is shown the host's. The config.json of a user binds it himself.
  as: ['root', 'userns'],
  config: c => {
    c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== 'network' && type !== 'cgroup');
  },
  inside: ({ report }) => {
    const below = parseMountinfo(report.mountinfo).filter(({ at }) => `${at}/`.startsWith('/sys/'));
    assert.ok(below.length > 0);
    assert.equal(
      below.filter(({ options }) => !options.includes('ro')),
      [],
    );
  },
});

test('mounts/cgroup', {
  config: c => {
    const options = ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'];
    c.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options });
  },
  probes: [
    'ls /sys/fs/cgroup',
    'poke /sys/fs/cgroup/pids/cgroup.procs 0',
    'read /sys/fs/cgroup/pids/cgroup.procs',
  ],
  skip: () => (hasV1() ? undefined : 'needs the cgroup v1 pids controller'),
  inside: ({ at }) => {
    assert.ok(at('ls /sys/fs/cgroup').names?.includes('memory'));
    assert.is(at('poke /sys/fs/cgroup/pids/cgroup.procs 0').error, 'EROFS');
    assert.is(at('read /sys/fs/cgroup/pids/cgroup.procs').text, '1\n');
  },
});

test('mounts/unknown-type-is-refused', {
  config: c => void c.mounts.push({ destination: '/t', type: 'nosuchfs', source: 'none' }),
  refused: /nosuchfs|no such device|\/t/i,
});

test('mounts/unknown-option-goes-to-the-file-system', {
  config: c =>
    void c.mounts.push({
      destination: '/target',
      type: 'tmpfs',
      source: 'none',
      options: ['nosuchoption=1'],
    }),
  refused: /target|nosuchoption/,
});

function hasV1(): boolean {
  return existsSync('/sys/fs/cgroup/pids/cgroup.procs');
}

test('mounts/remount-changes-the-file-system', {
  config: c => {
    c.mounts.push({ destination: '/t', type: 'tmpfs', source: 'tmpfs', options: ['size=64k'] });
    c.mounts.push({ destination: '/t', type: 'tmpfs', source: 'tmpfs', options: ['remount', 'size=128k'] });
  },
  probes: ['statfs /t'],
  inside: ({ at }) => assert.is(at('statfs /t').bytes, 131072),
});

const remounts: Readonly<Record<string, readonly string[]>> = {
  'a-bind': ['remount', 'bind'],
  'a-bind-read-only': ['remount', 'bind', 'ro'],
  'a-file-system': ['remount'],
};

for (const [name, options] of Object.entries(remounts))
  test(`mounts/remount-as-${name}-of-what-is-no-mount-is-refused`, {
    config: (c, { dir }) =>
      void c.mounts.push({ destination: '/data', type: 'tmpfs', source: dir, options: [...options] }),
    refused: /data/,
  });

test('mounts/remount-that-changes-nothing', {
  config: (c, { dir }) => {
    c.mounts.push({ destination: '/t', type: 'tmpfs', source: 'tmpfs', options: ['size=64k'] });
    c.mounts.push({ destination: '/t', type: 'bind', source: dir, options: ['remount', 'bind'] });
  },
  probes: ['statfs /t'],
  inside: ({ at }) => assert.is(at('statfs /t').bytes, 65536),
});
