/**
 * Who is root nowhere can make namespaces in a user namespace only, and map there, without help, its own ids (user_namespaces(7)): a config.json without one gets
 * one of one id, as with crun. Inside, the caller is who process.user says.
 */
import type { HostFacts } from '../../../spec/host-facts.js';
import { type ContainerId, hostId } from '../../../spec/ids.js';
import type { NormalConfig } from '../../../spec/normal-config.js';
import type { NormalIdMapping } from '../../../spec/normal-mount.js';

const alone = (container: ContainerId, id: number): readonly NormalIdMapping[] => [
  { container, host: hostId(id), size: 1 },
];

/** The config as it is carried out. */
export function withOwnUsers(config: NormalConfig, { euid, egid }: HostFacts): NormalConfig {
  const { linux, process } = config;
  const given = linux.namespaces.get('user');
  if (euid === 0 || given?.startsWith('/') || linux.uidMappings.length + linux.gidMappings.length > 0)
    return config;
  return {
    ...config,
    linux: {
      ...linux,
      namespaces: new Map([...linux.namespaces, ['user', 'new']]),
      uidMappings: alone(process.user.uid, euid),
      gidMappings: alone(process.user.gid, egid),
    },
  };
}
