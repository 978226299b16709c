import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { thisProcess } from './caller.js';
import { type CgroupSources, PlaceMemory, probeCgroups } from './cgroup-facts.js';
import { forgetAhead, lookAhead, nameIn, probeHostFacts } from './facts.js';
import { capabilityNumbers, parseCgroupLines, parseKernelVersion } from './facts-text.js';
import { Looks } from './looks.js';

const V1 = 0x27e0eb;
const V2 = 0x63677270;

/** A machine with these file systems and /proc files; reading anything else gives nothing. */
const machine = (magics: Record<string, number>, files: Record<string, string>): CgroupSources => ({
  magicOf: path => magics[path] ?? null,
  read: path => files[path] ?? null,
});

test('kernel releases', () => {
  assert.equal(parseKernelVersion('6.18.44-fc-v657\n'), { major: 6, minor: 18 });
  assert.equal(parseKernelVersion('4.19.0\n'), { major: 4, minor: 19 });
  assert.equal(parseKernelVersion('what'), { major: 0, minor: 0 });
});

test('capabilities are those both permitted and in the bounding set', () => {
  const status =
    'Name:\tx\nCapInh:\t0000000000000000\nCapPrm:\t000000000000000f\nCapBnd:\t0000010000000006\n';
  assert.equal(capabilityNumbers(status), [1, 2]);
  assert.equal(capabilityNumbers(''), []);
});

test('unified layout', () => {
  const facts = probeCgroups(
    machine(
      { '/sys/fs/cgroup/user.slice/a b': V2 },
      {
        '/proc/self/cgroup': '0::/user.slice/a b\n',
        '/sys/fs/cgroup/cgroup.controllers': 'cpu memory pids\n',
      },
    ),
  );
  assert.equal(facts, {
    layout: 'v2',
    unified: { mount: '/sys/fs/cgroup', own: '/user.slice/a b', controllers: ['cpu', 'memory', 'pids'] },
  });
});

test('hybrid and v1 layouts', () => {
  const files = { '/proc/self/cgroup': '3:cpu,cpuacct:/\n1:name=systemd:/a:b\n0::/u\n' };
  const v1 = { '/sys/fs/cgroup/cpu,cpuacct/': V1, '/sys/fs/cgroup/systemd/a:b': V1 };
  const hierarchies = [
    { mount: '/sys/fs/cgroup/cpu,cpuacct', own: '/', controllers: ['cpu', 'cpuacct'] },
    { mount: '/sys/fs/cgroup/systemd', own: '/a:b', controllers: ['name=systemd'] },
  ];
  assert.equal(probeCgroups(machine(v1, files)), { layout: 'v1', hierarchies });
  assert.equal(probeCgroups(machine({ ...v1, '/sys/fs/cgroup/unified/u': V2 }, files)), {
    layout: 'hybrid',
    hierarchies,
    unified: { mount: '/sys/fs/cgroup/unified', own: '/u', controllers: [] },
  });
});

test('in a container without a cgroup namespace the own path is relative to the root of the mount', () => {
  const mountinfo =
    '30 20 0:5 / / rw - ext4 /dev/vda rw\n' +
    '31 30 0:26 /docker/abc /sys/fs/cgroup/pids rw,nosuid shared:1 - cgroup cgroup rw,pids\n' +
    '32 30 0:27 /docker/abc /odd\\040place rw - cgroup cgroup rw,cpu,cpuacct\n';
  const files = {
    '/proc/self/cgroup': '4:pids:/docker/abc\n3:cpu,cpuacct:/docker/abc/x\n2:freezer:/docker\n',
    '/proc/self/mountinfo': mountinfo,
  };
  assert.equal(probeCgroups(machine({}, files)), {
    layout: 'v1',
    hierarchies: [
      { mount: '/sys/fs/cgroup/pids', own: '/', controllers: ['pids'] },
      { mount: '/odd place', own: '/x', controllers: ['cpu', 'cpuacct'] },
    ],
  });
});

test('where hierarchies are is looked for again when the lines of the caller or the mounts have changed', () => {
  const names = ['cpu', 'memory', 'pids', 'freezer'];
  const linesOf = (path: string): string => names.map((name, i) => `${i + 1}:${name}:${path}\n`).join('');
  const these = names
    .map(name => `30 23 0:26 / /sys/fs/cgroup/${name} rw - cgroup cgroup rw,${name}\n`)
    .join('');
  let [path, mounts, mounted, asked, read] = ['/a', these, true, 0, 0];
  let meanwhile = (): unknown => undefined;
  const memory = new PlaceMemory();
  const look = (): number | string => {
    asked = 0;
    const reads = (file: string): string | null => {
      if (file === '/proc/self/cgroup') return linesOf(path);
      read++;
      return mounts;
    };
    const facts = probeCgroups({
      places: { find: (lines, make) => memory.find(lines, reads, new Looks(), make) },
      magicOf: of => {
        asked++;
        meanwhile();
        return mounted && of.endsWith(path) ? V1 : null;
      },
      read: reads,
    });
    if (facts.layout !== 'v1') return facts.layout;
    assert.equal(
      facts.hierarchies,
      names.map(name => ({ mount: `/sys/fs/cgroup/${name}`, own: path, controllers: [name] })),
    );
    return asked;
  };
  // A process that is asked once reads no mounts for it.
  assert.equal([look(), read], [4, 0]);
  assert.equal([look(), look(), look()], [4, 0, 0]);
  path = '/b';
  assert.equal([look(), look()], [4, 0]);
  [mounts, mounted] = ['others\n', false];
  assert.equal([look(), look()], ['none', 'none']);
  [mounts, mounted] = [these, true];
  assert.equal([look(), look()], [4, 0]);
  // What is found by a link is looked for each time: it may lead elsewhere the next.
  mounts = these.replace('/cpu rw', '/m-cpu rw');
  assert.equal([look(), look()], [4, 4]);
  // So is what is found while mounts change.
  mounts = these;
  meanwhile = () => {
    mounts = `${these}${mounts.length}\n`;
  };
  assert.equal([look(), look()], [4, 4]);
  meanwhile = () => undefined;
  mounts = 'many\n'.repeat(10_000);
  read = 0;
  assert.equal([look(), look(), look()], [4, 4, 4]);
  // What is long is read no more.
  assert.is(read, 1);
});

test('no cgroups at all', () => {
  assert.equal(probeCgroups(machine({}, {})), { layout: 'none' });
  assert.equal(parseCgroupLines('garbage\n1:x\n'), []);
});

test('what was looked at for one caller tells another nothing about him', () => {
  const own = thisProcess();
  const other = {
    ...own,
    texts: {
      ...own.texts,
      cgroup: own.texts.cgroup.replace(/:\/.*$/gm, ':/somebody-else'),
      uid_map: '0 5 1\n',
      status: own.texts.status.replace(/^CapPrm:.*$/m, 'CapPrm:\t0000000000000001'),
    },
    namespaces: { ...own.namespaces, user: 1 },
  };
  forgetAhead();
  const [ours, his] = [probeHostFacts(own), probeHostFacts(other)];
  assert.not.equal(ours, his);
  lookAhead(own);
  assert.equal(probeHostFacts(other), his);
  lookAhead(other);
  assert.equal(probeHostFacts(own), ours);
  forgetAhead();
});

test('this machine is probed without a failure', () => {
  const facts = probeHostFacts(thisProcess());
  assert.ok(facts.kernel.major >= 4);
  assert.ok(facts.lastCapability >= 37);
  if (facts.cgroup.layout === 'v2') assert.match(facts.cgroup.unified.own, /^\//);
});

test('the name of a user id in passwd(5)', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/sh\na:x:100:0::/:\nb:x:10:100::/:\nalso-b:x:10:1::/:\n+::::::\n';
  for (const [uid, name] of [
    [0, 'root'],
    [100, 'a'],
    [10, 'b'],
    [1, null],
  ] as const)
    assert.is(nameIn(passwd, uid), name);
});

test.run();
