/** The blocks of docs/trees-in.md. */
import * as assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Block } from './blocks.js';
import { freshRegistry, must, place, shell } from './machine.js';
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

/** The real programs fetch hundreds of megabytes: in their place, ones that make a little tree where they are told. */
export function withStandIns(run: () => void): void {
  const programs = {
    mmdebstrap: 'while [ "$1" != -- ]; do shift; done; tar -C /ostrees/debian13 -cf "$3" .',
    dnf: `for one; do case $one in --installroot=*) cp -a /ostrees/debian13/etc "\${one#*=}/";; esac; done`,
  };
  must('mount', '-t', 'tmpfs', '-o', 'mode=755', 'stand-ins', '/usr/local/sbin');
  for (const [name, script] of Object.entries(programs))
    writeFileSync(`/usr/local/sbin/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  try {
    run();
  } finally {
    must('umount', '/usr/local/sbin');
  }
}

/** A file of the site. */
function ownRecipe({ lines }: Block): void {
  // The new tree is registered in the file of its name.
  rmSync('/etc/chos.d/site.json', { force: true });
  mkdirSync('/etc/chos-recipes.d', { mode: 0o755 });
  writeFileSync('/etc/chos-recipes.d/site.json', lines.join('\n'), { mode: 0o644 });
  withStandIns(() => {
    const { status, stderr } = shell('chos-runtime tree create site');
    assert.equal(status, 0, stderr);
  });
}

const page = 'docs/trees-in.md';

export const treesIn: readonly Scenario[] = [
  { page, first: '# chos-runtime tree import', run: bringIn },
  { page, first: '# chos-runtime tree create', run: block => withStandIns(() => inOrder(block)) },
  { page, first: '{', run: ownRecipe },
  {
    page,
    first: '# chos-runtime tree import',
    run: 'conformance/trees/squashfs-cases.ts: it needs loop devices',
  },
  { page, first: '/var/lib/chos/trees/NAME/lock', run: 'a picture' },
];
