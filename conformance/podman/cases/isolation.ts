import * as assert from 'uvu/assert';
import { test } from '../case.js';
import { type Seen, script, seen } from '../seen.js';

function shows(name: string, options: readonly string[], text: string, expected: string | RegExp): void {
  test(`isolation/${name}`, {
    observe: podman => script(podman, options, text),
    expect: (found: Seen) => {
      assert.is(found.code, 0, found.stderr);
      if (typeof expected === 'string') assert.is(found.stdout, expected);
      else assert.match(found.stdout, expected);
    },
  });
}

/** A value in the v1 cgroup of the container, seen through its own /sys/fs/cgroup. */
const cgroup = (...files: readonly string[]) => files.map(file => `cat /sys/fs/cgroup/${file}`).join('; ');

shows(
  'memory',
  ['--memory', '64m', '--memory-reservation', '32m'],
  cgroup('memory/memory.limit_in_bytes', 'memory/memory.soft_limit_in_bytes'),
  '67108864\n33554432',
);
shows(
  'memory-swappiness',
  ['--memory', '64m', '--memory-swappiness', '10'],
  cgroup('memory/memory.swappiness'),
  '10',
);
shows('pids-limit', ['--pids-limit', '77'], cgroup('pids/pids.max'), '77');
shows('pids-limit-default', [], cgroup('pids/pids.max'), '2048');
shows('pids-unlimited', ['--pids-limit', '-1'], cgroup('pids/pids.max'), 'max');
shows('cpus', ['--cpus', '0.5'], cgroup('cpu/cpu.cfs_quota_us', 'cpu/cpu.cfs_period_us'), '50000\n100000');
shows('cpu-shares', ['--cpu-shares', '123'], cgroup('cpu/cpu.shares'), '123');
shows(
  'cpuset',
  ['--cpuset-cpus', '0'],
  `${cgroup('cpuset/cpuset.cpus')}; grep -c ^processor /proc/cpuinfo >/dev/null; grep Cpus_allowed_list /proc/self/status`,
  '0\nCpus_allowed_list:\t0',
);
shows('cgroup-read-only', [], 'mkdir /sys/fs/cgroup/pids/x 2>&1; true', /Read-only/);
shows(
  'cgroup-path',
  [],
  'cut -d: -f2,3 /proc/self/cgroup | grep pids',
  /^pids:\/chos-podman-\d+-[\w-]+\/libpod-ID$|^pids:\/$|pids:/,
);
shows('cgroupns-private', ['--cgroupns', 'private'], 'grep pids /proc/self/cgroup | cut -d: -f3', '/');
shows(
  'namespaces',
  [],
  'for n in ipc mnt net pid uts; do [ -e /proc/self/ns/$n ] && echo $n; done',
  'ipc\nmnt\nnet\npid\nuts',
);
shows(
  'pid-host',
  ['--pid', 'host'],
  '[ $$ -gt 1 ] && tr "\\0" " " </proc/1/cmdline | cut -d" " -f2',
  'supervise',
);
shows('ipc-host', ['--ipc', 'host'], 'ls -d /dev/shm', '/dev/shm');
shows('uts-host', ['--uts', 'host'], 'hostname | wc -l', '1');
shows('network-none', [], 'ls /sys/class/net', 'lo');
shows('no-conmon-cgroup', ['--cgroups', 'no-conmon'], cgroup('pids/pids.max'), '2048');

test('isolation/network-host', {
  observe: async podman =>
    seen(
      podman,
      await podman.call([
        'run',
        '--rm',
        '--cgroup-parent',
        podman.cgroupParent,
        '--network',
        'host',
        'bb',
        'ls',
        '/sys/class/net',
      ]),
    ),
  expect: found => {
    assert.is(found.code, 0, found.stderr);
    assert.match(found.stdout, /^lo$/m);
  },
});

test('isolation/network-bridge', {
  skip: async podman => {
    const tried = await podman.call([
      'run',
      '--rm',
      '--cgroup-parent',
      podman.cgroupParent,
      '--network',
      'bridge',
      'bb',
      'true',
    ]);
    return /netavark|iptables|bridge/.test(tried.stderr)
      ? `netavark does not work here: ${tried.stderr.trim().split('\n').pop()}`
      : undefined;
  },
  observe: async podman => {
    const args = ['run', '--rm', '--cgroup-parent', podman.cgroupParent, '--network', 'bridge', 'bb'];
    return seen(
      podman,
      await podman.call([...args, 'sh', '-c', 'ls /sys/class/net; ip route | grep -c ^default']),
    );
  },
  expect: found => assert.equal(found, { code: 0, stdout: 'eth0\nlo\n1', stderr: '' }),
});

test('isolation/network-of-another', {
  observe: async podman => {
    await podman.detached('echo ready; exec sleep 1000');
    const read = 'readlink /proc/self/ns/net';
    const first = await podman.call(['exec', podman.name, 'sh', '-c', read]);
    const args = [
      'run',
      '--rm',
      '--cgroup-parent',
      podman.cgroupParent,
      '--network',
      `container:${podman.name}`,
    ];
    const second = await podman.call([...args, 'bb', 'sh', '-c', read]);
    return {
      codes: [first.code, second.code],
      same: first.stdout === second.stdout,
      some: first.stdout !== '',
    };
  },
  expect: found => assert.equal(found, { codes: [0, 0], same: true, some: true }),
});

test('isolation/pid-of-another', {
  observe: async podman => {
    await podman.detached('echo ready; exec sleep 1000');
    return script(
      podman,
      ['--pid', `container:${podman.name}`, '--ipc', `container:${podman.name}`],
      'cat /proc/1/comm; [ $$ -gt 1 ] && echo second',
    );
  },
  expect: found => assert.equal(found, { code: 0, stdout: 'sleep\nsecond', stderr: '' }),
});

test('isolation/user-namespace', {
  skip: async podman =>
    podman.place.session === null
      ? undefined
      : 'a second one below that of rootless Podman: crun starts none either',
  // Ids that a user has as well.
  observe: podman => script(podman, ['--uidmap', '0:1:1000'], 'id -u; cat /proc/self/uid_map | tr -s " "'),
  expect: found => assert.equal([found.code, found.stdout.split('\n')[0]], [0, '0'], found.stderr),
});

test('isolation/user-namespace-of-another', {
  skip: async podman =>
    podman.place.session === null ? undefined : 'rootless Podman joins by pids of its own',
  observe: async podman => {
    await podman.detached('echo ready; exec sleep 1000', ['--uidmap', '0:100000:65536']);
    const other = `container:${podman.name}`;
    return script(podman, ['--userns', other], 'id -u; tr -s " " </proc/self/uid_map');
  },
  expect: found => assert.equal(found, { code: 0, stdout: '0\n 0 100000 65536', stderr: '' }),
});

test('isolation/keep-id', {
  skip: async podman => (podman.place.session === null ? 'only for users' : undefined),
  observe: podman =>
    script(podman, ['--userns', 'keep-id'], 'id -u; echo x >/tmp/made && ls -ln /tmp/made | cut -c1-4'),
  expect: found => assert.equal(found, { code: 0, stdout: '1000\n-rw-', stderr: '' }),
});

for (const [name, userns, expected] of [
  ['keep-id-as-another', 'keep-id:uid=7,gid=8', '7:8'],
  // The caller is nobody inside. (`auto` is not here: the tree that Podman 4.3 makes for it belongs to ids that it does not map, and no runtime starts in it.)
  ['no-id-of-the-caller', 'nomap', '0:0'],
] as const)
  test(`isolation/${name}`, {
    skip: async podman => (podman.place.session === null ? 'only for users' : undefined),
    observe: async podman => {
      // Without groups of its own: runc 1.1 and crun 1.8 start none for a user without a delegated one.
      const alone = ['--rm', '--network', 'none', '--cgroups', 'disabled', '--userns', userns];
      return seen(podman, await podman.call(['run', ...alone, 'bb', 'sh', '-c', 'echo $(id -u):$(id -g)']));
    },
    expect: found => assert.equal(found, { code: 0, stdout: expected, stderr: '' }),
  });

test('isolation/pod', {
  observe: async podman => {
    const pod = await podman.call([
      'pod',
      'create',
      '--name',
      'pod',
      '--infra-image',
      'bb',
      '--infra-command',
      '/bin/sleep 1000',
      '--network',
      'none',
      '--cgroup-parent',
      podman.cgroupParent,
      '--share',
      'ipc,net,uts',
    ]);
    if (pod.code !== 0) throw new Error(pod.stderr);
    const read = 'for n in ipc net uts pid; do readlink /proc/self/ns/$n; done';
    // Alive at the same time, or the kernel may give the number of one namespace to the next.
    await podman.call(['run', '-d', '--pod', 'pod', '--name', podman.name, 'bb', 'sleep', '1000']);
    const one = await podman.call(['exec', podman.name, 'sh', '-c', read]);
    const two = await podman.call(['run', '--rm', '--pod', 'pod', 'bb', 'sh', '-c', read]);
    const first = one.stdout.trim().split('\n');
    const second = two.stdout.trim().split('\n');
    const listed = await podman.call([
      'pod',
      'ps',
      '--format',
      '{{.Name}} {{.Status}} {{.NumberOfContainers}}',
    ]);
    const stopped = await podman.call(['pod', 'stop', '--time', '0', 'pod']);
    const removed = await podman.call(['pod', 'rm', 'pod']);
    return {
      codes: [one.code, two.code, stopped.code, removed.code],
      errors: one.stderr + two.stderr + removed.stderr,
      equal: first.map((name, index) => name === second[index]),
      listed: listed.stdout.trim(),
    };
  },
  expect: found =>
    assert.equal(found, {
      codes: [0, 0, 0, 0],
      errors: '',
      equal: [true, true, true, false],
      listed: 'pod Running 2',
    }),
});

test('isolation/devices-list', {
  observe: podman => script(podman, [], 'cat /sys/fs/cgroup/devices/devices.list'),
  // crun allows the console of the host (5:1) to everybody.
  compare: found =>
    found.stdout
      .split('\n')
      .filter(rule => rule !== 'c 5:1 rwm')
      .sort(),
  expect: found => assert.match(found.stdout, /^c 1:3 rwm$/m),
});

test('isolation/cgroups-disabled', {
  observe: async podman => {
    const args = [
      'run',
      '--rm',
      '--network',
      'none',
      '--cgroups',
      'disabled',
      'bb',
      'cat',
      '/proc/self/cgroup',
    ];
    const found = seen(podman, await podman.call(args));
    return { ...found, stdout: /libpod/.test(found.stdout) ? 'in a cgroup of its own' : '' };
  },
  expect: found => assert.equal(found, { code: 0, stdout: '', stderr: '' }),
});

test('isolation/pod-of-podman', {
  skip: async podman => {
    const made = await podman.call([
      'pod',
      'create',
      '--network',
      'none',
      '--cgroup-parent',
      podman.cgroupParent,
    ]);
    return made.code === 0 ? undefined : `Podman's own pause image cannot be built: ${made.stderr.trim()}`;
  },
  observe: async podman => {
    await podman.call([
      'pod',
      'create',
      '--name',
      'pod',
      '--network',
      'none',
      '--cgroup-parent',
      podman.cgroupParent,
    ]);
    const found = seen(podman, await podman.call(['run', '--rm', '--pod', 'pod', 'bb', 'hostname']));
    const removed = await podman.call(['pod', 'rm', '--force', '--time', '0', 'pod']);
    return { found, removed: removed.code };
  },
  expect: all => assert.equal(all, { found: { code: 0, stdout: 'pod', stderr: '' }, removed: 0 }),
});
