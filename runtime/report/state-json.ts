import type { ContainerState, Status } from '../state/container-state.js';

/** The object that `state` and `list` print (runtime spec, state; go-runc and CRI-O also read rootfs, created and owner). */
export function stateObject(state: ContainerState, status: Status): Readonly<Record<string, unknown>> {
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
