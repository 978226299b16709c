import type { Catalog } from './catalog.js';

/** The life of a container's cgroups. `path`: absolute; ID stands for the id of the container, which is known when it runs. */
export const cgroups = {
  'check-cgroup-layout': { layout: 'text' },
  /** Those whose paths hold the id. */
  'name-cgroups': {},
  'check-cgroup-is-unused': { path: 'text' },
  /** Neither it nor one `above` it; all that is above a new one is looked at once it is there. */
  'check-cgroup-is-thawed': { path: 'text', above: 'flag' },
  'prepare-cgroup-removal': {},
  'take-cgroup': { path: 'text' },
  'record-cgroup': { path: 'text' },
  'make-cgroup': { path: 'text' },
  /** To the user of the container, as the host knows it. */
  'give-cgroup': { path: 'text', uid: 'number', gid: 'number' },
  'enable-controllers': { path: 'text', controllers: 'texts' },
  /** `rather`: the file that takes the limit where the kernel has it, and its value. */
  limit: { path: 'text', file: 'text', value: 'text', rather: 'text?', ratherValue: 'text?' },
  /** Of `update`, with memory.checkBeforeUpdate. */
  'check-memory-use': { path: 'text', limit: 'integer' },
  'remember-limits': {},
  /** As `limit`, of a container that runs. */
  'change-limit': { path: 'text', file: 'text', value: 'text', rather: 'text?', ratherValue: 'text?' },
  /** Each as `allow c 1:3 rwm`; the last that fits counts. */
  'allow-devices': { path: 'text', rules: 'texts', by: ['files', 'bpf'] },
  'enter-cgroup': { path: 'text' },
  /** Of `exec`: for clone3(2), which starts the process in it. */
  'open-cgroup': { path: 'text' },
  'check-container-is-thawed': {},
  /** Where it is asked; a name with @ is an abstract one. */
  'reach-systemd': { sockets: 'texts', passedOver: 'text?' },
  'start-scope': { unit: 'text', slice: 'text' },
  /** Of a scope that runs. */
  'record-scope': { path: 'text' },
  'see-systemd': { unit: 'text' },
  'set-properties': { unit: 'text', properties: 'texts' },
  /** That init is in it. */
  'check-scope': { path: 'text' },
} as const satisfies Catalog;
