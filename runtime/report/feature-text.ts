/** Words for what is wrong with features. */
import { unreachable } from '../../spec/unreachable.js';
import type { FeatureFault } from '../admit/diagnostic.js';
import type { ContentFault } from '../trees/feature-content.js';
import { errnoText } from './errno-text.js';
import { nearest } from './nearest.js';
import { visible } from './visible.js';

function hint(name: string, known: readonly string[], none: string): string {
  const best = nearest(name, known);
  if (best !== undefined) return `did you mean \`${visible(best)}\`?`;
  return known.length === 0 ? none : `there is ${visible(known.slice(0, 20).join(', '))}`;
}

/** Of the registry, wherever it is. */
export function featureFaultText(fault: FeatureFault): string {
  switch (fault.kind) {
    case 'unknown-feature': {
      const by = fault.requiredBy === null ? '' : `, which \`${fault.requiredBy}\` requires`;
      return `no feature \`${visible(fault.name)}\` is registered${by}; ${hint(fault.name, fault.known, 'there is none')}`;
    }
    case 'features-circle':
      return `features require each other in a circle: ${fault.names.join(', ')}`;
    case 'features-conflict':
      return fault.place === undefined
        ? `the features \`${fault.one}\` and \`${fault.other}\` do not go together`
        : `the features \`${fault.one}\` and \`${fault.other}\` put different files at ${visible(fault.place)}`;
    default:
      return unreachable(fault);
  }
}

const distrust = {
  owner: 'does not belong to root',
  mode: 'can be written by others than root',
  'not-a-file': 'is not a regular file',
};

/** Of one feature, on this host. */
export function contentFaultText(name: string, fault: ContentFault): string {
  return visible(`feature \`${name}\`: ${reasonText(fault)}`);
}

function reasonText(fault: ContentFault): string {
  switch (fault.kind) {
    case 'missing':
      return `${fault.path}: ${errnoText(fault.code)}; install it, or say "optional"`;
    case 'foreign': {
      const { path, uid, mode } = fault.by;
      const whose = uid !== 0 ? `${path} belongs to user ${uid}` : `${path} has mode ${mode.toString(8)}`;
      return `${fault.path} can be exchanged by others than root (${whose}); put it into a directory of root's`;
    }
    case 'not-a-file':
      return `${fault.path} is neither a directory nor a file nor a socket; list devices under "devices"`;
    case 'not-a-device':
      return `${fault.path} is no device; list files under "files"`;
    case 'cdi-untrusted':
      return `${fault.path} ${distrust[fault.why]}; it says what is mounted`;
    case 'cdi-unreadable':
      return `${fault.path}: ${errnoText(fault.code)}`;
    case 'cdi-wrong':
      return fault.what === 'JSON'
        ? `${fault.path} is not JSON; generate it with --format=json`
        : `${fault.path}: \`${fault.what}\` has another form than CDI has, or is not done here`;
    case 'cdi-twice':
      return `${fault.device} is in two specifications in ${fault.directory}; remove one`;
    case 'cdi-unknown':
      return `no specification in /etc/cdi or /run/cdi has the device ${fault.device} (files *.json are read); ${hint(fault.device, fault.known, 'there is none')}`;
    case 'cdi-program':
      return `${fault.path} wants to run ${fault.program}, which features do not; leave it out with "skipPrograms"`;
    default:
      return unreachable(fault);
  }
}
