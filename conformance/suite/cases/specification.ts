/** Sentences of the specification that no other file has a case for. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { type Driver, test } from '../case.js';

for (const command of ['state', 'create', 'start', 'kill', 'delete'])
  test(`operations/${command}-without-an-id-fails`, {
    drive: async t => {
      const finished = await t.call(command, []);
      assert.is.not(finished.code, 0);
      assert.is.not(finished.stderr + finished.stdout, '', 'it says why');
    },
  });

test('rlimits/one-type-twice-is-refused', {
  config: c => {
    c.process.rlimits = [1024, 512].map(limit => ({ type: 'RLIMIT_NOFILE', soft: limit, hard: limit }));
  },
  refused: /rlimit/i,
});

/** What the types of the suite do not allow. */
const odd = (c: Config, annotations: unknown): void => void Object.assign(c, { annotations });

test('annotations/empty-key-is-refused', { config: c => odd(c, { '': 'value' }), refused: /annotation/i });
test('annotations/value-that-is-no-string-is-refused', {
  config: c => odd(c, { 'org.example.number': 1 }),
  refused: /./,
});
test('annotations/unknown-ones-are-kept', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
    odd(c, { 'org.example.nobody-knows': 'it', 'no-dots': '' });
  },
  drive: async t => {
    await t.create();
    const { annotations } = await t.state();
    assert.is(annotations?.['org.example.nobody-knows'], 'it');
    assert.is(annotations?.['no-dots'], '');
  },
});

test('devices/another-file-at-the-path-is-refused', {
  files: ({ rootfs }) => writeFileSync(join(rootfs, 'data/device'), 'a file'),
  config: c => {
    c.linux.devices = [{ path: '/data/device', type: 'c', major: 1, minor: 3, fileMode: 0o666 }];
  },
  refused: /data\/device|exist/i,
});

test('cgroups/owner-stays', {
  skip: () => (existsSync('/sys/fs/cgroup/pids/cgroup.procs') ? undefined : 'needs cgroup v1 controllers'),
  config: c => {
    c.linux.namespaces.push({ type: 'cgroup' });
    c.process.user = { uid: 1000, gid: 1000 };
    c.mounts.push({
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: ['nosuid', 'rw'],
    });
  },
  probes: ['stat /sys/fs/cgroup/pids', 'stat /sys/fs/cgroup/pids/cgroup.procs'],
  inside: ({ at }) => {
    assert.is(at('stat /sys/fs/cgroup/pids').uid, 0);
    assert.is(at('stat /sys/fs/cgroup/pids/cgroup.procs').uid, 0);
  },
});

test('resctrl/without-it-is-refused', {
  skip: () => (existsSync('/sys/fs/resctrl/schemata') ? 'it is mounted here' : undefined),
  config: c => {
    c.linux.intelRdt = { closID: 'guaranteed' };
  },
  refused: /rdt|resctrl/i,
});

const ruled = (c: Config, seccomp: object): void =>
  void Object.assign(c.linux, { seccomp: { defaultAction: 'SCMP_ACT_ALLOW', ...seccomp } });

test('seccomp/errno-with-an-action-that-has-none-is-refused', {
  config: c => ruled(c, { syscalls: [{ names: ['getpid'], action: 'SCMP_ACT_KILL', errnoRet: 1 }] }),
  refused: /errno/i,
});
test('seccomp/default-errno-with-an-action-that-has-none-is-refused', {
  config: c => ruled(c, { defaultErrnoRet: 1 }),
  refused: /errno/i,
});
test('seccomp/metadata-without-a-listener-is-told-of', {
  config: c =>
    ruled(c, { listenerMetadata: 'x', syscalls: [{ names: ['getppid'], action: 'SCMP_ACT_ERRNO' }] }),
  drive: async t => assert.match((await t.run()).stderr, /listener/),
});

/** Every flag of the table of config.md that a tmpfs takes, each on a mount of its own. */
const flags = [
  ...['async', 'atime', 'defaults', 'dev', 'diratime', 'dirsync', 'exec', 'lazytime', 'loud'],
  ...['noatime', 'nodev', 'nodiratime', 'noexec', 'nolazytime', 'norelatime'],
  ...[
    'nostrictatime',
    'nosuid',
    'private',
    'rprivate',
    'rshared',
    'rslave',
    'runbindable',
    'relatime',
    'ro',
    'rw',
  ],
  ...['shared', 'silent', 'slave', 'strictatime', 'suid', 'sync', 'unbindable', 'nosymfollow', 'symfollow'],
];

test('mount-options/every-flag-of-the-table-is-one', {
  config: c => {
    for (const flag of flags)
      c.mounts.push({ destination: `/flags/${flag}`, type: 'tmpfs', source: 'tmpfs', options: [flag] });
  },
  inside: ({ report }) => {
    for (const flag of flags) assert.match(report.mountinfo, ` /flags/${flag} `);
  },
});

interface Features {
  readonly ociVersionMin: string;
  readonly ociVersionMax: string;
  readonly hooks?: readonly string[];
  readonly mountOptions?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly potentiallyUnsafeConfigAnnotations?: readonly string[];
}

async function features(t: Driver): Promise<Features> {
  const finished = await t.call('features', []);
  assert.is(finished.code, 0, finished.stderr);
  return JSON.parse(finished.stdout) as Features;
}
const without = (runtime: string) =>
  ['crun', 'runc'].includes(runtime) ? 'crun 1.8 has it not, runc 1.1 as an experiment' : undefined;
const featured = (name: string, look: (t: Driver, found: Features) => Promise<void> | void): void =>
  test(`features/${name}`, { skip: without, drive: async t => look(t, await features(t)) });
const numbers = (version: string): readonly number[] => version.split(/[.+-]/).slice(0, 3).map(Number);

featured('versions', (_, { ociVersionMin, ociVersionMax }) => {
  const [low, high] = [numbers(ociVersionMin), numbers(ociVersionMax)];
  const first = low.findIndex((part, index) => part !== high[index]);
  assert.ok(first === -1 || (low[first] ?? 0) < (high[first] ?? 0), `${ociVersionMin} ${ociVersionMax}`);
});
featured('versions-are-accepted', async (t, { ociVersionMin, ociVersionMax }) => {
  for (const version of [ociVersionMin, ociVersionMax]) {
    t.configure(c => {
      c.ociVersion = version;
    });
    assert.is((await t.run()).code, 0, version);
  }
});
featured('properties-of-the-version', (_, found) => {
  const known = ['ociVersionMin', 'ociVersionMax', 'hooks', 'mountOptions', 'linux', 'annotations'];
  const all = [...known, 'potentiallyUnsafeConfigAnnotations'];
  assert.equal(
    Object.keys(found).filter(key => !all.includes(key)),
    [],
  );
});
featured('hooks-are-supported', (_, { hooks }) => {
  const kinds = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'];
  assert.equal([...(hooks ?? [])].sort(), kinds.sort());
});
featured('no-mount-option-of-a-file-system', (_, { mountOptions }) => {
  const foreign = ['size', 'mode', 'uid', 'gid', 'lowerdir', 'upperdir', 'newinstance', 'ptmxmode'];
  assert.equal(
    (mountOptions ?? []).filter(name => foreign.includes(name) || name.includes('=')),
    [],
  );
});
featured('annotations-are-strings', (_, { annotations }) => {
  for (const [key, value] of Object.entries(annotations ?? {})) {
    assert.is.not(key, '');
    assert.type(value, 'string');
  }
});
featured('unsafe-annotations-are-named', (_, found) => {
  for (const name of found.potentiallyUnsafeConfigAnnotations ?? []) assert.match(name, /^[\w.-]+$/);
});
