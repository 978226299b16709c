/** Words for a file of the registry that cannot be used. */
import { unreachable } from '../../spec/unreachable.js';
import type { BrokenFile } from '../trees/registry.js';
import { oneLine } from './diagnostic.js';
import { errnoText } from './errno-text.js';
import { untrustedText } from './tree-text.js';
import { visible } from './visible.js';

/** What is wrong, a line for each fault. */
export function brokenFileLines({ file, why }: BrokenFile): readonly string[] {
  switch (why.kind) {
    case 'diagnostics':
      return why.diagnostics.map(oneLine);
    case 'untrusted':
      return [visible(`${file}: ${untrustedText(why.why)}`)];
    case 'unreadable':
      return [visible(`${file}: ${errnoText(why.code)}`)];
    default:
      return unreachable(why);
  }
}

/** For somebody who did something else: the first fault, and what came of it. */
export function brokenFileText(broken: BrokenFile): string {
  const [first = '', ...more] = brokenFileLines(broken);
  const others = more.length > 0 ? ` (and ${more.length} more)` : '';
  return `the registry goes on without what is broken: ${first}${others}`;
}
