/**
 * What is done a second time by rootless Podman: where being root of a user namespace makes a difference, and one of each kind of the rest. What is not here needs
 * rights of the host (limits and devices of cgroups v1, a bridge, pause), which Podman refuses by itself.
 */
import type { NamedCase } from './case.js';

const again: ReadonlySet<string> = new Set([
  'exit-code/missing-command',
  'process/user-number',
  'process/user-owns-stdout',
  'process/group-add',
  'process/keep-groups',
  'process/cap-add',
  'process/privileged',
  'process/sysctl',
  'process/oom-score',
  'filesystem/device',
  'filesystem/rslave',
  'filesystem/masked',
  'filesystem/mount-table',
  'filesystem/named-volume',
  'isolation/network-host',
  'isolation/network-none',
  'isolation/pid-host',
  'isolation/pod',
  'isolation/user-namespace',
  'isolation/keep-id',
  'isolation/keep-id-as-another',
  'isolation/no-id-of-the-caller',
  'isolation/cgroups-disabled',
  'life/again-asks-no-compiler',
  'life/detached-logs-stop-rm',
  'life/kill',
  'life/restart',
  'life/ten-at-once',
  'exec/user',
  'exec/pid-host',
  'exec/healthcheck',
  'terminal/run',
  'terminal/exec',
  'build/podman',
  'build/buildah',
]);

export function isForUser({ name }: NamedCase): boolean {
  return again.has(name);
}
