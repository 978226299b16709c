/** What is not trusted: words for the cold way; the front door has the same ones (runtime/engine/door/trust.c). */
import { unreachable } from '../../spec/unreachable.js';
import type { Distrust } from '../state/trusted.js';
import { errnoText } from './errno-text.js';
import { visible } from './visible.js';

export function distrustText({ what, whole, path, why }: Distrust): string {
  const refused = `refuses the ${what} ${visible(whole)}: `;
  switch (why.kind) {
    case 'others': {
      const place = path === whole ? '' : `${visible(path)} has `;
      return `${refused}${place}owner ${why.uid}, mode ${why.mode.toString(8)}; only root or the caller may own it, and nobody else write to it`;
    }
    case 'other-kind':
      return `${refused}it is not a ${what === 'file' ? 'regular file' : 'directory'}`;
    case 'not-opened':
      return `open the ${what} ${visible(whole)}: ${errnoText(why.code)}`;
    default:
      return unreachable(why);
  }
}
