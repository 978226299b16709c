import { type Counts, skipsOf } from '../harness/counts.js';
import { isReviewed } from './allowed-skips.js';

/** What a part has left out and nobody has reviewed: the lines that are not on the list, and what it counts without a line. Each is a failure in CI. */
export function skipsToReview({ skipped }: Counts, output: string): readonly string[] {
  const lines = skipsOf(output);
  const unnamed = skipped - lines.length;
  return [
    ...lines.filter(line => !isReviewed(line)),
    ...(unnamed > 0 ? [`${unnamed} that the part does not name`] : []),
  ];
}
