import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Line } from '../program/step.js';
import { compileLaunch } from './compile.js';
import { createLaunch } from './launch/launch.js';
import type { RefusalReason } from './launch/refusal.js';
import { environmentOf } from './process/executable.js';
import { hierarchy, type InputChanges, inputOf, layouts } from './test/input.js';

function refusals(changes: InputChanges): readonly (readonly [path: string, reason: RefusalReason])[] {
  const compiled = compileLaunch(inputOf(changes));
  if (compiled.kind === 'program') return [];
  return compiled.refusals.map(({ because, reason }) => [
    because.kind === 'rule' ? because.rule : because.path,
    reason,
  ]);
}

const withResources = (
  resources: object,
  cgroup: NonNullable<InputChanges['facts']>['cgroup'],
): InputChanges => ({
  config: { linux: { cgroupsPath: '/box', resources } },
  ...(cgroup ? { facts: { cgroup } } : {}),
});

test('the smallest config is compiled', () => {
  assert.equal(refusals({}), []);
});

test('who is not root gets a user namespace of one id, in which it is the user of the process', () => {
  const { config, namespaces } = createLaunch(
    inputOf({ facts: { euid: 1000, egid: 100 }, config: { process: { user: { uid: 5, gid: 6 } } } }),
  );
  assert.is(namespaces.get('user'), 'new');
  assert.equal(config.linux.uidMappings, [{ container: 5, host: 1000, size: 1 }]);
  assert.equal(config.linux.gidMappings, [{ container: 6, host: 100, size: 1 }]);
  assert.equal(refusals({ facts: { euid: 1000 } }), []);
});

test('a user namespace without maps is one of one id for a user, and refused to root', () => {
  const config = { linux: { namespaces: [{ type: 'user' }, { type: 'mount' }] } };
  assert.equal(refusals({ config, facts: { euid: 1000 } }), []);
  assert.equal(refusals({ config }), [['linux.namespaces[0]', { kind: 'needs-mappings' }]]);
});

test('a terminal needs somebody who takes it, a console socket needs a terminal', () => {
  const terminal = { config: { process: { terminal: true } } };
  assert.equal(refusals({ options: { console: true } }), [
    ['process', { kind: 'console-socket-without-terminal' }],
  ]);
  assert.equal(refusals(terminal), [['process.terminal', { kind: 'terminal-without-console-socket' }]]);
  assert.equal(refusals({ ...terminal, options: { console: true } }), []);
  assert.equal(refusals({ ...terminal, options: { entry: 'run', detach: false } }), []);
});

test('no-cgroups: limits cannot be kept without', () => {
  const limited = withResources({ memory: { limit: 1 << 20 }, pids: { limit: 3 } }, layouts.none);
  assert.equal(refusals(limited), [
    ['linux.resources.memory', { kind: 'no-cgroups', property: 'memory' }],
    ['linux.resources.pids', { kind: 'no-cgroups', property: 'pids' }],
  ]);
  const disabled = {
    ...withResources({ pids: { limit: 3 } }, layouts.v2),
    options: { cgroupManager: 'disabled' },
  } as const;
  assert.equal(refusals(disabled), [['linux.resources.pids', { kind: 'no-cgroups', property: 'pids' }]]);
});

test('no-controller: the layout lacks it', () => {
  const cpu = { cpu: { shares: 512 } };
  const found = (layout: string) => [
    ['linux.resources.cpu.shares', { kind: 'no-controller', controller: 'cpu', layout }],
  ];
  assert.equal(
    refusals(withResources(cpu, { layout: 'v1', hierarchies: [hierarchy(['memory'])] })),
    found('v1'),
  );
  assert.equal(refusals(withResources(cpu, layouts.hybrid)), found('hybrid'));
  const unified = { ...layouts.v2.unified, controllers: ['memory'] };
  assert.equal(refusals(withResources(cpu, { layout: 'v2', unified })), found('v2'));
  for (const layout of [layouts.v1, layouts.v2]) assert.equal(refusals(withResources(cpu, layout)), []);
});

test('only-on-v1, only-on-v2', () => {
  const swappiness = { memory: { swappiness: 10 } };
  const property = 'memory.swappiness';
  assert.equal(refusals(withResources(swappiness, layouts.v1)), []);
  assert.equal(refusals(withResources(swappiness, layouts.v2)), [
    ['linux.resources.memory.swappiness', { kind: 'only-on-v1', property }],
  ]);
  const high = { unified: { 'memory.high': '1G' } };
  assert.equal(refusals(withResources(high, layouts.v2)), []);
  assert.equal(
    refusals(withResources(high, layouts.v1)).map(([, reason]) => reason.kind),
    ['only-on-v2'],
  );
});

test('hybrid: a controller that only the unified hierarchy has takes its files', () => {
  assert.equal(
    refusals(withResources({ pids: { limit: 5 }, memory: { limit: 1 << 20 } }, layouts.hybrid)),
    [],
  );
});

test('hybrid: each limit once, and in the words of its hierarchy', () => {
  const cgroup = {
    ...layouts.hybrid,
    unified: { ...layouts.hybrid.unified, controllers: ['cpu', 'hugetlb'] },
  };
  const resources = {
    cpu: { quota: 20000, period: 50000 },
    hugepageLimits: [{ pageSize: '2MB', limit: 4194304 }],
    memory: { limit: 1 << 20 },
  };
  const compiled = compileLaunch(inputOf(withResources(resources, cgroup)));
  const titles =
    compiled.kind === 'program' ? (compiled.program.tracks[0]?.actions ?? []).map(a => a.title) : [];
  assert.equal(
    titles.filter(title => title.startsWith('set ')),
    [
      'set memory.limit_in_bytes to 1048576',
      'set cpu.max to 20000 50000',
      'set hugetlb.2MB.max to 4194304',
      'set hugetlb.2MB.rsvd.max to 4194304',
    ],
  );
  assert.equal(
    refusals(withResources({ cpu: { realtimeRuntime: 5 } }, cgroup)).map(([, reason]) => reason.kind),
    ['only-on-v1'],
  );
});

test('mount-inside-proc', () => {
  const mounts = [{ destination: '/proc/self', type: 'tmpfs', source: 'tmpfs' }];
  assert.equal(refusals({ config: { mounts } }), [
    ['mounts[0]', { kind: 'mount-inside-proc', destination: '/proc/self' }],
  ]);
});

test('mount-too-long: what neither fsconfig(2) nor mount(2) takes', () => {
  const refusedOf = (entry: object) =>
    refusals({ config: { mounts: [{ destination: '/t', type: 'tmpfs', source: 'tmpfs', ...entry }] } });
  const tooLong = (what: string, bytes: number) => [
    [`mounts[0].${what}`, { kind: 'mount-too-long', destination: '/t', what, bytes, most: 4095 }],
  ];
  assert.equal(refusedOf({ source: 's'.repeat(4095) }), []);
  assert.equal(refusedOf({ source: 's'.repeat(4096) }), tooLong('source', 4096));
  // Bytes, not letters.
  assert.equal(refusedOf({ source: 'é'.repeat(2048) }), tooLong('source', 4096));
  assert.equal(refusedOf({ options: [`a=${'b'.repeat(4088)}`, 'c=d'] }), []);
  assert.equal(refusedOf({ options: [`a=${'b'.repeat(4090)}`, 'c=d'] }), tooLong('options', 4096));
  assert.equal(refusedOf({ options: ['remount', `a=${'b'.repeat(4094)}`] }), tooLong('options', 4096));
  // One by one, fsconfig(2) takes as many as there are.
  assert.equal(refusedOf({ options: new Array(1000).fill('size=64k') }), []);
  assert.equal(refusedOf({ type: 'bind', source: '/s', options: ['bind', `a=${'b'.repeat(4096)}`] }), []);
});

test('argument-too-long: one of more than 32 pages, the largest that the architecture has', () => {
  const refusedOf = (process: object, arch: 'x86_64' | 'aarch64' = 'x86_64') =>
    refusals({ config: { process }, facts: { arch } });
  const most = { x86_64: 131_071, aarch64: 2_097_151 } as const;
  for (const arch of ['x86_64', 'aarch64'] as const) {
    const longest = 'a'.repeat(most[arch]);
    assert.equal(refusedOf({ args: ['sh', longest], env: [`A=${longest.slice(2)}`] }, arch), []);
    const told = (what: string) => ({
      kind: 'argument-too-long',
      what,
      bytes: most[arch] + 1,
      most: most[arch],
    });
    assert.equal(refusedOf({ args: ['sh', 'b', `${longest}a`], env: [`A=${longest.slice(1)}`] }, arch), [
      ['process.args[2]', told('argument')],
      ['process.env[0]', told('variable')],
    ]);
  }
});

test('options that have no effect on a bind are worth a warning', () => {
  const mounts = [
    { destination: '/a', source: '/srv', options: ['rbind', 'ro', 'size=1m', 'uid=5', 'nocopy', 'x-a'] },
    { destination: '/b', type: 'tmpfs', source: 'tmpfs', options: ['size=1m'] },
  ];
  const compiled = compileLaunch(inputOf({ config: { mounts } }));
  assert.equal(compiled.kind === 'program' && compiled.warnings.map(({ reason }) => reason), [
    { kind: 'bind-options-without-effect', options: ['size=1m', 'uid=5'] },
  ]);
});

test('needs-mount-namespace: it would change the host', () => {
  const linux = { namespaces: [{ type: 'pid' }] };
  const mounts = [{ destination: '/tmp', type: 'tmpfs', source: 'tmpfs' }];
  assert.equal(refusals({ config: { linux, mounts } }), [
    ['mounts', { kind: 'needs-mount-namespace', property: 'mounts' }],
  ]);
  assert.equal(refusals({ config: { linux, root: { path: 'rootfs', readonly: true } } }), [
    ['root.readonly', { kind: 'needs-mount-namespace', property: 'root.readonly' }],
  ]);
  const devices = [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229 }];
  assert.equal(refusals({ config: { linux: { ...linux, devices } } }), [
    ['linux.devices', { kind: 'needs-mount-namespace', property: 'devices' }],
  ]);
  for (const rootfsPropagation of ['private', 'rslave', 'shared', 'unbindable'])
    assert.equal(refusals({ config: { linux: { ...linux, rootfsPropagation } } }), [
      ['linux.rootfsPropagation', { kind: 'needs-mount-namespace', property: 'linux.rootfsPropagation' }],
    ]);
});

test('lsm-missing: a label that nobody would enforce', () => {
  const process = { apparmorProfile: 'strict', selinuxLabel: 'system_u:system_r:container_t:s0' };
  assert.equal(refusals({ config: { process } }), [
    ['process.apparmorProfile', { kind: 'lsm-missing', lsm: 'apparmor' }],
    ['process.selinuxLabel', { kind: 'lsm-missing', lsm: 'selinux' }],
  ]);
  assert.equal(refusals({ config: { process }, facts: { lsm: { apparmor: true, selinux: true } } }), []);
});

test('lsm-missing: the label of mounts too', () => {
  const linux = { mountLabel: 'system_u:object_r:container_file_t:s0' };
  assert.equal(refusals({ config: { linux } }), [
    ['linux.mountLabel', { kind: 'lsm-missing', lsm: 'selinux' }],
  ]);
});

test('seccomp: a profile that cannot be compiled', () => {
  const seccomp = { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 5000 };
  const [found] = refusals({ config: { linux: { seccomp } } });
  assert.equal(found, [
    'linux.seccomp.defaultErrnoRet',
    { kind: 'seccomp', refusal: { kind: 'errno-range', at: 'defaultErrnoRet', errno: 5000 } },
  ]);
});

test('a cgroup that cannot be the container alone: every process in it would be killed with the container', () => {
  for (const cgroupsPath of ['/', '//', '/./', '.', './'])
    for (const cgroup of [layouts.v1, layouts.v2, layouts.hybrid]) {
      const [found] = refusals({ config: { linux: { cgroupsPath } }, facts: { cgroup } });
      assert.equal([found?.[0], found?.[1].kind], ['linux.cgroupsPath', 'not-its-own-cgroup'], cgroupsPath);
    }
});

test('the cgroup is looked at before anything is made, and named before that', () => {
  const compiled = compileLaunch(inputOf({ facts: { cgroup: layouts.v1 } }));
  assert.is(compiled.kind, 'program');
  if (compiled.kind !== 'program') return;
  const titles = compiled.program.tracks[0]?.actions.map(a => a.title) ?? [];
  const order = [
    'name the cgroups',
    "check that /sys/fs/cgroup/pids/ID is nobody's",
    'make the state directory',
  ];
  const places = order.map(title => titles.indexOf(title));
  assert.ok(
    places.every((place, i) => place > (places[i - 1] ?? -1)),
    JSON.stringify(places),
  );
});

test('run in the foreground gives the lock back while the container runs', () => {
  const compiled = compileLaunch(inputOf({ options: { entry: 'run', detach: false } }));
  if (compiled.kind !== 'program') throw new Error('refused');
  const foreground = compiled.program.tracks[0]?.actions.find(a => a.title === 'stay in the foreground');
  const steps = (foreground?.lines ?? []).flatMap(l => (l.kind === 'step' ? [l.call ?? l.op] : []));
  const locking = steps.filter(step => !['MOVE', 'BRANCH', 'ALU', 'nanosleep'].includes(step));
  assert.equal(locking.slice(0, 5), ['flock', 'SUPERVISE', 'flock', 'statx', 'LOAD']);
});

test('once the command runs, taking back neither closes the channel again nor waits for init to end by itself', () => {
  const hook = [{ path: '/bin/true' }];
  const config = { hooks: { createContainer: hook, poststart: hook } };
  const compiled = compileLaunch(inputOf({ config, options: { entry: 'run' } }));
  if (compiled.kind !== 'program') throw new Error('refused');
  const actions = compiled.program.tracks[0]?.actions ?? [];
  const steps = (lines: readonly Line[] = []) =>
    lines.flatMap(l => (l.kind === 'step' ? [l.call ?? l.op] : []));
  const happened = steps(actions.find(a => a.title === 'wait for execve')?.lines);
  assert.equal(happened.slice(-2), ['close', 'MOVE'], 'forgets the descriptor');
  const undo = steps(actions.find(a => a.title.startsWith('start init'))?.undo);
  assert.equal(undo.slice(0, 4), ['BRANCH', 'close', 'WAIT', 'pidfd_send_signal']);
});

test('nothing that a frozen init has to answer is waited for without a look at it', () => {
  const terminal = {
    config: { process: { terminal: true } },
    options: { entry: 'run', detach: false },
  } as const;
  const input = inputOf({ ...terminal, facts: { cgroup: layouts.v2 } });
  const compiled = compileLaunch(input);
  if (compiled.kind === 'refused') throw new Error('refused');
  const [host] = compiled.program.tracks;
  const waits = (host?.actions ?? []).flatMap(({ title, lines }) =>
    lines.flatMap(line =>
      line.kind === 'step' && line.op === 'WAIT' && JSON.stringify(line.args).includes('"host_end"')
        ? [[title, line.args[1]]]
        : [],
    ),
  );
  assert.equal(waits, [
    ['receive the terminal', 1000],
    ['wait for init', 1000],
    ['wait for init', 1000],
    ['wait for execve', 1000],
  ]);
});

test('all faults are told at once', () => {
  const changes = {
    config: {
      mounts: [{ destination: '/proc/1', type: 'tmpfs', source: 'x' }],
      process: { apparmorProfile: 'p' },
    },
  };
  assert.is(refusals(changes).length, 2);
});

test('the environment: the registry first, then config.json, then the caller; the last value of a name counts', () => {
  const input = inputOf({
    config: { process: { env: ['A=1', 'B=2', 'A=3', 'EMPTY=', 'TWO=a=b'] } },
    options: { environmentEntries: ['B=9', 'LISTEN_FDS=1'] },
  });
  const launch = createLaunch(input);
  assert.equal(environmentOf(launch), ['A=3', 'B=9', 'EMPTY=', 'TWO=a=b', 'LISTEN_FDS=1']);
});

test.run();
