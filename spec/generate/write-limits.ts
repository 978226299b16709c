/** `write-limits.ts`: write the generated blocks of README.md and docs anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { PAGES_WITH_BLOCKS, withBlocks } from './limits.js';

for (const page of PAGES_WITH_BLOCKS) writeFileSync(page, withBlocks(readFileSync(page, 'utf8')));
