/** Links of an image that lead what config.json asks for onto the file systems of the kernel (CVE-2019-16884, CVE-2019-19921, CVE-2025-52881). */
import { existsSync, mkdirSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { test } from '../case.js';
import { mountAt } from '../report.js';

type Change = (c: Config, dir: string) => unknown;

const mount =
  (type: string, ...options: readonly string[]): Change =>
  c =>
    c.mounts.push({ destination: '/link', type, source: type, options: [...options] });
const bind =
  (source: string, destination = '/link'): Change =>
  (c, dir) =>
    c.mounts.push({ destination, type: 'bind', source: join(dir, source), options: ['bind'] });

/** Everything that attaches something, at the directory to which /link leads. */
const kinds: Readonly<Record<string, Change>> = {
  tmpfs: mount('tmpfs'),
  'tmpfs-with-copy-up': mount('tmpfs', 'tmpcopyup'),
  mqueue: mount('mqueue'),
  devpts: mount('devpts', 'newinstance'),
  cgroup: mount('cgroup'),
  sysfs: mount('sysfs'),
  proc: mount('proc'),
  bind: bind('directory'),
  overlay: (c, dir) =>
    c.mounts.push({
      destination: '/link',
      type: 'overlay',
      source: 'overlay',
      options: [`lowerdir=${dir}/directory:${dir}/rootfs/data`],
    }),
  'tmpfs-below': c =>
    c.mounts.push({ destination: '/link/net', type: 'tmpfs', source: 'tmpfs', options: [] }),
};

function files({ dir, rootfs }: { readonly dir: string; readonly rootfs: string }, target: string): void {
  mkdirSync(join(dir, 'directory'));
  writeFileSync(join(dir, 'file'), 'false\n');
  symlinkSync(target, join(rootfs, 'link'));
}

for (const [kind, change] of Object.entries(kinds))
  test(`links/${kind}-onto-proc-is-refused`, {
    files: bundle => files(bundle, '/proc/self'),
    config: (c, { dir }) => void change(c, dir),
    refused: /link/,
  });

/** The others are the same guard: one kind for each target, one target for each kind that is left. */
const targets: Readonly<Record<string, readonly [target: string, change: Change]>> = {
  'tmpfs-onto-sysfs': ['/sys/kernel', mount('tmpfs')],
  'tmpfs-onto-cgroups': ['/sys/fs/cgroup/pids', mount('tmpfs')],
  'bind-onto-a-file-of-proc': ['/proc/self/environ', bind('file')],
  'bind-through-a-relative-link': ['../../proc/self', bind('directory')],
  'bind-onto-all-of-proc': ['/proc', bind('directory')],
  'mask-onto-proc': ['/proc/self/attr', c => Object.assign(c.linux, { maskedPaths: ['/link'] })],
  'mask-onto-sysfs': ['/sys/kernel', c => Object.assign(c.linux, { maskedPaths: ['/link'] })],
  'readonly-onto-proc': ['/proc/self', c => Object.assign(c.linux, { readonlyPaths: ['/link'] })],
  'remount-of-sysfs': [
    '/sys',
    c => c.mounts.push({ destination: '/link', options: ['remount', 'bind', 'rw'] }),
  ],
  'remount-of-dev': [
    '/dev',
    c => c.mounts.push({ destination: '/link', options: ['remount', 'bind', 'exec'] }),
  ],
};
for (const [what, [target, change]] of Object.entries(targets))
  test(`links/${what}-is-refused`, {
    files: bundle => files(bundle, target),
    config: (c, { dir }) => void change(c, dir),
    skip: () => (/cgroup/.test(target) && !existsSync(target) ? `no ${target} here` : undefined),
    refused: /link/,
  });

// An image whose /proc is a link, and a config.json that mounts none there.
const linkedProc: Readonly<Record<string, Change>> = {
  'a-bind': bind('file', '/proc/uptime'),
  'a-mask': c => Object.assign(c.linux, { maskedPaths: ['/proc/uptime'] }),
};
for (const [what, change] of Object.entries(linkedProc))
  test(`links/proc-itself-is-none-for-${what}`, {
    files: bundle => {
      files(bundle, '/data');
      rmdirSync(join(bundle.rootfs, 'proc'));
      symlinkSync('/sys', join(bundle.rootfs, 'proc'));
    },
    config: (c, { dir }) => {
      c.mounts = c.mounts.filter(({ destination }) => destination !== '/proc');
      c.linux.maskedPaths = [];
      c.linux.readonlyPaths = [];
      change(c, dir);
    },
    refused: /proc/,
  });

// A volume that the host's users reach must not be where a node ends up.
for (const [what, place, node] of [
  ['devices-stay-below-dev', 'dev/sub', '/dev/sub/node'],
  ['devices-are-made-in-no-volume', 'dev', '/dev/node'],
] as const)
  test(`links/${what}`, {
    files: ({ dir, rootfs }) => {
      mkdirSync(join(dir, 'volume'));
      mkdirSync(join(rootfs, 'volume'));
      if (place === 'dev') rmdirSync(join(rootfs, 'dev'));
      symlinkSync('/volume', join(rootfs, place));
    },
    config: (c, { dir }) => {
      c.mounts = c.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
      c.mounts.push({ destination: '/volume', type: 'bind', source: join(dir, 'volume'), options: ['bind'] });
      c.linux.devices = [{ path: node, type: 'c', major: 1, minor: 3 }];
    },
    drive: async t => {
      await t.run();
      assert.not.ok(existsSync(join(t.bundle.dir, 'volume/node')));
    },
  });

for (const [kind, change] of Object.entries({ tmpfs: mount('tmpfs'), bind: bind('directory') }))
  test(`links/${kind}-elsewhere-is-made`, {
    files: bundle => files(bundle, '/data'),
    config: (c, { dir }) => void change(c, dir),
    probes: ['ls /data'],
    inside: ({ at }) => assert.equal(at('ls /data').names, []),
  });

test('links/of-the-kernel-are-followed', {
  // What lies in /sys and /proc by a link of the kernel's own.
  files: bundle => files(bundle, '/data'),
  config: (c, { dir }) => {
    bind('file', '/sys/class/net/lo/address')(c, dir);
    bind('file', '/proc/net/dev')(c, dir);
    c.linux.maskedPaths = ['/sys/class/net/lo/mtu', '/proc/mounts'];
    c.linux.readonlyPaths = ['/sys/class/net/lo'];
  },
  probes: ['read /sys/class/net/lo/address', 'read /sys/class/net/lo/mtu'],
  inside: ({ at }) => {
    assert.is(at('read /sys/class/net/lo/address').text, 'false\n');
    assert.is(at('read /sys/class/net/lo/mtu').text, '');
  },
});

test('links/none-on-the-way-is-what-config-json-says', {
  // The host's /sys shown somewhere else, and something on top of it.
  files: bundle => files(bundle, '/data'),
  config: (c, { dir }) => {
    c.mounts.push(
      { destination: '/host/sys', type: 'bind', source: '/sys', options: ['rbind', 'ro'] },
      { destination: '/host/sys/kernel', type: 'tmpfs', source: 'tmpfs', options: [] },
    );
    bind('directory', '/host/sys/class')(c, dir);
  },
  probes: ['ls /host/sys/kernel', 'ls /host/sys/class'],
  inside: ({ at }) => {
    assert.equal(at('ls /host/sys/kernel').names, []);
    assert.equal(at('ls /host/sys/class').names, []);
  },
});

test('links/remount-of-what-an-earlier-entry-mounted', {
  files: bundle => files(bundle, '/data'),
  config: c => {
    mount('tmpfs')(c, '');
    c.mounts.push({ destination: '/link', options: ['remount', 'bind', 'ro'] });
  },
  inside: ({ report }) => assert.ok(mountAt(report, '/data')?.options.includes('ro')),
});

test('links/terminal-onto-proc-is-refused', {
  files: ({ rootfs }) => symlinkSync('/proc/self/environ', join(rootfs, 'dev/console')),
  config: c => {
    c.mounts = c.mounts.filter(({ destination }) => destination !== '/dev');
    c.process.terminal = true;
  },
  drive: async t => {
    const on = { through: [t.programs.outside, 'pty', '25', '80'] };
    const { code, stdout, stderr } = await t.run([], on);
    assert.is.not(code, 0);
    assert.match(`${stdout}${stderr}`, 'link');
  },
});
