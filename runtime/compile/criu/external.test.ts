import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DumpFacts, MountFact } from '../../../spec/dump-facts.js';
import { specOf } from '../test/input.js';
import {
  boundPlaces,
  foreignMounts,
  foreignNamespaces,
  foreignStreams,
  restoredMounts,
  streamsText,
} from './external.js';

const config = specOf({
  mounts: [
    { destination: '/data', type: 'bind', source: 'data', options: ['bind'] },
    { destination: '/var/run/x', type: 'bind', source: '/srv/x', options: ['bind'] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup' },
    { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' },
  ],
  linux: {
    namespaces: [{ type: 'mount' }, { type: 'pid', path: '/p' }, { type: 'network', path: '/n' }],
    maskedPaths: ['/proc/kcore'],
  },
}).config;

const mount = (point: string, device: string, type: string, root = '/'): MountFact => ({
  id: 1,
  point,
  device,
  type,
  root,
});

const facts = (mounts: readonly MountFact[]): DumpFacts => ({
  mounts,
  hostDevices: new Set(['8:1', '0:5', '0:9', '0:20']),
  streams: [
    { target: '/dev/null', kind: 'outside', key: 'file[1:2]' },
    { target: 'pipe:[7]', kind: 'other', key: 'pipe:[7]' },
    { target: '/dev/pts/3', kind: 'terminal', key: 'tty[8803:16]' },
  ],
  places: new Map([['/var/run/x', '/run/x']]),
  namespaces: { network: 11, pid: 12 },
});

test('what is mounted on the host is its own, and goes by the name of config.json', () => {
  const { external, unknown } = foreignMounts(
    config,
    facts([
      mount('/', '8:1', 'ext4', '/root'),
      mount('/data', '8:1', 'ext4', '/srv'),
      mount('/run/x', '8:1', 'ext4', '/x'),
      mount('/tmp', '0:77', 'tmpfs'),
      mount('/proc', '0:78', 'proc'),
      mount('/sys', '0:20', 'sysfs'),
      mount('/proc/kcore', '0:5', 'devtmpfs', '/null'),
      mount('/sys/fs/cgroup', '0:9', 'cgroup2', '/box'),
      mount('/elsewhere', '8:1', 'ext4', '/y'),
    ]),
  );
  assert.equal(external, [
    'mnt[/data]:/data',
    'mnt[/run/x]:/var/run/x',
    'mnt[/proc/kcore]:/proc/kcore',
    'mnt[/sys/fs/cgroup]:/sys/fs/cgroup',
  ]);
  assert.equal(unknown, ['/elsewhere']);
});

test('on v1 the cgroups are one mount for each hierarchy', () => {
  const { external } = foreignMounts(config, facts([mount('/sys/fs/cgroup/pids', '0:9', 'cgroup', '/box')]));
  assert.equal(external, ['mnt[/sys/fs/cgroup/pids]:/sys/fs/cgroup/pids']);
  const v1 = { version: 1, mount: '/sys/fs/cgroup/pids', path: '/sys/fs/cgroup/pids/new' } as const;
  assert.ok(
    restoredMounts(config, '/b', [v1]).external.includes('mnt[/sys/fs/cgroup/pids]:/sys/fs/cgroup/pids/new'),
  );
});

test('every name of a checkpoint has a source at the restore', () => {
  const v2 = { version: 2, mount: '/sys/fs/cgroup', path: '/sys/fs/cgroup/new' } as const;
  const { external, sources } = restoredMounts(config, '/b', [v2]);
  assert.equal(external, [
    'mnt[/data]:/b/data',
    'mnt[/var/run/x]:/srv/x',
    'mnt[/proc/kcore]:/dev/null',
    'mnt[/sys/fs/cgroup]:/sys/fs/cgroup/new',
  ]);
  assert.equal(sources, ['/b/data', '/srv/x', '/sys/fs/cgroup/new']);
  assert.equal(boundPlaces(config), ['/data', '/var/run/x', '/proc/kcore', '/sys/fs/cgroup']);
});

test('namespaces by path have the names that runc and crun give them', () => {
  assert.equal(foreignNamespaces(config, facts([])), ['net[11]:extRootNetNS', 'pid[12]:extRootPidNS']);
  assert.equal(foreignNamespaces(specOf().config, facts([])), []);
});

test('files and terminals of the host are named; the own terminal of a container is not one of them', () => {
  assert.equal(foreignStreams(facts([]), false), ['file[1:2]', 'tty[8803:16]']);
  assert.equal(foreignStreams(facts([]), true), ['file[1:2]']);
  assert.equal(JSON.parse(streamsText(facts([]), false)), ['file[1:2]', 'pipe:[7]', 'tty[8803:16]']);
  assert.equal(JSON.parse(streamsText(facts([]), true)), ['file[1:2]', 'pipe:[7]', '/dev/pts/3']);
});

test.run();
