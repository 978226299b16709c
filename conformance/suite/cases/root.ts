import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { test } from '../case.js';
import { mountAt } from '../report.js';

test('root/read-only', {
  config: c => {
    c.root.readonly = true;
    c.mounts.push({ destination: '/tmp', type: 'tmpfs', source: 'tmpfs' });
  },
  probes: ['write /x', 'write /data/note', 'write /tmp/x', 'write /dev/shm/x'],
  inside: ({ report, at }) => {
    assert.is(at('write /x').error, 'EROFS');
    assert.is(at('write /data/note').error, 'EROFS');
    assert.is(at('write /tmp/x').error, '');
    assert.is(at('write /dev/shm/x').error, '');
    assert.ok(mountAt(report, '/')?.options.includes('ro'));
  },
});

test('root/writable', {
  probes: ['write /x'],
  inside: ({ at }) => assert.is(at('write /x').error, ''),
});

test('root/absolute-path', {
  config: (c, { rootfs }) => {
    c.root.path = rootfs;
  },
  inside: ({ report }) => assert.is(report.pid, 1),
});

test('root/read-only-still-gets-its-mount-points', {
  config: c => {
    c.root.readonly = true;
    c.mounts.push({ destination: '/made/for/it', type: 'tmpfs', source: 'tmpfs' });
  },
  inside: ({ report }) => assert.is(mountAt(report, '/made/for/it')?.type, 'tmpfs'),
});

test('root/missing-is-refused', {
  config: c => {
    c.root.path = 'nowhere';
  },
  refused: /nowhere/,
});

test('root/file-is-refused', {
  config: c => {
    c.root.path = 'config.json';
  },
  refused: /config\.json|not a directory/i,
});

for (const [propagation, pattern] of [
  ['private', /^$/],
  ['rprivate', /^$/],
  ['shared', /shared:/],
  ['rshared', /shared:/],
  ['unbindable', /unbindable/],
] as const) {
  test(`root/propagation-${propagation}`, {
    config: c => {
      c.linux.rootfsPropagation = propagation;
    },
    inside: ({ report }) => assert.match(mountAt(report, '/')?.propagation.join(' ') ?? '', pattern),
  });
}

test('root/propagation-default-is-not-shared', {
  inside: ({ report }) => assert.not.match(report.mountinfo, 'shared:'),
});

/** Where a mount ends up whose destination goes through a link made by `link`. */
const links: readonly (readonly [name: string, target: string, destination: string, real: string])[] = [
  ['absolute', '/data', '/link', '/data'],
  ['absolute-parent', '/data', '/link/sub', '/data/sub'],
  ['relative', 'data', '/link', '/data'],
  ['relative-parent', './home/../data', '/link/sub', '/data/sub'],
  ['dangling', '/nowhere/yet', '/link', '/nowhere/yet'],
  ['dangling-parent', '/nowhere', '/link/sub', '/nowhere/sub'],
  ['climbing-out', '../../../../../../escape', '/link', '/escape'],
  ['climbing-out-parent', '../../../../../../escape', '/link/sub', '/escape/sub'],
];

for (const [name, target, destination, real] of links) {
  test(`root/destination-through-${name}-link`, {
    files: ({ rootfs }) => symlinkSync(target, join(rootfs, 'link')),
    config: c => void c.mounts.push({ destination, type: 'tmpfs', source: 'linked' }),
    inside: ({ report }) => {
      assert.is(mountAt(report, real)?.source, 'linked');
      assert.not.ok(existsSync('/escape') || existsSync('/nowhere'), 'something was made on the host');
    },
  });
}

test('root/destination-with-dots-stays-inside', {
  config: c => void c.mounts.push({ destination: '/../../../../../../dots', type: 'tmpfs', source: 'dots' }),
  inside: ({ report }) => {
    assert.is(mountAt(report, '/dots')?.source, 'dots');
    assert.not.ok(existsSync('/dots'));
  },
});

test('root/destination-link-to-itself-is-refused', {
  files: ({ rootfs }) => symlinkSync('link', join(rootfs, 'link')),
  config: c => void c.mounts.push({ destination: '/link/sub', type: 'tmpfs', source: 'x' }),
  refused: /link/i,
});

for (const [kind, make] of [
  ['fifo', (path: string) => execFileSync('mkfifo', [path])],
  ['device', (path: string) => execFileSync('mknod', [path, 'c', '1', '5'])],
  ['file', (path: string) => writeFileSync(path, '')],
] as const) {
  test(`root/${kind}-as-parent-of-destination-is-refused`, {
    files: ({ rootfs }) => void make(join(rootfs, 'odd')),
    config: c => void c.mounts.push({ destination: '/odd/below', type: 'tmpfs', source: 'x' }),
    refused: /odd|not a directory/i,
  });
}

test('root/file-bind-over-fifo', {
  // Opening the destination to see whether it is there would wait for a writer for ever.
  files: ({ rootfs }) => void execFileSync('mkfifo', [join(rootfs, 'pipe')]),
  config: (c, { dir }) =>
    void c.mounts.push({
      destination: '/pipe',
      type: 'bind',
      source: join(dir, 'config.json'),
      options: ['bind'],
    }),
  probes: ['stat /pipe'],
  inside: ({ at }) => assert.is(at('stat /pipe').type, 'file'),
});

test('root/proc-as-link-is-refused', {
  files: ({ rootfs }) => {
    rmdirSync(join(rootfs, 'proc'));
    symlinkSync('/data', join(rootfs, 'proc'));
  },
  // What is masked below it would be refused, too.
  config: c => {
    c.linux.maskedPaths = [];
    c.linux.readonlyPaths = [];
  },
  refused: /proc/,
});

test('root/proc-onto-another-place-is-refused', {
  // CVE-2019-19921: a mount over /proc lets the image answer what the runtime asks there.
  config: (c, { rootfs }) =>
    void c.mounts.push({
      destination: '/proc',
      type: 'bind',
      source: join(rootfs, 'data'),
      options: ['bind'],
    }),
  refused: /proc/,
});

test('root/dev-as-link-out-of-the-root', {
  // CVE-2026-41579, CVE-2026-47766. Refusing is fine, resolving inside the root is fine.
  files: ({ dir, rootfs }) => {
    mkdirSync(join(dir, 'victim'));
    rmdirSync(join(rootfs, 'dev'));
    symlinkSync(join(dir, 'victim'), join(rootfs, 'dev'));
  },
  config: c => {
    c.mounts = c.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
    c.linux.devices = [{ path: '/dev/made', type: 'c', major: 1, minor: 3 }];
  },
  drive: async t => {
    await t.run();
    assert.equal(readdirSync(join(t.bundle.dir, 'victim')), []);
  },
});

test('root/dev-as-link-inside-the-root', {
  files: ({ rootfs }) => {
    renameSync(join(rootfs, 'dev'), join(rootfs, 'devices'));
    symlinkSync('/devices', join(rootfs, 'dev'));
  },
  drive: async t => {
    const finished = await t.run();
    if (finished.code !== 0) assert.match(finished.stderr, /dev/);
  },
});

test('root/cwd-through-link-out-of-the-root', {
  files: ({ rootfs }) => symlinkSync('/../../../../etc', join(rootfs, 'link')),
  config: c => {
    c.process.cwd = '/link';
    c.process.args = ['/bin/reporter', 'ls', '.'];
  },
  drive: async t => {
    const finished = await t.run();
    assert.is(JSON.parse(finished.stdout).names.join(), 'group,passwd');
  },
});

/** A procfs without masks anywhere in the mount namespace would allow it (mount_too_revealing() of the kernel's fs/namespace.c). */
test('root/no-pivot-hides-the-kernel-files-of-the-host', {
  config: c => {
    const mount = 'busybox unshare -r -m -p -f busybox mount -t proc proc /tmp';
    // As root it would take CAP_SETFCAP to be root in there.
    c.process.user = { uid: 1000, gid: 1000 };
    c.process.args = ['/bin/busybox', 'sh', '-c', `PATH=/bin; busybox unshare -r busybox true && ! ${mount}`];
  },
  drive: async t => {
    for (const args of [[], ['--no-pivot']]) {
      const finished = await t.run(args);
      assert.is(finished.code, 0, `${args}: ${finished.stderr}`);
    }
  },
});
