import { readlinkSync } from 'node:fs';
import * as assert from 'uvu/assert';
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

test('namespaces/user-namespace-works-or-is-refused', {
  // A runtime may leave user namespaces out; it may not start the container without.
  config: c => {
    c.linux.namespaces.push({ type: 'user' });
    c.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    c.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  },
  drive: async t => {
    const finished = await t.run();
    if (finished.code !== 0) return assert.match(finished.stderr, /./);
    assert.match((JSON.parse(finished.stdout) as Report).uidMap.trim(), /^0 +100000 +65536$/);
  },
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
