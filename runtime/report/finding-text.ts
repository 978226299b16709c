/** Words for what `tree check` finds. */
import { unreachable } from '../../spec/unreachable.js';
import type { AbiFinding } from '../trees/abi.js';
import type { Finding } from '../trees/check-tree.js';
import { oneLine } from './diagnostic.js';
import { errnoText } from './errno-text.js';
import { contentFaultText } from './feature-text.js';
import { programFaultText } from './program-fault-text.js';
import { visible } from './visible.js';

function abiText(finding: AbiFinding): string {
  switch (finding.kind) {
    case 'machine':
      return `its programs are for ${finding.machine} (${finding.path}), this machine is ${finding.host}; install qemu-user-static, or register a tree for ${finding.host}`;
    case 'old-kernel':
      return `${finding.path} of it needs Linux ${finding.needs}, this is ${finding.kernel}; boot a newer kernel, or use an older tree`;
    case 'cpu': {
      const who = finding.path === null ? 'its cpuLevel says that it needs' : `${finding.path} needs`;
      return `${who} a CPU of x86-64-v${finding.needs}, this one is x86-64-v${finding.level}; use another node, or a tree that was built for v${finding.level}`;
    }
    case 'old-glibc':
      return finding.has === null
        ? `feature \`${finding.feature}\`: ${visible(finding.path)} needs glibc ${finding.needs}, and the tree has another C library (musl?); use a tree with glibc, or leave the feature out`
        : `feature \`${finding.feature}\`: ${visible(finding.path)} needs glibc ${finding.needs}, and the tree has ${finding.has}; use a newer tree, or a library that was built for an older one`;
    case 'no-library':
      return `feature \`${finding.feature}\`: ${visible(finding.path)} needs ${visible(finding.library)}, which neither the tree nor a feature has in a usual directory; add it to "files"`;
    default:
      return unreachable(finding);
  }
}

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
    case 'unreadable':
      return `${visible(finding.path)} cannot be read: ${errnoText(finding.code)}`;
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
    case 'abi':
      return abiText(finding.abi);
    case 'hook':
      return `its hook ${finding.hook}${programFaultText(finding.fault)}`;
    default:
      return unreachable(finding);
  }
}
