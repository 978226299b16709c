import { STATE_ROOT, STATE_ROOT_NAME, STATE_ROOT_VARIABLE } from '../../spec/state-root.js';
import type { Request } from '../engine/wire.js';
import type { CommandLine } from './arguments.js';
import { absolute, variable } from './invocation.js';

/**
 * The directory of the container states: --root; /run/chos-runtime for root, whatever XDG_RUNTIME_DIR says (runc's rule: with crun's, containers
 * that Podman made are not found from a login shell); else in the user's runtime directory. The engine has the same rule.
 */
export function stateRoot(request: Request, line: Pick<CommandLine, 'global'>, euid: number): string {
  const given = line.global.texts.get('root') ?? '';
  if (given !== '') return absolute({ request }, given);
  if (euid === 0) return STATE_ROOT;
  return `${variable(request, STATE_ROOT_VARIABLE) ?? `/run/user/${euid}`}/${STATE_ROOT_NAME}`;
}
