/** What a kubelet asks of containerd. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { cgroupsNamed, removeCgroups } from '../harness/host-check.js';
import type { PartCase } from '../harness/part.js';
import { fileHolds } from '../harness/processes.js';
import { type Containerd, podNetwork } from './containerd.js';
import { firstId, hostname, inPod, ownIds, type Pod, type PodKind } from './pod.js';

const sleeping = ['sh', '-c', 'trap "exit 0" TERM; echo ready; while :; do sleep 0.01; done'];

function memoryLimit(cgroup: string): string {
  const files = [
    join('/sys/fs/cgroup/memory', cgroup, 'memory.limit_in_bytes'),
    join('/sys/fs/cgroup', cgroup, 'memory.max'),
  ];
  return readFileSync(files.find(existsSync) ?? '', 'utf8').trim();
}

function podCase(
  name: string,
  drive: (pod: Pod, c: Containerd) => Promise<void>,
  kind: Partial<PodKind> = {},
): PartCase<Containerd> {
  return {
    name: `pod: ${name}`,
    drive: async (c, id) => {
      const groups = (): readonly string[] => cgroupsNamed(id).filter(path => !path.endsWith(`/${id}`));
      try {
        await inPod(c, { name: id, network: 'POD', ...kind }, pod => drive(pod, c));
        assert.equal(groups(), []);
      } finally {
        // The pod's own is the kubelet's to remove.
        removeCgroups(cgroupsNamed(id));
      }
    },
  };
}

const ofEvery: readonly PartCase<Containerd>[] = [
  podCase('output, exit code', async pod => {
    const container = await pod.start(['sh', '-c', 'echo hello; exit 7']);
    const status = await container.ended();
    assert.equal([status.exit_code, status.reason], [7, 'Error']);
    assert.match(readFileSync(join(pod.logs, 'c1.log'), 'utf8'), ' stdout F hello');
    await container.remove();
  }),
  podCase('a command that is not there', async pod => {
    const refusal = await pod.start(['nosuch']).then(
      () => 'none',
      (error: Error) => error.message,
    );
    assert.match(refusal, /nosuch.*executable file not found in \$PATH/);
  }),
  podCase('exec, stop', async (pod, c) => {
    const container = await pod.start(sleeping);
    await fileHolds(join(pod.logs, 'c1.log'), 'ready', 60_000);
    const { code, stdout, stderr } = await container.exec('sh', '-c', 'echo out; echo err >&2; exit 3');
    assert.equal([code, stdout, stderr], [3, 'out\n', 'err\n']);
    await c.cri.ask('StopContainer', { container_id: container.id, timeout: 50 });
    assert.is((await container.status()).exit_code, 0);
    await container.remove();
  }),
  podCase('killed after the grace period', async (pod, c) => {
    const container = await pod.start(['sh', '-c', 'trap "" TERM; while :; do sleep 0.01; done']);
    await c.cri.ask('StopContainer', { container_id: container.id, timeout: 1 });
    assert.is((await container.status()).exit_code, 137);
    await container.remove();
  }),
  podCase('limits, changed in place; statistics', async (pod, c) => {
    const resources = { memory_limit_in_bytes: 64 << 20, cpu_period: 100_000, cpu_quota: 50_000 };
    const container = await pod.start(sleeping, { linux: { resources } });
    const memory = (): string => memoryLimit(container.cgroup);
    assert.is(memory(), String(64 << 20));
    const linux = { memory_limit_in_bytes: 80 << 20, cpu_quota: 25_000 };
    await c.cri.ask('UpdateContainerResources', { container_id: container.id, linux });
    assert.is(memory(), String(80 << 20));
    const { stats } = await c.cri.ask<{
      readonly stats: { readonly memory: { readonly working_set_bytes: { readonly value: number } } };
    }>('ContainerStats', { container_id: container.id });
    assert.ok(stats.memory.working_set_bytes.value > 0);
    await c.cri.ask('StopContainer', { container_id: container.id, timeout: 0 });
    await container.remove();
  }),
  podCase('a user, capabilities, a read-only root, a mount, the default seccomp profile', async (pod, c) => {
    const security_context = {
      run_as_user: { value: 1000 },
      capabilities: { drop_capabilities: ['ALL'] },
      readonly_rootfs: true,
      no_new_privs: true,
      seccomp: { profile_type: 'RuntimeDefault' },
    };
    const script =
      'id -u; cat /proc/self/status; ! echo 2>/dev/null >/x && ! echo 2>/dev/null >/mnt/x && cat /mnt/bin/busybox >/dev/null && echo all';
    const container = await pod.start(['sh', '-c', script], {
      mounts: [{ container_path: '/mnt', host_path: `${c.dir}/tree`, readonly: true }],
      linux: { security_context },
    });
    assert.is((await container.ended()).exit_code, 0);
    const log = readFileSync(join(pod.logs, 'c1.log'), 'utf8');
    for (const line of [/F 1000$/m, /CapBnd:\t0+$/m, /NoNewPrivs:\t1$/m, /Seccomp:\t2$/m, /F all$/m])
      assert.match(log, line);
    await container.remove();
  }),
  podCase('two containers share what is the pod’s', async pod => {
    const one = await pod.start(sleeping);
    const other = await pod.start(sleeping);
    const seen = (name: string) =>
      Promise.all(
        [one, other].map(async each => (await each.exec('readlink', `/proc/self/ns/${name}`)).stdout),
      );
    for (const shared of ['ipc', 'net', 'uts']) {
      const [here, there] = await seen(shared);
      assert.is(here, there, shared);
    }
    const [here, there] = await seen('pid');
    assert.is.not(here, there);
    assert.is((await one.exec('cat', '/proc/sys/kernel/hostname')).stdout, `${hostname}\n`);
    assert.match((await one.exec('cat', '/proc/net/fib_trie')).stdout, podNetwork);
    assert.is.not((await seen('net'))[0], `${readlinkSync('/proc/self/ns/net')}\n`);
  }),
  podCase(
    'the network of the node',
    async pod => {
      const container = await pod.start(sleeping);
      const { stdout } = await container.exec('readlink', '/proc/self/ns/net');
      assert.is(stdout, `${readlinkSync('/proc/self/ns/net')}\n`);
    },
    { network: 'NODE' },
  ),
];

/** Pods with a user namespace of their own: containerd has them since 2.0. */
const ofUsers: readonly PartCase<Containerd>[] = [
  podCase(
    'users of its own',
    async (pod, c) => {
      const mounts = [
        { container_path: '/mnt', host_path: `${c.dir}/tree`, uidMappings: ownIds, gidMappings: ownIds },
      ];
      const container = await pod.start(sleeping, { mounts });
      const seen = async (...command: readonly string[]) => (await container.exec(...command)).stdout;
      assert.match(
        await seen('cat', '/proc/self/uid_map'),
        new RegExp(String.raw`^\s*0\s+${firstId}\s+65536$`, 'm'),
      );
      assert.is.not(await seen('readlink', '/proc/self/ns/user'), `${readlinkSync('/proc/self/ns/user')}\n`);
      assert.is(await seen('id', '-u'), '0\n');
      // Its root owns the image, and what the kubelet mounts from the host.
      assert.is(await seen('sh', '-c', 'echo mine >/file && cat /file'), 'mine\n');
      assert.is(await seen('sh', '-c', 'echo mine >/mnt/file && cat /mnt/file'), 'mine\n');
      assert.is(statSync(join(c.dir, 'tree/file')).uid, 0);
      await c.cri.ask('StopContainer', { container_id: container.id, timeout: 0 });
      await container.remove();
    },
    { ownUsers: true },
  ),
];

const [, major] =
  /containerd\S* v?(\d+)\./.exec(execFileSync('containerd', ['--version'], { encoding: 'utf8' })) ?? [];

export const podCases: readonly PartCase<Containerd>[] = [...ofEvery, ...(Number(major) >= 2 ? ofUsers : [])];
