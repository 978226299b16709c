/** What a launch may not do because root of its container is root of a user namespace only (user_namespaces(7)). */
import type { IdRange } from '../../../spec/host-facts.js';
import type { NormalIdMapping } from '../../../spec/normal-mount.js';
import type { ProcessLaunch } from './launch.js';

type Subject = Pick<ProcessLaunch, 'facts' | 'namespaces'>;

/** The container is in a user namespace that is not the host's, be it the caller's or one of config.json. */
export function isConfined({ facts, namespaces }: Subject): boolean {
  return facts.userNamespace !== null || namespaces.has('user');
}

/** The caller has the rights of root over the host. */
export function isHostRoot({ facts }: Pick<Subject, 'facts'>): boolean {
  return facts.userNamespace === null && facts.euid === 0;
}

/** `exec` enters the user namespace of the container before it starts the process: without any right of its own it could not start it in the pid namespace. */
export function entersUsersFirst({ facts, namespaces }: Subject): boolean {
  return facts.euid !== 0 && namespaces.has('user') && namespaces.has('pid');
}

type Mapping = Pick<ProcessLaunch, 'facts' | 'namespaces' | 'config'>;

const only = (list: readonly NormalIdMapping[], id: number): boolean =>
  list.length === 1 && list[0]?.host === id && list[0].size === 1;

/** The new user namespace is made by a user who maps its own id and no other, which the kernel lets it do only if setgroups(2) is denied. */
export function mapsOwnId(launch: Mapping): boolean {
  return mapsAsUser(launch) && only(launch.config.linux.uidMappings, launch.facts.euid) && mapsOwnGid(launch);
}

/** Other ids as well, which the kernel does not let it do by itself. */
export function needsMapHelpers(launch: Mapping): boolean {
  return mapsAsUser(launch) && !mapsOwnId(launch);
}

function mapsAsUser({ facts, namespaces }: Subject): boolean {
  return facts.euid !== 0 && namespaces.get('user') === 'new';
}

/** newgidmap(1) denies setgroups(2) then as well. */
function mapsOwnGid({ facts, config }: Mapping): boolean {
  return only(config.linux.gidMappings, facts.egid);
}

/** setgroups(2) is denied in the caller's user namespace, and so in all below: the groups stay those of the caller. */
export function mayNotSetGroups(launch: Mapping): boolean {
  return launch.facts.userNamespace?.setgroups === false || (mapsAsUser(launch) && mapsOwnGid(launch));
}

/** setgroups(2) may be denied in a user namespace by path: only who has entered it learns of that. */
export function mayFindGroupsDenied({ namespaces }: Pick<Subject, 'namespaces'>): boolean {
  return namespaces.has('user') && namespaces.get('user') !== 'new';
}

/** A group of the container: in the user namespace of config.json, which says for one by path what it has, if it says so at all, or in that of the caller. */
export function isMappedGid(
  { facts, namespaces, config }: Pick<ProcessLaunch, 'facts' | 'namespaces' | 'config'>,
  gid: number,
): boolean {
  const { gidMappings } = config.linux;
  if (namespaces.get('user') === 'new' || (namespaces.has('user') && gidMappings.length > 0))
    return gidMappings.some(({ container, size }) => gid >= container && gid < container + size);
  return facts.userNamespace === null || isMapped(facts.userNamespace.gids, gid);
}

export function isMapped(ranges: readonly IdRange[], id: number): boolean {
  return ranges.some(({ first, count }) => id >= first && id < first + count);
}
