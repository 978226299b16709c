/** Whether a process may stay in the view that all share, where nothing may ever be mounted or unmounted (docs/architecture.md, "Rules of shared views", 4 and 10). */
import { type CapabilitySets, noCapabilities } from '../../../spec/normal-config.js';
import type { OperationOf } from '../../../spec/operations/index.js';
import { propagationWord } from '../idioms/mount-steps.js';
import type { Launch } from '../launch/launch.js';
import type { Verdict } from './elision.js';

/** A view that all share: a mount namespace of its own (pinned), or a directory in that of the host (kmod). */
export type SharedView = 'namespace' | 'directory';

/** Why a launch gets a copy. */
export type WhyCopy = Pick<OperationOf<'copy-view'>, 'why' | 'mount' | 'propagation' | 'path'>;

/**
 * What a process with these capabilities could do to a shared view; null: nothing. All five sets count: a set-user-ID program, or an execve(2) of root,
 * makes the bounding and the inheritable set permitted (capabilities(7)).
 */
export function whyNotShared(given: CapabilitySets | null, view: SharedView): WhyCopy | null {
  const names = new Set(
    Object.values(given ?? noCapabilities)
      .flat()
      .map(name => name.toUpperCase()),
  );
  if (names.has('CAP_SYS_ADMIN')) return { why: 'sys-admin' };
  return view === 'directory' && names.has('CAP_SYS_CHROOT') ? { why: 'sys-chroot' } : null;
}

/** Why the launch needs a mount namespace of its own; null if it needs none. */
export function whyOwnCopy(launch: Launch, verdicts: readonly Verdict[], view: SharedView): WhyCopy | null {
  const { config, process } = launch;
  const { maskedPaths, readonlyPaths, devices, rootfsPropagation: propagation } = config.linux;
  if (launch.namespaces.has('mount')) return { why: 'mount-namespace' };
  const left = verdicts.findIndex(verdict => verdict.kind === 'mounted');
  if (left >= 0) return { why: 'mount-remains', mount: left };
  if (maskedPaths.length > 0) return { why: 'masked-paths' };
  if (readonlyPaths.length > 0) return { why: 'readonly-paths' };
  if (devices.length > 0) return { why: 'devices' };
  if (config.root.readonly) return { why: 'readonly-root' };
  // Slave is what it is.
  if (propagation !== null && propagation.kind !== 'slave')
    return { why: 'propagation', propagation: propagationWord(propagation) };
  return whyNotShared(process.capabilities, view);
}
