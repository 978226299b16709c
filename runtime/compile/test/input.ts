/** Input of the compiler for tests: the smallest config that is admitted, and hosts that do not exist. */
import type { CgroupFacts, CgroupHierarchy, HostFacts } from '../../../spec/host-facts.js';
import { type AdmittedSpec, admit } from '../../admit/admit.js';
import { type LaunchInput, type LaunchOptions, noOptions } from '../launch/launch.js';

type Json = Readonly<Record<string, unknown>>;

/** `changes` replace whole properties of the top level; `linux` is merged. */
export function specOf(changes: Json = {}): AdmittedSpec {
  const { linux = {}, process = {}, ...others } = changes as { linux?: Json; process?: Json };
  const config = {
    ociVersion: '1.3.0',
    process: { args: ['/bin/true'], cwd: '/', env: ['PATH=/bin'], ...process },
    root: { path: 'rootfs' },
    ...others,
    linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }], ...linux },
  };
  const result = admit({
    file: 'config.json',
    text: JSON.stringify(config, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)),
  });
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.diagnostics));
  return result.spec;
}

export function hierarchy(controllers: readonly string[], own = '/'): CgroupHierarchy {
  const name = controllers.join().replace('name=', '');
  return { mount: `/sys/fs/cgroup/${name}`, controllers, own };
}

export const unified: CgroupHierarchy = {
  mount: '/sys/fs/cgroup',
  controllers: ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids'],
  own: '/user.slice/session-1.scope',
};

export const layouts = {
  none: { layout: 'none' },
  v1: {
    layout: 'v1',
    hierarchies: [hierarchy(['cpu', 'cpuacct']), hierarchy(['memory']), hierarchy(['pids'])],
  },
  hybrid: {
    layout: 'hybrid',
    hierarchies: [hierarchy(['memory'])],
    unified: { ...unified, mount: '/sys/fs/cgroup/unified', controllers: ['pids'] },
  },
  v2: { layout: 'v2', unified },
} as const satisfies Readonly<Record<string, CgroupFacts>>;

export function factsOf(changes: Partial<HostFacts> = {}): HostFacts {
  return {
    arch: 'x86_64',
    kernel: { major: 6, minor: 18 },
    lastCapability: 40,
    capabilities: Array.from({ length: 41 }, (_, n) => n),
    euid: 0,
    egid: 0,
    owner: 'root',
    cgroup: layouts.none,
    userNamespace: null,
    withheld: null,
    lsm: { apparmor: false, selinux: false },
    ...changes,
  };
}

export interface InputChanges {
  readonly config?: Json;
  readonly facts?: Partial<HostFacts>;
  readonly options?: Partial<LaunchOptions>;
}

export function inputOf({ config, facts, options }: InputChanges = {}): LaunchInput {
  return {
    spec: specOf(config),
    facts: factsOf(facts),
    environment: null,
    options: {
      ...noOptions,
      entry: 'create',
      detach: true,
      bundle: '/bundle',
      configText: '{}',
      ...options,
    },
  };
}
