/**
 * Mount options (mount(8), config-linux.md "Mounts"): which are attributes of the mount, which propagation, which data of the file system.
 */
import { MountAttr, Propagation } from '../../../spec/kernel.js';

export interface MountOptions {
  readonly bind: boolean;
  readonly recursive: boolean;
  readonly remount: boolean;
  /** mount_setattr(2) on the mount itself. */
  readonly set: number;
  readonly clear: number;
  /** mount_setattr(2) on the mount and all below it (rro and the like). */
  readonly recursiveSet: number;
  readonly recursiveClear: number;
  /** MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE, 0 for none. */
  readonly propagation: number;
  readonly propagationRecursive: boolean;
  readonly copyUp: boolean;
  /** For the file system: flags and key=value pairs. */
  readonly data: readonly (readonly [key: string, value: string | null])[];
  /** Options that have no effect on a bind: those of a file system, which is mounted already, and words that nobody knows. */
  readonly withoutEffectOnBinds: readonly string[];
}

type Attribute = readonly [set: number, clear: number];
const {
  RDONLY,
  NOSUID,
  NODEV,
  NOEXEC,
  _ATIME: ATIME,
  NOATIME,
  STRICTATIME,
  RELATIME,
  NODIRATIME,
  NOSYMFOLLOW,
} = MountAttr;

/** Attributes of one mount. The access time modes are values of one field: setting one clears the field first. */
const attributes: ReadonlyMap<string, Attribute> = new Map(
  Object.entries({
    ro: [RDONLY, 0],
    rw: [0, RDONLY],
    nosuid: [NOSUID, 0],
    suid: [0, NOSUID],
    nodev: [NODEV, 0],
    dev: [0, NODEV],
    noexec: [NOEXEC, 0],
    exec: [0, NOEXEC],
    noatime: [NOATIME, ATIME],
    atime: [RELATIME, ATIME],
    relatime: [RELATIME, ATIME],
    norelatime: [RELATIME, ATIME],
    strictatime: [STRICTATIME, ATIME],
    nostrictatime: [RELATIME, ATIME],
    nodiratime: [NODIRATIME, 0],
    diratime: [0, NODIRATIME],
    nosymfollow: [NOSYMFOLLOW, 0],
    symfollow: [0, NOSYMFOLLOW],
  }),
);

const propagations: ReadonlyMap<string, number> = new Map(
  Object.entries({
    shared: Propagation.SHARED,
    slave: Propagation.SLAVE,
    private: Propagation.PRIVATE,
    unbindable: Propagation.UNBINDABLE,
  }),
);

/** Flags of the file system (mount-data.ts), and their negations: the default of a new one. */
const superblockFlags = new Set(['sync', 'dirsync', 'lazytime', 'mand', 'iversion', 'silent']);
const superblockNegations: ReadonlyMap<string, string> = new Map([
  ['async', 'sync'],
  ['nolazytime', 'lazytime'],
  ['nomand', 'mand'],
  ['noiversion', 'iversion'],
  ['loud', 'silent'],
]);
/** For mount(8) and fstab(5), not for the kernel: mount(8) takes them out before it calls it, whatever the file system. */
const forMount =
  /^(defaults|nofail|_netdev|auto|noauto|(no)?(user|users|owner|group)|user=.*|comment(=.*)?|u?helper=.*|[xX]-.*)$/s;

/**
 * What callers write on binds for themselves and leave in the list: Podman's and Docker's volumes (copying, labels, ownership) and the consistency of
 * Docker's on other systems. runc and crun hand every such word to mount(2), which does not look at it.
 */
const forCallers =
  /^((no)?copy|notmpcopyup|[UzZO]|cached|delegated|consistent|consistency=.*|silent|bind-nonrecursive|bind-recursive.*)$/s;

export function parseMountOptions(options: readonly string[], type: string | undefined): MountOptions {
  let bind = type === 'bind';
  let recursive = false;
  let remount = false;
  let set = 0;
  let clear = 0;
  let recursiveSet = 0;
  let recursiveClear = 0;
  let propagation = 0;
  let propagationRecursive = false;
  let copyUp = false;
  let data: [string, string | null][] = [];
  const withoutEffectOnBinds: string[] = [];
  for (const o of options) {
    const own = attributes.get(o);
    const below = o.startsWith('r') ? attributes.get(o.slice(1)) : undefined;
    const ownPropagation = propagations.get(o);
    const recursivePropagation = o.startsWith('r') ? propagations.get(o.slice(1)) : undefined;
    if (own) {
      set = (set & ~own[1]) | own[0];
      clear = (clear & ~own[0]) | own[1];
    } else if (below) {
      recursiveSet = (recursiveSet & ~below[1]) | below[0];
      recursiveClear = (recursiveClear & ~below[0]) | below[1];
    } else if (ownPropagation !== undefined) {
      propagation = ownPropagation;
      propagationRecursive = false;
    } else if (recursivePropagation !== undefined) {
      propagation = recursivePropagation;
      propagationRecursive = true;
    } else if (o === 'bind') bind = true;
    else if (o === 'rbind') {
      bind = true;
      recursive = true;
    } else if (o === 'remount') remount = true;
    else if (o === 'tmpcopyup') {
      copyUp = true;
      withoutEffectOnBinds.push(o);
    } else if (o === '' || forMount.test(o)) continue;
    else if (superblockFlags.has(o)) {
      data.push([o, null]);
      if (!forCallers.test(o)) withoutEffectOnBinds.push(o);
    } else if (superblockNegations.has(o)) data = data.filter(([key]) => key !== superblockNegations.get(o));
    else {
      const equals = o.indexOf('=');
      data.push(equals < 0 ? [o, null] : [o.slice(0, equals), o.slice(equals + 1)]);
      if (!forCallers.test(o)) withoutEffectOnBinds.push(o);
    }
  }
  return {
    bind,
    recursive,
    remount,
    set,
    clear,
    recursiveSet,
    recursiveClear,
    propagation,
    propagationRecursive,
    copyUp,
    data,
    withoutEffectOnBinds,
  };
}
