/** A pod and a container in it, made and removed in the order in which a kubelet does it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Containerd } from './containerd.js';
import type { Cri } from './cri.js';

interface Status {
  readonly state: string;
  readonly exit_code: number;
  readonly reason: string;
  readonly message: string;
}

export interface Executed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ContainerConfig {
  readonly mounts?: readonly object[];
  readonly linux?: { readonly resources?: object; readonly security_context?: object };
}

export interface Pod {
  readonly id: string;
  /** Where containers write their logs. */
  readonly logs: string;
  /** Makes a container that runs that command, with more fields of its configuration, and starts it. */
  start(command: readonly string[], config?: ContainerConfig): Promise<PodContainer>;
}

export interface PodContainer {
  readonly id: string;
  /** Below each hierarchy. */
  readonly cgroup: string;
  status(): Promise<Status>;
  exec(...command: readonly string[]): Promise<Executed>;
  /** Asks for the status until it has ended. */
  ended(): Promise<Status>;
  remove(): Promise<void>;
}

/** Of the pod, or the node's, which a kubelet calls `hostNetwork`. */
export type Network = 'POD' | 'NODE';

export const hostname = 'pod-of-a-test';

/** First id on the host of a pod that has its own, as for `hostUsers: false`. */
export const firstId = 1_000_000;

export const ownIds = [{ host_id: firstId, container_id: 0, length: 65_536 }];

/** As a kubelet asks for them. */
const namespacesOf = (network: Network, ownUsers: boolean) => ({
  network,
  pid: 'CONTAINER',
  ipc: 'POD',
  ...(ownUsers ? { userns_options: { mode: 'POD', uids: ownIds, gids: ownIds } } : {}),
});

function containerOf(cri: Cri, id: string, parent: string): PodContainer {
  const named = { container_id: id };
  const status = async (): Promise<Status> =>
    (await cri.ask<{ readonly status: Status }>('ContainerStatus', named)).status;
  return {
    id,
    cgroup: `${parent}/${id}`,
    status,
    exec: async (...cmd) => {
      const answer = await cri.ask<{
        readonly exit_code: number;
        readonly stdout: Buffer;
        readonly stderr: Buffer;
      }>('ExecSync', { ...named, cmd, timeout: 50 });
      return {
        code: answer.exit_code,
        stdout: answer.stdout.toString(),
        stderr: answer.stderr.toString(),
      };
    },
    ended: async () => {
      const from = performance.now();
      for (;;) {
        const now = await status();
        if (now.state === 'CONTAINER_EXITED') return now;
        if (performance.now() - from > 60_000) throw new Error(`${id} is ${now.state}`);
      }
    },
    remove: async () => {
      await cri.ask('RemoveContainer', named);
    },
  };
}

export interface PodKind {
  readonly name: string;
  readonly network: Network;
  /** A user namespace of its own. */
  readonly ownUsers?: boolean;
}

/** Its containers have their cgroups below one that has the name of the pod. */
export async function inPod(
  c: Containerd,
  { name, network, ownUsers = false }: PodKind,
  drive: (pod: Pod) => Promise<void>,
): Promise<void> {
  const { cri, image } = c;
  const logs = join(c.dir, `logs-${name}`);
  mkdirSync(logs);
  const namespaces = namespacesOf(network, ownUsers);
  const sandbox = {
    metadata: { name, uid: name, namespace: 'default' },
    log_directory: logs,
    // The node's is not the pod's to change.
    ...(network === 'POD' ? { hostname } : {}),
    linux: { cgroup_parent: `/${name}`, security_context: { namespace_options: namespaces } },
  };
  const { pod_sandbox_id: id } = await cri.ask<{ readonly pod_sandbox_id: string }>('RunPodSandbox', {
    config: sandbox,
    runtime_handler: 'chos',
  });
  let made = 0;
  const start: Pod['start'] = async (command, { linux = {}, ...rest } = {}) => {
    const own = `c${++made}`;
    const config = {
      metadata: { name: own },
      image: { image },
      command,
      log_path: `${own}.log`,
      ...rest,
      linux: { ...linux, security_context: { namespace_options: namespaces, ...linux.security_context } },
    };
    const request = { pod_sandbox_id: id, config, sandbox_config: sandbox };
    const { container_id } = await cri.ask<{ readonly container_id: string }>('CreateContainer', request);
    await cri.ask('StartContainer', { container_id });
    return containerOf(cri, container_id, sandbox.linux.cgroup_parent);
  };
  try {
    await drive({ id, logs, start });
  } finally {
    await cri.ask('StopPodSandbox', { pod_sandbox_id: id });
    await cri.ask('RemovePodSandbox', { pod_sandbox_id: id });
  }
}
