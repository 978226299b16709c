/** Words for what `tree check` finds. */
import { unreachable } from '../../spec/unreachable.js';
import type { Finding } from '../trees/check-tree.js';
import { oneLine } from './diagnostic.js';
import { contentFaultText } from './feature-text.js';
import { programFaultText } from './program-fault-text.js';

export function findingText(finding: Finding): string {
  switch (finding.kind) {
    case 'diagnostic':
      return oneLine(finding.diagnostic);
    case 'writable':
      return finding.uid !== 0
        ? `${finding.path} belongs to user ${finding.uid}, who decides what everybody in it runs; chown it to root`
        : `${finding.path} can be written by others than root (mode ${finding.mode.toString(8)}); chmod go-w it`;
    case 'no-os-release':
      return 'it has no etc/os-release: is it an operating system?';
    case 'skeleton':
      return `its root will be a skeleton, because ${finding.why}`;
    case 'not-live':
      return `${finding.share} is not live: what is mounted below it later does not show up inside; mount --make-shared it`;
    case 'stale':
      return `${finding.name} is not used: ${finding.why}`;
    case 'left-out':
      return `${finding.share} is not there and is left out, because it is optional`;
    case 'cannot-use':
      return `it must be started with the back end ${finding.backEnd}, which cannot be used: ${finding.reason}`;
    case 'feature':
      return contentFaultText(finding.feature, finding.fault);
    case 'hook':
      return `its hook ${finding.hook}${programFaultText(finding.fault)}`;
    default:
      return unreachable(finding);
  }
}
