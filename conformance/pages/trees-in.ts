/** The blocks of docs/trees-in.md. */
import type { Block } from './blocks.js';
import { freshRegistry, must, place } from './machine.js';
import { inOrder, type Scenario } from './scenario.js';

/** An archive, and one that is a little newer. */
function bringIn(block: Block): void {
  freshRegistry('{ "trees": {} }');
  for (const file of ['debian', 'newer']) {
    must(
      'sh',
      '-c',
      `bsdtar --format=pax -C /ostrees/debian13 -cf - . | zstd -qf -o ${place}/${file}.tar.zst`,
    );
    must('touch', '/ostrees/debian13/etc/debian_version');
  }
  inOrder(block);
}

const page = 'docs/trees-in.md';

export const treesIn: readonly Scenario[] = [
  { page, first: '# chos-runtime tree import', run: bringIn },
  { page, first: '/var/lib/chos/trees/NAME/lock', run: 'a picture' },
];
