/**
 * Mount options (mount(8), config-linux.md "Mounts"): which are attributes of the mount, which propagation, which data of the file system.
 */
import { MountAttr } from '../../../spec/kernel.js';
import type {
  AttributeChange,
  BindLinks,
  MountData,
  NormalPropagation,
  PropagationKind,
} from '../../../spec/normal-mount.js';

export interface MountOptions {
  /** `rbind` is among them. */
  readonly below: boolean;
  readonly own: AttributeChange;
  readonly recursive: AttributeChange;
  readonly propagation: NormalPropagation | null;
  /** tmpcopyup. */
  readonly copyUp: boolean;
  readonly links: BindLinks;
  /** What is said of links. To anything but a bind these are words like others, for the file system to refuse. */
  readonly wordsOfLinks: readonly string[];
  readonly data: MountData;
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

const kinds: readonly PropagationKind[] = ['shared', 'slave', 'private', 'unbindable'];

/** `rshared` and the like, which are also what linux.rootfsPropagation may be. */
const propagations: ReadonlyMap<string, NormalPropagation> = new Map(
  kinds.flatMap((kind): [string, NormalPropagation][] => [
    [kind, { kind, recursive: false }],
    [`r${kind}`, { kind, recursive: true }],
  ]),
);

/** Null if the word is none of them. */
export function parsePropagation(word: string): NormalPropagation | null {
  return propagations.get(word) ?? null;
}

/** Flags of the file system (mount-data.ts), and their negations: the default of a new one. */
const superblockFlags = new Set(['sync', 'dirsync', 'lazytime', 'mand', 'iversion', 'silent']);
const superblockNegations: ReadonlyMap<string, string> = new Map([
  ['async', 'sync'],
  ['nolazytime', 'lazytime'],
  ['nomand', 'mand'],
  ['noiversion', 'iversion'],
  ['loud', 'silent'],
]);
/** What the entry is: mounts.ts. */
const ofKind = new Set(['bind', 'remount']);
/** Which owners it shows: id-mappings.ts. */
const ofIds = /^r?idmap(=|$)/;
/** crun(1), "copy-symlink mount options" and the like. */
const ofLinks: ReadonlyMap<string, Partial<BindLinks>> = new Map<string, Partial<BindLinks>>([
  ['src-nofollow', { source: 'itself' }],
  ['copy-symlink', { source: 'copied' }],
  ['dest-nofollow', { destination: 'itself' }],
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

/** `options`: `mounts[].options`. Of two words about one thing the last one counts. */
export function parseMountOptions(options: readonly string[]): MountOptions {
  let below = false;
  let set = 0;
  let clear = 0;
  let recursiveSet = 0;
  let recursiveClear = 0;
  let propagation: NormalPropagation | null = null;
  let copyUp = false;
  let links: BindLinks = { source: 'followed', destination: 'followed' };
  const wordsOfLinks: string[] = [];
  let data: [string, string | null][] = [];
  const withoutEffectOnBinds: string[] = [];
  for (const o of options) {
    const own = attributes.get(o);
    const recursive = o.startsWith('r') ? attributes.get(o.slice(1)) : undefined;
    const asked = propagations.get(o);
    if (own) {
      set = (set & ~own[1]) | own[0];
      clear = (clear & ~own[0]) | own[1];
    } else if (recursive) {
      recursiveSet = (recursiveSet & ~recursive[1]) | recursive[0];
      recursiveClear = (recursiveClear & ~recursive[0]) | recursive[1];
    } else if (asked !== undefined) propagation = asked;
    else if (o === 'rbind') below = true;
    else if (o === 'tmpcopyup') {
      copyUp = true;
      withoutEffectOnBinds.push(o);
    } else if (ofLinks.has(o)) {
      // Who wants the link copied wants it whatever else is said of it.
      links = { ...links, ...(links.source === 'copied' && o === 'src-nofollow' ? {} : ofLinks.get(o)) };
      wordsOfLinks.push(o);
    } else if (o === '' || ofKind.has(o) || ofIds.test(o) || forMount.test(o)) continue;
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
    below,
    own: { set, clear },
    recursive: { set: recursiveSet, clear: recursiveClear },
    propagation,
    copyUp,
    links,
    wordsOfLinks,
    data,
    withoutEffectOnBinds,
  };
}
