/**
 * `node build/conformance/pages.mjs` (root): README.md and docs as their readers take them, on a machine of their own (machine.ts). ONLY=text: the blocks whose
 * page or first line has it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { keepGroupsOfPodman } from '../harness/host-check.js';
import { onOwnMachine } from '../harness/own-machine.js';
import { type Block, blocksOf } from './blocks.js';
import { setUp } from './machine.js';
import { scenarios } from './scenarios.js';

const pages = [
  'README.md',
  'SECURITY.md',
  ...readdirSync('docs')
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
];
const blocks = pages.flatMap(page => blocksOf(page, readFileSync(page, 'utf8')));

keepGroupsOfPodman();

await onOwnMachine(['--net'], scenarios.length, tally => {
  setUp();
  const only = process.env.ONLY ?? '';
  const taken = new Set<Block>();
  for (const { page, first, run } of scenarios) {
    const name = `${page}: ${first}`;
    const block = blocks.find(one => one.page === page && !taken.has(one) && one.lines[0]?.startsWith(first));
    if (block === undefined) {
      tally.failed(name, 'no block of the page begins like that');
      continue;
    }
    taken.add(block);
    // The others need what the first one installs.
    if (typeof run === 'string' || !(tally.isEmpty() || name.includes(only))) continue;
    try {
      run(block);
      tally.passed(name);
    } catch (error) {
      tally.failed(name, error);
    }
  }
  for (const { page, line, lines } of blocks.filter(block => !taken.has(block)))
    tally.failed(`${page}:${line}`, `nobody tries this block: ${lines[0]}`);
});
