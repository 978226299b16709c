/** Whether a process may stay in the view that all share, where nothing may ever be mounted or unmounted (docs/architecture.md, "Rules of shared views", 4 and 10). */
import { type CapabilitySets, noCapabilities } from '../../../spec/normal-config.js';
import { propagationWord } from '../idioms/mount-steps.js';
import type { Launch } from '../launch/launch.js';
import type { Verdict } from './elision.js';

/** A view that all share: a mount namespace of its own (pinned), or a directory in that of the host (kmod). */
export type SharedView = 'namespace' | 'directory';

/**
 * What a process with these capabilities could do to a shared view; null: nothing. All five sets count: a set-user-ID program, or an execve(2) of root,
 * makes the bounding and the inheritable set permitted (capabilities(7)).
 */
export function whyNotShared(given: CapabilitySets | null, view: SharedView): string | null {
  const names = new Set(
    Object.values(given ?? noCapabilities)
      .flat()
      .map(name => name.toUpperCase()),
  );
  if (names.has('CAP_SYS_ADMIN')) return 'CAP_SYS_ADMIN could unmount what others see';
  return view === 'directory' && names.has('CAP_SYS_CHROOT')
    ? 'CAP_SYS_CHROOT could leave a directory that is "/"'
    : null;
}

/** Why the launch needs a mount namespace of its own; null if it needs none. */
export function whyOwnCopy(launch: Launch, verdicts: readonly Verdict[], view: SharedView): string | null {
  const { normal, process } = launch;
  const { maskedPaths, readonlyPaths, devices, rootfsPropagation: propagation } = normal.linux;
  if (launch.namespaces.has('mount')) return 'config.json asks for a mount namespace';
  const left = verdicts.findIndex(verdict => verdict.kind === 'mounted');
  if (left >= 0) return `mounts[${left}] remains`;
  if (maskedPaths.length > 0) return 'paths are masked';
  if (readonlyPaths.length > 0) return 'paths are read-only';
  if (devices.length > 0) return 'devices are asked for';
  if (normal.root.readonly) return 'the root is read-only';
  // Slave is what it is.
  if (propagation !== null && propagation.kind !== 'slave')
    return `the root is to be ${propagationWord(propagation)}`;
  return whyNotShared(process.capabilities, view);
}
