import { listStates } from '../state/read-state.js';
import type { RunningContainer } from '../trees/holders.js';
import type { Invocation } from './invocation.js';

/** Containers with a process, of the state root that the command line names. */
export function runningContainers({ root, request }: Invocation): readonly RunningContainer[] {
  return listStates(root, request.caller.euid)
    .filter(({ status, state }) => status !== 'stopped' && state.pid > 0)
    .map(({ state: { id, pid, annotations } }) => ({ id, pid, annotations }));
}
