/** Words for what is wrong with a tree. */
import { unreachable } from '../../spec/unreachable.js';
import { errnoText } from './errno-text.js';
import { contentFaultText, featureFaultText } from './feature-text.js';
import { listOf } from './names-text.js';
import type { LoadRefusal, TreeFault } from './tree-fault.js';
import { visible } from './visible.js';

/** What is wrong with the owner or the mode of a file of the registry. */
export function untrustedText(why: 'owner' | 'mode' | 'not-a-file'): string {
  switch (why) {
    case 'owner':
      return 'it does not belong to root; chown it';
    case 'mode':
      return 'others than its owner can write to it; chmod go-w it';
    case 'not-a-file':
      return 'it is not a regular file';
    default:
      return unreachable(why);
  }
}

/** Processes may call themselves what they like. */
const still = (how: 'seen' | 'used', kept: readonly string[]): string =>
  kept.length === 0 ? '' : `; still ${how} by ${kept.join(', ')}`;

/** Printed when it is done. `kept`: who is in it all the same. */
export function skeletonRemovedText(path: string, kept: readonly string[]): string {
  return visible(`${path} is removed${still('used', kept)}`);
}

export function releasedText(generations: readonly string[], kept: readonly string[]): string {
  return visible(`${generations.join(', ')} released${still('seen', kept)}`);
}

function placeText(why: (TreeFault & { readonly kind: 'skeleton-place' })['why']): string {
  switch (why) {
    case 'mounted':
      return 'something else is mounted there; unmount it or give another place';
    case 'not-empty':
      return 'there is something in that directory; empty it or give another place';
    case 'not-a-directory':
      return 'it is not a directory';
    case 'not-canonical':
      return 'give an absolute path without `.`, `..` and doubled slashes';
    case 'foreign':
      return 'a symlink is on the way to it, or a directory that others than root can change';
    case 'named-like-a-tree':
      return 'a tree is registered by that name';
    default:
      return unreachable(why);
  }
}

/** What the kernel means by its errno (kmod/uapi/linux/chos.h). */
export function loadText({ tree, path, code }: LoadRefusal): string {
  const reason = ((): string => {
    switch (code) {
      case 'ENOENT':
        return `${path} does not exist`;
      case 'ENOTDIR':
        return `${path} is not a directory`;
      // Not the kernel's: runtime/cli/tree-load.ts does not ask it.
      case 'ENODEV':
        return `the image of ${path} is not mounted`;
      case 'ENAMETOOLONG':
        return `${path.slice(0, 40)}... is longer than 4095 bytes`;
      case 'EINVAL':
        return `${path} is not a path that the kernel takes: absolute, without \`.\`, \`..\`, newlines and doubled slashes`;
      case 'ELOOP':
        return `${path} leads through symlinks that are not root's, or too many; see chos-runtime tree check`;
      case 'EPERM':
        return 'only CAP_SYS_ADMIN of the initial user namespace may change the list';
      default:
        return errnoText(code);
    }
  })();
  return `tree \`${tree}\`: ${reason}`;
}

/** What `tree release --drain` says while it waits: one line. */
export function drainText(generations: readonly string[], holders: readonly string[]): string {
  return `${visible(`chos-runtime: ${listOf(generations)}: nobody gets in any more; waiting for ${listOf(holders)} (an interrupt lets launches in again)`)}\n`;
}

export function treeFaultText(fault: TreeFault): string {
  switch (fault.kind) {
    case 'untrusted':
      return `read the registry \`${fault.path}\`: ${untrustedText(fault.why)}`;
    case 'broken-tree': {
      const more = fault.more > 0 ? ` (and ${fault.more} more; see tree check)` : '';
      return `tree \`${fault.tree}\` cannot be used: ${fault.first}${more}`;
    }
    case 'no-default':
      return 'the registry names no default tree; give "default" in a file of /etc/chos.d, or name a tree';
    case 'files-not-written':
      return `not all files are written: ${fault.faults.join('; ')}`;
    case 'not-all-prepared':
      return `not all trees are prepared: ${fault.faults.join('; ')}`;
    case 'broken-registry':
      return `${fault.verb}: a tree of a broken file may be in use, so nothing is taken away; mend the file first: ${fault.first}`;
    case 'cannot-use':
      return `start tree \`${fault.tree}\` with the back end ${fault.backEnd}: ${fault.reason}`;
    case 'joins-shared':
      return `join the mount namespace ${fault.path}: it is ${fault.generation}, which all containers of the tree share; start in it with the annotation org.chos.tree=${fault.tree}`;
    case 'features':
      return `start tree \`${fault.tree}\`: ${featureFaultText(fault.fault)}`;
    case 'feature':
      return `start tree \`${fault.tree}\`: ${contentFaultText(fault.feature, fault.fault)}`;
    case 'features-without-tree':
      return 'the annotation org.chos.features needs a tree: name one with --tree or the annotation org.chos.tree';
    case 'needs-root':
      return `${fault.verb} a tree: Operation not permitted; this needs root`;
    case 'no-host-namespace':
      return `${fault.verb} a tree: cannot reach the mount namespace of process 1: ${errnoText(fault.code)}`;
    case 'not-prepared':
      return `tree \`${fault.tree}\` is not prepared; nothing to release`;
    case 'no-generation':
      return `there is no generation \`${fault.name}\`; ${fault.known.length === 0 ? 'none is prepared' : `prepared: ${listOf(fault.known)}`}`;
    case 'held':
      return `release \`${fault.name}\`: still held by ${listOf(fault.holders)}; wait for them with --drain, or drop it with --force (they keep what they see)`;
    case 'no-entry':
      return `tree \`${fault.tree}\` has no entry program: ${fault.why}`;
    case 'no-trees':
      return "no tree is registered that the kernel's link may lead to; write one to /etc/chos.d/*.json";
    case 'skeleton-place':
      return `make the skeleton \`${fault.path}\`: ${placeText(fault.why)}`;
    case 'no-skeleton':
      return `there is no skeleton \`${fault.path}\``;
    case 'skeleton-held':
      return `remove the skeleton \`${fault.path}\`: still used by ${listOf(fault.holders)}; end them, or drop it with --force (they keep what they see, but nothing new shows up)`;
    case 'no-module':
      return 'load trees: the kernel module chos is not loaded; modprobe chos';
    case 'old-module':
      return `load trees: the kernel module chos ${fault.version} is too old; install that of this version`;
    case 'not-on-the-host':
      return 'load trees: this mount namespace or root is not that of process 1; run it with `nsenter -t 1 -m`';
    case 'not-loaded':
      return `load trees: ${[...fault.refused.map(loadText), ...fault.others].join('; ')}`;
    default:
      return unreachable(fault);
  }
}
