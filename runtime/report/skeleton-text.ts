/** Words for what `skeleton check` finds. */

import { optionWords } from '../../spec/mount-option-words.js';
import { unreachable } from '../../spec/unreachable.js';
import type { Deviation } from '../trees/skeleton-deviations.js';

function mountText(why: (Deviation & { kind: 'other-mount' })['why']): string {
  switch (why) {
    case 'directory':
      return 'shows another directory than the host has there';
    case 'writable':
      return 'can be written to, and must not';
    case 'not-live':
      return "does not follow the host's mount";
    case 'below':
      return 'shows a mount below it that the host has not';
    default:
      return unreachable(why);
  }
}

export function deviationText(deviation: Deviation): string {
  const { path } = deviation;
  switch (deviation.kind) {
    case 'missing':
      return `${path}: the ${deviation.what} is missing`;
    case 'other-link':
      return `${path}: leads to ${deviation.found}, not ${deviation.expected}`;
    case 'in-the-way':
      return `${path}: a file is in the way`;
    case 'closed':
      return `${path}: is a link, and must be a directory for what is mounted below it`;
    case 'surplus-link':
      return `${path}: no tree has it any more`;
    case 'not-mounted':
      return `${path}: is not mounted`;
    case 'other-mount':
      return `${path}: ${mountText(deviation.why)}`;
    case 'options':
      return `${path}: has the mount options ${optionWords(deviation.found)}, not ${optionWords(deviation.expected)} as on the host`;
    case 'surplus-mount':
      return `${path}: is mounted, and not asked for any more`;
    default:
      return unreachable(deviation);
  }
}
