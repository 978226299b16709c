/** What cannot be had in a view that others share, where nothing may ever be mounted or unmounted (docs/architecture.md, "Rules of shared views", 4 and 10). */
import { type CapabilitySets, type NormalConfig, type NormalLinux, noCapabilities } from './normal-config.js';

/** A view that all share: a mount namespace of its own (pinned), or a directory in that of the host (kmod). */
export type SharedView = 'namespace' | 'directory';

/**
 * What a process with these capabilities could do to a shared view; null: nothing. All five sets count: a set-user-ID program, or an execve(2) of root,
 * makes the bounding and the inheritable set permitted (capabilities(7)).
 */
export function rightOver(given: CapabilitySets | null, view: SharedView): 'sys-admin' | 'sys-chroot' | null {
  const names = new Set(
    Object.values(given ?? noCapabilities)
      .flat()
      .map(name => name.toUpperCase()),
  );
  if (names.has('CAP_SYS_ADMIN')) return 'sys-admin';
  return view === 'directory' && names.has('CAP_SYS_CHROOT') ? 'sys-chroot' : null;
}

export interface Changing {
  readonly root: Pick<NormalConfig['root'], 'readonly'>;
  readonly linux: Pick<NormalLinux, 'maskedPaths' | 'readonlyPaths' | 'devices' | 'rootfsPropagation'>;
}

/** What config.json asks for, besides mounts, that changes what is seen; null: nothing. */
export function changeOf({ root, linux }: Changing) {
  if (linux.maskedPaths.length > 0) return 'masked-paths';
  if (linux.readonlyPaths.length > 0) return 'readonly-paths';
  if (linux.devices.length > 0) return 'devices';
  if (root.readonly) return 'readonly-root';
  // Slave is what it is.
  return linux.rootfsPropagation !== null && linux.rootfsPropagation.kind !== 'slave' ? 'propagation' : null;
}
