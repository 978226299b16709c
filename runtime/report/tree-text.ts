/** Words for what is wrong with a tree. */
import { unreachable } from '../../spec/unreachable.js';
import { errnoText } from './errno-text.js';
import type { TreeFault } from './tree-fault.js';

/** More holders than this are counted, not named: callers show one line. */
const SHOWN = 8;

function untrustedText(why: 'owner' | 'mode' | 'not-a-file'): string {
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

function listOf(names: readonly string[]): string {
  const rest = names.length - SHOWN;
  return rest > 0 ? `${names.slice(0, SHOWN).join(', ')} and ${rest} more` : names.join(', ');
}

export function treeFaultText(fault: TreeFault): string {
  switch (fault.kind) {
    case 'untrusted':
      return `read the registry \`${fault.path}\`: ${untrustedText(fault.why)}`;
    case 'cannot-use':
      return `start tree \`${fault.tree}\` with the back end ${fault.backEnd}: ${fault.reason}`;
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
    default:
      return unreachable(fault);
  }
}
