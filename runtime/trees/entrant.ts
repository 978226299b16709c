/** Who is to enter a view that is there already, and whether it can: root as it is, or a user in a user namespace of its own id and no other. */

import type { Caller } from '../../spec/caller.js';
import type { NormalConfig, NormalLinux, NormalProcess } from '../../spec/normal-config.js';
import type { NormalIdMapping } from '../../spec/normal-mount.js';
import { type Changing, changeOf, rightOver } from '../../spec/own-copy.js';
import { linkFor, readFor } from '../host/caller.js';
import { probeUserNamespace } from '../host/user-namespace.js';

export interface Credentials {
  readonly euid: number;
  readonly egid: number;
  /** In a user namespace that is not the host's. */
  readonly confined: boolean;
}

export type Entrant =
  | { readonly kind: 'root' }
  | { readonly kind: 'user' }
  | { readonly kind: 'never'; readonly why: string };

/** What it depends on. */
export interface Entering extends Pick<NormalConfig, 'mounts'>, Pick<Changing, 'root'> {
  readonly process: Pick<NormalProcess, 'capabilities'>;
  readonly linux: Changing['linux'] & Pick<NormalLinux, 'namespaces' | 'uidMappings' | 'gidMappings'>;
}

export const credentialsOf = (caller: Caller): Credentials => ({
  euid: caller.euid,
  egid: caller.egid,
  confined: probeUserNamespace({ link: linkFor(caller), read: readFor(caller) }) !== null,
});

const never = (why: string): Entrant => ({ kind: 'never', why });

/** None given: it gets its own (compile/launch/own-users.ts). */
const others = (given: readonly NormalIdMapping[], id: number): boolean =>
  given.some(({ host, size }) => host !== id || size !== 1);

export function entrantOf({ linux }: Entering, { euid, egid, confined }: Credentials): Entrant {
  const users = linux.namespaces.get('user');
  // Where root of the host shows as nobody, nobody can tell what is root's.
  if (confined) return never("the caller is in a user namespace, and so cannot know what is root's");
  if (euid === 0)
    return users === undefined ? { kind: 'root' } : never('a user namespace cannot join the mounts of root');
  if (users !== undefined && users !== 'new') return never('config.json names a user namespace to join');
  return others(linux.uidMappings, euid) || others(linux.gidMappings, egid)
    ? never('config.json maps other ids than those of the caller')
    : { kind: 'user' };
}

const asked = {
  'masked-paths': 'linux.maskedPaths',
  'readonly-paths': 'linux.readonlyPaths',
  devices: 'linux.devices',
  'readonly-root': 'root.readonly',
  propagation: 'linux.rootfsPropagation',
  'sys-admin': 'CAP_SYS_ADMIN',
  'sys-chroot': 'CAP_SYS_CHROOT',
} as const;

/** What of config.json a user cannot have in the view that all share, and would have to take a copy for: of root's mounts it can take none. */
export function whyNotAsUser(config: Entering): string | null {
  const { mounts, linux, process } = config;
  const change = changeOf(config) ?? rightOver(process.capabilities, 'directory');
  const what = linux.namespaces.has('mount')
    ? 'a mount namespace'
    : mounts.length > 0
      ? 'mounts'
      : change && asked[change];
  return what === null ? null : `config.json has ${what}, for which a user needs mounts of its own`;
}
