/**
 * What of the host a container can reach, it must not be able to change: its inodes. A node that stands for the host's /dev/null is what the runtime finds
 * under that name, and what the caller has open; the host's own is never at risk.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { type Driver, type RuntimeOptions, test } from '../case.js';

interface HostNode {
  readonly path: string;
  readonly asBefore: () => void;
}

/** A character device of major number 1, on the host. */
function hostNode(t: Driver, name: string, minor: number): HostNode {
  const path = join(t.bundle.dir, name);
  execFileSync('mknod', ['-m', '666', path, 'c', '1', String(minor)]);
  const look = () => {
    const { mode, uid, gid, mtimeMs } = statSync(path);
    return { mode, uid, gid, mtimeMs };
  };
  const before = look();
  return { path, asBefore: () => assert.equal(look(), before, `${name} of the host`) };
}

/** The same, in the place of the host's. */
function hostNull(t: Driver): HostNode {
  const node = hostNode(t, 'host-null', 3);
  t.mount('--bind', node.path, '/dev/null');
  return node;
}

/** Everything that an owner may do to a file without any capability. */
function harm(...paths: readonly string[]): readonly string[] {
  const each = paths
    .map(path => `busybox chmod 000 ${path}; busybox touch -d 1999-01-01 ${path}; busybox chown 7:7 ${path};`)
    .join(' ');
  return ['/bin/sh', '-c', `${each} true`];
}
const streams = harm('/proc/self/fd/0', '/proc/self/fd/1', '/proc/self/fd/2');

function withoutCapabilities(c: Config): void {
  c.process.capabilities = {};
  c.process.noNewPrivileges = true;
}

/** The runtime with standard streams as a shell makes them. */
const shell = (streamsOf: string) => ({ throughRoot: ['/bin/sh', '-c', `exec "$@" ${streamsOf}`, 'sh'] });

/** Which rights the container has makes no difference. */
const rights: Readonly<Record<string, (c: Config) => void>> = {
  'without-capabilities': withoutCapabilities,
  'with-chown-and-fowner': c => {
    const names = ['CAP_CHOWN', 'CAP_FOWNER', 'CAP_DAC_OVERRIDE', 'CAP_MKNOD'];
    c.process.capabilities = { bounding: names, effective: names, permitted: names };
  },
};

for (const [which, grant] of Object.entries(rights)) {
  test(`inodes/streams-of-run-${which}`, {
    config: c => {
      grant(c);
      c.process.args = [...streams];
    },
    drive: async t => {
      const node = hostNode(t, 'null', 3);
      await t.run([], shell(`<${node.path} >${node.path} 2>${node.path}`));
      node.asBefore();
    },
  });

  test(`inodes/streams-of-exec-${which}`, {
    config: c => {
      grant(c);
      c.process.args = ['/bin/reporter', 'sleep'];
    },
    drive: async t => {
      await t.create();
      await t.start();
      const node = hostNode(t, 'null', 3);
      const finished = await t.exec([t.id, ...streams], shell(`<${node.path} >${node.path} 2>${node.path}`));
      assert.is(finished.code, 0);
      node.asBefore();
    },
  });

  test(`inodes/mask-of-a-file-${which}`, {
    config: c => {
      grant(c);
      c.linux.maskedPaths = ['/proc/version', '/data/note'];
      c.process.args = [...harm('/proc/version', '/data/note')];
    },
    drive: async t => {
      const node = hostNull(t);
      await t.run();
      node.asBefore();
    },
  });
}

test('inodes/mask-of-a-file-made-writable', {
  // CAP_SYS_ADMIN may undo the mask; what comes to light is the container's.
  config: c => {
    const names = ['CAP_SYS_ADMIN', 'CAP_FOWNER', 'CAP_CHOWN'];
    c.process.capabilities = { bounding: names, effective: names, permitted: names };
    c.process.noNewPrivileges = false;
    c.linux.maskedPaths = ['/data/note'];
    const [program = '', option = '', script = ''] = harm('/data/note');
    c.process.args = [program, option, `busybox mount -o remount,bind,rw /data/note; ${script}`];
  },
  drive: async t => {
    const node = hostNull(t);
    await t.run();
    node.asBefore();
  },
});

test('inodes/stdin-of-run-closed', {
  config: c => {
    withoutCapabilities(c);
    c.process.args = [...harm('/proc/self/fd/0')];
  },
  drive: async t => {
    const node = hostNull(t);
    await t.run([], shell('<&-'));
    node.asBefore();
  },
});

for (const detach of [false, true])
  test(`inodes/stdin-of-exec-closed${detach ? '-and-detached' : ''}`, {
    config: c => {
      withoutCapabilities(c);
      c.process.args = ['/bin/reporter', 'sleep'];
    },
    drive: async t => {
      const created = await t.create();
      await t.start();
      const node = hostNull(t);
      const [program = '', option = '', script = ''] = harm('/proc/self/fd/0');
      const harmed = [program, option, `${script}; echo harmed >/proc/1/fd/1`];
      await t.exec([...(detach ? ['--detach'] : []), t.id, ...harmed], shell('<&-'));
      if (detach) await created.printed('harmed');
      node.asBefore();
    },
  });

test('inodes/streams-of-create-and-of-start', {
  config: c => {
    withoutCapabilities(c);
    c.process.args = [...streams];
  },
  drive: async t => {
    const node = hostNode(t, 'null', 3);
    const created = await t.create([], shell(`<${node.path} >${node.path} 2>${node.path}`));
    await t.call('start', [t.id], shell(`<${node.path} >${node.path} 2>${node.path}`));
    await created.ended();
    node.asBefore();
  },
});

test('inodes/streams-of-a-hook-inside', {
  config: c => {
    withoutCapabilities(c);
    const [path = '', ...args] = streams;
    c.hooks = { startContainer: [{ path, args: [path, ...args], env: ['PATH=/bin'] }] };
    c.process.args = ['/bin/reporter', 'exit', '0'];
  },
  drive: async t => {
    const node = hostNull(t);
    await t.run([], shell(`<${node.path} >${node.path} 2>${node.path}`));
    node.asBefore();
  },
});

for (const [name, minor] of Object.entries({ zero: 5, full: 7, random: 8, urandom: 9 }))
  test(`inodes/stdin-of-exec-is-dev-${name}`, {
    config: c => {
      withoutCapabilities(c);
      c.process.args = ['/bin/reporter', 'sleep'];
    },
    drive: async t => {
      await t.create();
      await t.start();
      const node = hostNode(t, name, minor);
      await t.exec([t.id, ...harm('/proc/self/fd/0')], { stdin: node.path });
      node.asBefore();
      const read = 'busybox head -c 3 | busybox wc -c';
      const { stdout } = await t.exec([t.id, '/bin/sh', '-c', read], { stdin: node.path });
      assert.is(stdout.trim(), '3');
    },
  });

/** What a root file system or a volume can have under the name of the null device. */
const images: Readonly<Record<string, (path: string) => unknown>> = {
  missing: () => undefined,
  'a-file': path => writeFileSync(path, 'false\n'),
  'a-fifo': path => execFileSync('mkfifo', [path]),
  'a-link': path => execFileSync('ln', ['-s', 'zero', path]),
  'another-device': path => execFileSync('mknod', [path, 'c', '1', '7']),
  'a-directory': path => mkdirSync(path),
};
for (const [what, make] of Object.entries(images))
  test(`inodes/null-device-of-the-container-is-${what}`, {
    // They take what is called so for it: read it for ever, wait for somebody at its other end, or do not start.
    skip: runtime => (/^chos/.test(runtime) ? undefined : 'crun and runc believe the name'),
    config: (c, { dir }) => {
      withoutCapabilities(c);
      mkdirSync(join(dir, 'dev'));
      make(join(dir, 'dev/null'));
      c.mounts = c.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
      c.mounts.push({ destination: '/dev', type: 'bind', source: join(dir, 'dev'), options: ['bind'] });
      c.linux.maskedPaths = ['/data/note'];
      const look = 'busybox stat -L -c %t:%T /data/note /proc/self/fd/0; busybox head -c 9 /data/note;';
      const [program = '', option = '', script = ''] = harm('/data/note', '/proc/self/fd/0');
      c.process.args = [program, option, `${look} ${script}`];
    },
    drive: async t => {
      const node = hostNull(t);
      const { stdout, code, stderr } = await t.run([], { stdin: node.path });
      node.asBefore();
      assert.is(code, 0, stderr);
      assert.is(stdout, '1:3\n1:3\n');
    },
  });

test('inodes/no-place-of-the-mask-is-left', {
  skip: runtime => (/^chos/.test(runtime) ? undefined : 'crun and runc do not start without a null device'),
  // A container without a null device of its own gets one from a file system that is put away again.
  config: (c, { dir }) => {
    mkdirSync(join(dir, 'dev'));
    c.mounts = c.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
    c.mounts.push({ destination: '/dev', type: 'bind', source: join(dir, 'dev'), options: ['bind'] });
    c.linux.maskedPaths = ['/data/note'];
  },
  inside: ({ report }) => {
    const points = report.mountinfo
      .trim()
      .split('\n')
      .map(line => line.split(' ')[4]);
    assert.is(points.filter(point => point === '/').length, 1, points.join());
  },
});

/** A file of the host as a standard stream: what `exec --user` and `run` do to its owner. */
const uidOf = (path: string) => statSync(path).uid;

for (const command of ['run', 'exec'] as const) {
  const call = async (
    t: Driver,
    args: readonly string[],
    streamsOf: string,
    opened: RuntimeOptions = shell(streamsOf),
  ) => {
    if (command === 'run') {
      t.configure(c => {
        c.process.user = { uid: 1000, gid: 1000 };
        c.process.args = [...args];
      });
      return t.run([], opened);
    }
    await t.create();
    await t.start();
    return t.exec(['--user', '1000', t.id, ...args], opened);
  };
  const config = (c: Config) => {
    c.process.args = ['/bin/reporter', 'sleep'];
  };
  const byCaller = (streamsOf: string) => ({ through: shell(streamsOf).throughRoot });
  const rereads = ['/bin/sh', '-c', 'echo again >/dev/stdout'];

  test(`streams/${command}-gives-no-file-away-that-is-only-read`, {
    config,
    drive: async t => {
      const file = join(t.bundle.dir, 'secret');
      writeFileSync(file, 'secret\n', { mode: 0o600 });
      const { stdout } = await call(t, ['/bin/sh', '-c', 'read -r word; echo $word'], `<${file}`);
      assert.is(stdout, 'secret\n');
      assert.is(uidOf(file), 0);
    },
  });

  test(`streams/${command}-lets-the-user-open-a-file-again`, {
    config,
    drive: async t => {
      const file = join(t.bundle.dir, 'output');
      const { code, stderr } = await call(t, rereads, '', byCaller(`>>${file}`));
      assert.is(code, 0, stderr);
    },
  });

  test(`streams/${command}-lets-the-user-open-a-pipe-again`, {
    config,
    drive: async t => {
      const { stdout } = await call(t, rereads, '', byCaller('| cat'));
      assert.is(stdout, 'again\n');
    },
  });

  test(`streams/${command}-gives-no-block-device-away`, {
    config,
    skip: () => (existsSync('/dev/loop0') ? undefined : 'no block device that can be opened'),
    drive: async t => {
      const device = join(t.bundle.dir, 'disk');
      execFileSync('mknod', ['-m', '600', device, 'b', '7', '0']);
      const { code, stderr } = await call(t, ['/bin/sh', '-c', 'exit 0'], `<>${device}`);
      assert.is(code, 0, stderr);
      assert.is(uidOf(device), 0);
    },
  });
}
