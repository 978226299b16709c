import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { test } from '../case.js';
import { parseMountinfo, type Report } from '../report.js';

/** OCI name, name in /proc/PID/ns, option of unshare(1). */
const kinds = [
  ['pid', 'pid', '--pid'],
  ['network', 'net', '--net'],
  ['ipc', 'ipc', '--ipc'],
  ['uts', 'uts', '--uts'],
  ['mount', 'mnt', '--mount'],
  ['cgroup', 'cgroup', '--cgroup'],
] as const;

const ofHost = (kind: string) => readlinkSync(`/proc/self/ns/${kind}`);

for (const [oci, kind] of kinds) {
  test(`namespaces/new-${oci}`, {
    config: c => {
      if (oci === 'cgroup') c.linux.namespaces.push({ type: oci });
    },
    inside: ({ report }) => assert.is.not(report.namespaces[kind], ofHost(kind)),
  });

  // Without a mount namespace the container would live in the suite's own, so that one has its case below.
  if (oci !== 'mount') {
    test(`namespaces/${oci}-of-the-host`, {
      config: c => {
        c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== oci);
        if (oci === 'uts') delete c.hostname;
        if (oci === 'network') c.mounts = c.mounts.filter(({ type }) => type !== 'sysfs');
      },
      inside: ({ report }) => assert.is(report.namespaces[kind], ofHost(kind)),
    });
  }

  test(`namespaces/${oci}-joined-by-path`, {
    drive: async t => {
      const script = 'echo ready; exec sleep 1000';
      const forked = oci === 'pid' ? ['--fork'] : [];
      const holder = t.helper(['unshare', option(oci), ...forked, '--kill-child', 'sh', '-c', script]);
      await holder.printed('ready');
      const inside = oci === 'pid' ? 'pid_for_children' : kind;
      const path = `/proc/${holder.pid}/ns/${inside}`;
      const expected = readlinkSync(path);
      t.configure(c => {
        c.linux.namespaces = [...c.linux.namespaces.filter(({ type }) => type !== oci), { type: oci, path }];
      });
      const finished = await t.run();
      assert.is(finished.code, 0, finished.stderr);
      assert.is((JSON.parse(finished.stdout) as Report).namespaces[kind], expected);
    },
  });
}

function option(oci: string): string {
  return kinds.find(([name]) => name === oci)?.[2] ?? '';
}

test('namespaces/pid-joined-by-path-where-somebody-stops-init', {
  skip: runtime =>
    runtime.startsWith('chos') ? undefined : 'the others wait for ever, or say that all is well',
  drive: async t => {
    const holder = t.helper([
      'unshare',
      '--pid',
      '--fork',
      '--kill-child',
      'sh',
      '-c',
      'echo ready; exec sleep 1000',
    ]);
    await holder.printed('ready');
    const path = `/proc/${holder.pid}/ns/pid_for_children`;
    t.configure(c => {
      c.process.args = ['/bin/reporter', 'sleep'];
      c.linux.namespaces = [
        ...c.linux.namespaces.filter(({ type }) => type !== 'pid'),
        { type: 'pid', path },
      ];
    });
    const created = await t.create();
    process.kill(created.pid, 'SIGSTOP');
    const finished = await t.call('start', [t.id]);
    assert.is(finished.code, 1);
    assert.match(finished.stderr, /somebody stopped init/);
    process.kill(created.pid, 'SIGCONT');
    await created.printed('ready');
  },
});

test('namespaces/path-of-another-kind-is-refused', {
  config: c => {
    c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== 'network');
    c.linux.namespaces.push({ type: 'network', path: '/proc/self/ns/ipc' });
  },
  refused: /./,
});

test('namespaces/missing-path-is-refused', {
  config: c => {
    c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== 'network');
    c.linux.namespaces.push({ type: 'network', path: '/run/netns/nowhere' });
  },
  refused: /nowhere.*no such file or directory|no such file or directory.*nowhere|does not exist/i,
});

test('namespaces/duplicate-is-refused', {
  config: c => void c.linux.namespaces.push({ type: 'network' }),
  refused: /./,
});

test('namespaces/unknown-type-is-refused', {
  config: c => void c.linux.namespaces.push({ type: 'nonsense' }),
  refused: /nonsense|namespace/i,
});

test('namespaces/hostname-of-the-host-stays', {
  drive: async t => {
    const before = await t.helper(['hostname']).done;
    assert.match((await t.run()).stdout, '"hostname":"conformance"');
    assert.is((await t.helper(['hostname']).done).stdout, before.stdout);
  },
});

test('namespaces/network-has-its-loopback-only', {
  probes: ['ls /sys/class/net', 'read /sys/class/net/lo/flags'],
  inside: ({ at }) => {
    assert.equal(
      at('ls /sys/class/net').names?.filter(name => !name.startsWith('bond')),
      ['lo'],
    );
    assert.is(Number(at('read /sys/class/net/lo/flags').text) & 1, 1, 'loopback is up');
  },
});

test('namespaces/old-root-is-gone', {
  probes: ['ls /', 'ls /../..'],
  inside: ({ report, at }) => {
    assert.equal(at('ls /../..').names, at('ls /').names);
    assert.is(parseMountinfo(report.mountinfo).filter(line => line.at === '/').length, 1);
  },
});

const oursOnly = (runtime: string) =>
  runtime.startsWith('chos') ? undefined : 'crun 1.8 ends with an error, runc has it since 1.2';

function timeNamespace(c: Config, timeOffsets?: object): void {
  c.linux.namespaces.push({ type: 'time' });
  if (timeOffsets) c.linux.timeOffsets = timeOffsets;
}

test('namespaces/new-time', {
  skip: oursOnly,
  config: c => timeNamespace(c),
  inside: ({ report }) => assert.is.not(report.namespaces.time, ofHost('time')),
});

test('namespaces/time-offsets', {
  skip: oursOnly,
  config: c => {
    timeNamespace(c, { monotonic: { secs: 864_000, nanosecs: 5 }, boottime: { secs: 1_728_000 } });
    c.process.args = ['/bin/sh', '-c', 'cat /proc/self/timens_offsets /proc/uptime'];
  },
  drive: async t => {
    const finished = await t.run();
    assert.is(finished.code, 0, finished.stderr);
    const [monotonic, boottime, uptime] = finished.stdout
      .trim()
      .split('\n')
      .map(line => line.split(/ +/));
    assert.equal(monotonic, ['monotonic', '864000', '5']);
    assert.equal(boottime, ['boottime', '1728000', '0']);
    assert.ok(Number(uptime?.[0]) >= 1_728_000);
    assert.is(readlinkSync('/proc/self/ns/time'), readlinkSync('/proc/self/ns/time_for_children'));
  },
});

test('namespaces/time-offsets-of-an-annotation', {
  skip: oursOnly,
  config: c => {
    timeNamespace(c);
    c.annotations = { ...c.annotations, 'run.oci.timens_offset': 'monotonic 7 0' };
    c.process.args = ['/bin/sh', '-c', 'cat /proc/self/timens_offsets'];
  },
  drive: async t => assert.match((await t.run()).stdout, /^monotonic +7 +0$/m),
});

test('namespaces/exec-has-the-time-of-the-container', {
  skip: oursOnly,
  config: c => {
    timeNamespace(c, { boottime: { secs: -1 } });
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    const { pid, printed } = await t.create();
    await t.start();
    await printed('ready');
    const seen = await t.exec([
      t.id,
      '/bin/sh',
      '-c',
      'readlink /proc/self/ns/time; cat /proc/self/timens_offsets',
    ]);
    assert.is(seen.code, 0, seen.stderr);
    const [namespace, , boottime] = seen.stdout.split('\n');
    assert.is(namespace, readlinkSync(`/proc/${pid}/ns/time`));
    assert.match(boottime ?? '', /^boottime +-1 +0$/);
  },
});

test('namespaces/time-joined-by-path', {
  skip: oursOnly,
  drive: async t => {
    const holder = t.helper([
      'unshare',
      '--time',
      '--fork',
      '--kill-child',
      'sh',
      '-c',
      'echo ready; exec sleep 1000',
    ]);
    await holder.printed('ready');
    const path = `/proc/${holder.pid}/ns/time_for_children`;
    const expected = readlinkSync(path);
    t.configure(c => {
      c.linux.namespaces.push({ type: 'time', path });
      c.process.args = ['/bin/sh', '-c', 'readlink /proc/self/ns/time'];
    });
    const finished = await t.run();
    assert.is(finished.code, 0, finished.stderr);
    assert.is(finished.stdout.trim(), expected);
  },
});

test('namespaces/hooks-have-the-time-of-the-host', {
  skip: oursOnly,
  drive: async t => {
    const file = join(t.dir, 'times');
    const hook = {
      path: '/bin/sh',
      args: ['sh', '-c', `readlink /proc/self/ns/time /proc/self/ns/time_for_children >>${file}`],
      env: ['PATH=/bin:/usr/bin'],
    };
    t.configure(c => {
      timeNamespace(c, { monotonic: { secs: 1 } });
      c.process.args = ['/bin/sh', '-c', 'exit 0'];
      c.hooks = { createRuntime: [hook], poststart: [hook], poststop: [hook] };
    });
    await t.run();
    t.configure(c => {
      timeNamespace(c, { monotonic: { secs: 1 } });
      c.hooks = { createRuntime: [hook, { path: '/bin/false' }], poststop: [hook] };
    });
    assert.is((await t.run()).code, 1);
    const times = readFileSync(file, 'utf8').trim().split('\n');
    assert.is(times.length, 10);
    assert.equal([...new Set(times)], [ofHost('time')]);
  },
});

for (const [name, timeOffsets, words] of [
  ['without-a-namespace', { boottime: { secs: 1 } }, /linux\.timeOffsets needs a time namespace/],
  [
    'of-an-unknown-clock',
    { realtime: { secs: 1 } },
    /linux\.timeOffsets\.realtime must be "monotonic" or "boottime"/,
  ],
  [
    'beyond-a-second',
    { boottime: { nanosecs: 1_000_000_000 } },
    /timeOffsets\.boottime\.nanosecs .* 999999999/,
  ],
  [
    'before-the-boot',
    { boottime: { secs: -4_000_000_000 } },
    /set the clocks of the time namespace: .*out of range.*linux\.timeOffsets/,
  ],
] as const)
  test(`namespaces/time-offsets-${name}`, {
    skip: oursOnly,
    config: c => {
      if (name === 'without-a-namespace') c.linux.timeOffsets = timeOffsets;
      else timeNamespace(c, timeOffsets);
    },
    refused: words,
  });

test('namespaces/path-of-a-fifo-is-refused', {
  skip: runtime => (runtime.startsWith('chos') ? undefined : 'the others wait for somebody to write'),
  config: (c, { dir }) => {
    const path = join(dir, 'fifo');
    execFileSync('mkfifo', ['-m', '666', path]);
    c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== 'network');
    c.linux.namespaces.push({ type: 'network', path });
  },
  refused: /network namespace .*fifo: Invalid argument/,
});
