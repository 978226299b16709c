import { statSync } from 'node:fs';
import {
  STATE_ROOT,
  STATE_ROOT_NAME,
  STATE_ROOT_PARENT,
  STATE_ROOT_SESSIONS,
  STATE_ROOT_VARIABLE,
} from '../../spec/state-root.js';
import type { Request } from '../engine/wire.js';
import type { CommandLine } from './arguments.js';
import { absolute, variable } from './invocation.js';

/** Who asks, and whose a directory is; null: there is none. */
export interface RootSources {
  readonly euid: number;
  readonly owner: (path: string) => number | null;
}

export function ownerOf(path: string): number | null {
  try {
    return statSync(path).uid;
  } catch {
    return null;
  }
}

/**
 * The directory of the container states: --root; /run/chos-runtime for root, whatever XDG_RUNTIME_DIR says (runc's rule: with crun's, containers
 * that Podman made are not found from a login shell); else in the user's runtime directory, also for root of a user namespace, to whom /run is somebody
 * else's. The engine has the same rule. Null: there is no such directory.
 */
export function stateRoot(
  request: Request,
  line: Pick<CommandLine, 'global'>,
  { euid, owner }: RootSources,
): string | null {
  const given = line.global.texts.get('root') ?? '';
  if (given !== '') return absolute({ request }, given);
  if (euid === 0 && owner(STATE_ROOT_PARENT) === 0) return STATE_ROOT;
  const named = variable(request, STATE_ROOT_VARIABLE);
  const session = `${STATE_ROOT_SESSIONS}/${euid}`;
  const directory = named ?? (owner(session) === euid ? session : null);
  return directory === null ? null : `${directory}/${STATE_ROOT_NAME}`;
}
