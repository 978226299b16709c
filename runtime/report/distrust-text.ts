/** What is not trusted: words for the cold way; the front door has the same ones (runtime/engine/trust.c). */
import type { Distrust } from '../state/trusted.js';
import { visible } from './visible.js';

export function distrustText({ what, whole, path, by }: Distrust): string {
  const place = path === whole ? '' : `${visible(path)} has `;
  const why =
    by === null
      ? `it is not a ${what === 'file' ? 'regular file' : 'directory'}`
      : `${place}owner ${by.uid}, mode ${by.mode.toString(8)}; only root or the caller may own it, and nobody else write to it`;
  return `refuses the ${what} ${visible(whole)}: ${why}`;
}
