/** The blocks of docs/ci.md, and those of README.md about it: another part takes its host, its jobs and what they print from them. */
import type { Scenario } from './scenario.js';

const run = 'conformance/ci runs it, in three trees';

export const ciBlocks: readonly Scenario[] = [
  ...[
    '$ ci/in-tree',
    '# cat /etc/chos.d/site.json',
    '# make && make install',
    '#!/bin/sh',
    'share-check: ',
    'stages:',
    'TREE',
    'name: trees',
  ].map(first => ({ page: 'docs/ci.md', first, run })),
  ...['script:', 'TREE', '<testsuites>', 'share-check: '].map(first => ({ page: 'README.md', first, run })),
];
