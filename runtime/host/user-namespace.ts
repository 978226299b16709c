/** The user namespace that the caller is in. */
import { readlinkSync } from 'node:fs';
import type { UserNamespace } from '../../spec/host-facts.js';
import { parseIdMap } from './facts-text.js';

/** That of the host: USER_NS_INIT_INO of linux/nsfs.h. What is mapped does not tell, for root may map all ids to themselves in one of its own. */
const HOST = 'user:[4026531837]';

/** What is looked at, so that a test can put another process in its place. */
export interface UserNamespaceSources {
  readonly link: (path: string) => string | null;
  readonly read: (path: string) => string | null;
}

export function readLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** Null: that of the host. A kernel without user namespaces has no other. */
export function probeUserNamespace({ link, read }: UserNamespaceSources): UserNamespace | null {
  const own = link('/proc/self/ns/user');
  if (own === null || own === HOST) return null;
  return {
    uids: parseIdMap(read('/proc/self/uid_map') ?? ''),
    gids: parseIdMap(read('/proc/self/gid_map') ?? ''),
    setgroups: !(read('/proc/self/setgroups') ?? '').startsWith('deny'),
  };
}
