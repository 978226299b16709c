import type { State } from '../../spec/generated/state.js';

/** What the state file holds of the object that `state` and `list` print. */
export interface PrintedState extends Required<Omit<State, 'status'>> {
  readonly rootfs: string;
  readonly created: string;
  readonly owner: string;
}

/** The object that `state` and `list` print (runtime spec, state; go-runc and CRI-O also read rootfs, created and owner). */
export function stateObject(state: PrintedState, status: State['status']): Readonly<Record<string, unknown>> {
  const { ociVersion, id, pid, bundle, rootfs, created, owner, annotations } = state;
  return {
    ociVersion,
    id,
    pid: status === 'stopped' ? 0 : pid,
    status,
    bundle,
    rootfs,
    created,
    owner,
    annotations,
  };
}
