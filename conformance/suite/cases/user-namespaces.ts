/** User namespaces of config.json, with maps that root writes (config-linux.md, "User namespace mappings"). */
import { chmodSync, chownSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config, Mount } from '../../harness/config.js';
import { type Driver, test } from '../case.js';

const FIRST = 100_000;

const mapped = (size = 65_536) => [{ containerID: 0, hostID: FIRST, size }];

function users(c: Config): void {
  c.linux.namespaces.push({ type: 'user' });
  c.linux.uidMappings = mapped();
  c.linux.gidMappings = mapped();
}

const inUsers =
  (change: (c: Config) => void = () => undefined) =>
  (c: Config): void => {
    users(c);
    change(c);
  };

test('users/ids-are-mapped', {
  config: users,
  probes: ['stat /', 'stat /dev/shm'],
  inside: ({ report, at }) => {
    assert.match(report.uidMap.trim(), /^0 +100000 +65536$/);
    assert.equal([report.uid, report.gid, report.groups], [[0, 0, 0], [0, 0, 0], []]);
    // What init makes is root's, what is the host's belongs to nobody.
    assert.is(at('stat /dev/shm').uid, 0);
    assert.is(at('stat /').uid, 65_534);
  },
});

test('users/host-sees-the-ids-of-the-map', {
  config: inUsers(c => {
    c.process.user = { uid: 1000, gid: 1001, additionalGids: [5] };
    c.process.args = ['/bin/reporter', 'sleep'];
  }),
  drive: async t => {
    const { pid, printed } = await t.create();
    await t.start();
    await printed('ready');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    assert.match(status, /^Uid:\t101000\t101000\t101000\t101000$/m);
    assert.match(status, /^Gid:\t101001\t101001\t101001\t101001$/m);
    assert.match(status, /^Groups:\t100005 *$/m);
    const seen = await t.exec([t.id, '/bin/sh', '-c', 'cat /proc/self/uid_map']);
    assert.is(seen.code, 0, seen.stderr);
    assert.match(seen.stdout, /^ *0 +100000 +65536\n$/);
  },
});

test('users/devices-are-those-of-the-host', {
  config: users,
  probes: ['stat /dev/null', 'stat /dev/tty', 'open /dev/null rw', 'poke /dev/full', 'readlink /dev/ptmx'],
  inside: ({ at }) => {
    for (const [name, rdev] of [
      ['null', '1:3'],
      ['tty', '5:0'],
    ])
      assert.equal([at(`stat /dev/${name}`).type, at(`stat /dev/${name}`).rdev], ['character', rdev]);
    assert.is(at('open /dev/null rw').error, '');
    assert.is(at('poke /dev/full').error, 'ENOSPC');
    assert.is(at('readlink /dev/ptmx').target, 'pts/ptmx');
  },
});

test('users/all-capabilities-inside', {
  // This very process may lack some of them; a user namespace has them all.
  config: inUsers(c => {
    const all = ['CAP_SYS_ADMIN', 'CAP_SYS_RESOURCE', 'CAP_MKNOD', 'CAP_CHOWN'];
    c.process.capabilities = { bounding: all, permitted: all, effective: all };
  }),
  inside: ({ report }) => assert.equal([...report.caps.effective].sort(), [0, 21, 24, 27]),
});

test('users/score-and-limits-are-set-with-the-rights-of-the-host', {
  config: inUsers(c => {
    c.process.oomScoreAdj = 17;
    c.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 512, hard: 1024 }];
  }),
  inside: ({ report }) => {
    assert.is(report.oomScoreAdj.trim(), '17');
    assert.equal(report.rlimits.NOFILE, [512, 1024]);
  },
});

test('users/sysfs-without-a-network-namespace', {
  config: inUsers(c => {
    c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== 'network');
  }),
  probes: ['ls /sys', 'open /sys/kernel/profiling rw'],
  inside: ({ at }) => {
    assert.ok(at('ls /sys').names?.includes('kernel'));
    assert.is.not(at('open /sys/kernel/profiling rw').error, '');
  },
});

test('users/maps-without-a-namespace-have-no-effect', {
  config: c => {
    c.linux.uidMappings = mapped();
  },
  inside: ({ report }) => assert.match(report.uidMap.trim(), /^0 +0 +4294967295$/),
});

test('users/unmapped-user-is-refused', {
  config: inUsers(c => {
    c.process.user = { uid: 70_000, gid: 0 };
  }),
  refused: /70000|uid|invalid/i,
});

test('users/unmapped-root-is-refused', {
  config: inUsers(c => {
    c.linux.gidMappings = [{ containerID: 1, hostID: FIRST, size: 10 }];
  }),
  refused: /gid|map|invalid/i,
});

/** A directory with a file of user 1000, on the way to which is one that nobody else may enter. */
function hiddenData(t: Driver): string {
  const outside = join(t.dir, 'of-user-1000');
  const data = join(outside, 'data');
  mkdirSync(data, { recursive: true });
  // Root of the container may not make it.
  mkdirSync(join(t.bundle.dir, 'rootfs', 'mnt'));
  writeFileSync(join(data, 'file'), 'found');
  for (const path of [outside, data, join(data, 'file')]) chownSync(path, 1000, 1001);
  chmodSync(outside, 0o700);
  return data;
}

test('users/binds-what-only-root-of-the-host-reaches', {
  drive: async t => {
    const source = hiddenData(t);
    t.configure(c => {
      users(c);
      c.mounts.push({ destination: '/mnt', type: 'bind', source, options: ['rbind', 'ro'] });
      c.process.args = ['/bin/sh', '-c', 'cat /mnt/file; echo no >/mnt/file'];
    });
    const finished = await t.run();
    assert.match(finished.stdout, /^found/);
    assert.match(finished.stderr, /Read-only file system/);
  },
});

const peersWithoutMaps = (runtime: string) =>
  runtime === 'runc' ? 'runc maps owners of mounts since 1.2' : undefined;

const one = (containerID: number, hostID: number) => [{ containerID, hostID, size: 1 }];

const mappedMounts: readonly (readonly [
  name: string,
  inNamespace: boolean,
  Omit<Mount, 'destination'>,
  string,
])[] = [
  ['as-the-container-has-it', true, { options: ['bind', 'idmap'] }, '1000:1001'],
  [
    'of-its-own',
    true,
    { options: ['bind'], uidMappings: one(1000, FIRST + 7), gidMappings: one(1001, FIRST + 8) },
    '7:8',
  ],
  [
    'of-its-own-with-what-is-below',
    false,
    { options: ['rbind', 'ridmap'], uidMappings: one(1000, 7), gidMappings: one(1001, 8) },
    '7:8',
  ],
  ['as-crun-writes-it', false, { options: ['bind', 'idmap=uids=1000-7-1;gids=1001-8-1'] }, '7:8'],
];

for (const [name, inNamespace, mapping, owner] of mappedMounts)
  test(`users/mount-maps-owners-${name}`, {
    skip: peersWithoutMaps,
    drive: async t => {
      const source = hiddenData(t);
      t.configure(c => {
        if (inNamespace) users(c);
        c.mounts.push({ destination: '/mnt', type: 'bind', source, ...mapping });
        c.process.args = ['/bin/sh', '-c', 'stat -c %u:%g /mnt/file'];
      });
      const finished = await t.run();
      assert.is(finished.code, 0, finished.stderr);
      assert.is(finished.stdout.trim(), owner);
    },
  });

test('users/map-of-a-mount-of-no-container-is-refused', {
  skip: runtime => (runtime === 'runc' ? 'runc before 1.2 does not look at it' : undefined),
  config: c => {
    c.mounts.push({ destination: '/mnt', type: 'bind', source: '/tmp', options: ['bind', 'idmap'] });
  },
  refused: /idmap|uidMappings|user namespace|mount_setattr/i,
});

test('users/file-system-that-takes-no-maps-is-refused', {
  skip: peersWithoutMaps,
  config: c => {
    c.mounts.push({
      destination: '/mnt',
      type: 'bind',
      source: '/proc',
      options: ['bind'],
      uidMappings: one(0, 7),
      gidMappings: one(0, 7),
    });
  },
  refused: /map|invalid argument|mount_setattr/i,
});

/** A user namespace that somebody else has made, and his network namespace. */
async function othersNamespace(t: Driver): Promise<{ readonly path: string; readonly name: string }> {
  const holder = t.helper(['unshare', '--user', 'sh', '-c', 'echo ready; exec sleep 1000']);
  await holder.printed('ready');
  for (const file of ['uid_map', 'gid_map'])
    writeFileSync(`/proc/${holder.pid}/${file}`, `0 ${FIRST} 65536\n`);
  const path = `/proc/${holder.pid}/ns/user`;
  return { path, name: readlinkSync(path) };
}

test('users/joined-by-path', {
  drive: async t => {
    const { path, name } = await othersNamespace(t);
    t.configure(c => {
      // The one of the host, in which root of the user namespace has no rights.
      c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== 'network');
      c.linux.namespaces.push({ type: 'network', path: '/proc/self/ns/net' }, { type: 'user', path });
      c.linux.uidMappings = mapped();
      c.linux.gidMappings = mapped();
      c.process.args = ['/bin/reporter', 'sleep'];
    });
    const { pid, printed } = await t.create();
    await t.start();
    await printed('ready');
    assert.is(readlinkSync(`/proc/${pid}/ns/user`), name);
    assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Uid:\t100000\t/m);
    const seen = await t.exec([t.id, '/bin/sh', '-c', 'readlink /proc/self/ns/user; cat /proc/self/uid_map']);
    assert.is(seen.code, 0, seen.stderr);
    assert.match(seen.stdout, /^user:\[\d+\]\n *0 +100000 +65536\n$/);
  },
});

/** With groups that nobody may drop in there; this is done outside. */
test('users/joined-where-groups-are-denied', {
  drive: async t => {
    // As `unshare --map-root-user` of a user makes it: only root of it has an id, and setgroups(2) is not allowed.
    const holder = t.helper([
      'unshare',
      '--user',
      '--map-root-user',
      'sh',
      '-c',
      'echo ready; exec sleep 1000',
    ]);
    await holder.printed('ready');
    assert.is(readFileSync(`/proc/${holder.pid}/setgroups`, 'utf8'), 'deny\n');
    t.configure(c => {
      c.linux.namespaces.push({ type: 'user', path: `/proc/${holder.pid}/ns/user` });
      c.linux.uidMappings = one(0, 0);
      c.linux.gidMappings = one(0, 0);
      for (const mount of c.mounts)
        mount.options = (mount.options ?? []).filter(option => option !== 'gid=5');
      c.process.args = ['/bin/reporter', 'sleep'];
    });
    const withGroups = { throughRoot: ['setpriv', '--groups', '5,77'] };
    const groups = (status: string) => /^Groups:.*$/m.exec(status)?.[0].trim();
    const { pid, printed } = await t.create([], withGroups);
    await t.start();
    await printed('ready');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    assert.match(status, /^Uid:\t0\t/m);
    assert.is(groups(status), 'Groups:');
    const seen = await t.exec([t.id, '/bin/sh', '-c', 'id -u; id -g; cat /proc/self/status'], withGroups);
    assert.is(seen.code, 0, seen.stderr);
    assert.match(seen.stdout, /^0\n0\n/);
    assert.is(groups(seen.stdout), 'Groups:');
  },
});

/** As `unshare --map-root-user` begins: the mounts are those of the host, which root of the user namespace may leave, but not enter again. */
test('namespaces/users-below-others-in-mounts-of-neither', {
  as: ['user'],
  drive: async t => {
    t.configure(c => {
      c.linux.uidMappings = one(0, 0);
      c.linux.gidMappings = one(0, 0);
      c.process.args = ['/bin/sh', '-c', 'cat /proc/self/uid_map'];
    });
    const run = await t.run([], { through: ['unshare', '--user', '--map-root-user'] });
    assert.is(run.code, 0, run.stderr);
    assert.match(run.stdout, /^ *0 +0 +1\n$/);
  },
});

test('users/path-of-another-kind-is-refused', {
  config: c => {
    c.linux.namespaces.push({ type: 'user', path: '/proc/self/ns/ipc' });
  },
  refused: /./,
});
