/** Whether facts that `--facts` gave can be used for a launch that also depends on what is found out here. */
import { isDeepStrictEqual } from 'node:util';
import type { CgroupDriverName } from '../../spec/cgroup-drivers.js';
import type { Environment } from '../../spec/environment.js';
import { bootId } from '../host/boot-id.js';
import { probeHostFacts } from '../host/facts.js';
import type { Failure } from '../report/failure.js';
import type { GivenFacts } from './facts-file.js';
import type { Invocation } from './invocation.js';

/** Of whom the facts are, if not of this caller: one with other ids or in another user namespace, or of another machine, or boot, where that counts. */
function whoseElse(
  { facts, machine }: GivenFacts,
  { request: { caller } }: Pick<Invocation, 'request'>,
  ofMachine: boolean,
): 'caller' | 'machine' | null {
  const { euid, egid, userNamespace } = probeHostFacts(caller);
  if (!isDeepStrictEqual([facts.euid, facts.egid, facts.userNamespace], [euid, egid, userNamespace]))
    return 'caller';
  return ofMachine && (machine === '' || machine !== bootId()) ? 'machine' : null;
}

/** What of a launch is found out here, whosesoever the facts are. */
function foundHere(
  environment: Pick<Environment, 'backEnd'> | null,
  manager: CgroupDriverName,
): 'tree' | 'systemd' | null {
  if (environment !== null) return 'tree';
  return manager === 'systemd' ? 'systemd' : null;
}

/** Why facts that were given cannot be used. A tree that gets mounts of its own has nothing of this machine in its program, as a generation or a skeleton has. */
export function unfitFacts(
  given: GivenFacts | null,
  invocation: Pick<Invocation, 'request'>,
  environment: Pick<Environment, 'backEnd'> | null,
  manager: CgroupDriverName,
): Failure | null {
  const what = foundHere(environment, manager);
  if (given === null || what === null) return null;
  const shared = environment !== null && environment.backEnd !== 'private';
  const of = whoseElse(given, invocation, shared || manager === 'systemd');
  return of === null
    ? null
    : { kind: 'facts-of-another', of, what: of === 'machine' && !shared ? 'systemd' : what };
}
