/**
 * `node build/conformance/pages.mjs` (root): README.md and docs as their readers take them, on a machine of their own (machine.ts). ONLY=text: the blocks whose
 * page or first line has it.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { type Block, blocksOf } from './blocks.js';
import { project, setUp } from './machine.js';
import { scenarios } from './scenarios.js';

const pages = [
  'README.md',
  'SECURITY.md',
  ...readdirSync('docs')
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
];
const blocks = pages.flatMap(page => blocksOf(page, readFileSync(page, 'utf8')));
const counts = { passed: 0, failed: 0, skipped: 0 };

function enterMachine(): never {
  const self = process.argv[1] ?? '';
  const unshare = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const { status } = spawnSync('unshare', [...unshare, process.execPath, self], { stdio: 'inherit' });
  process.exit(status ?? 1);
}

function say(word: 'ok' | 'FAIL', name: string, why = ''): void {
  counts[word === 'ok' ? 'passed' : 'failed']++;
  console.log(`${word.padEnd(5)} ${name}${why === '' ? '' : `\n      ${why.replaceAll('\n', '\n      ')}`}`);
}

function attempt(name: string, run: () => void): void {
  try {
    run();
    say('ok', name);
  } catch (error) {
    say('FAIL', name, error instanceof Error ? error.message : String(error));
  }
}

function main(): void {
  if (process.geteuid?.() !== 0) {
    console.log(`not root: nothing can be tested\n0 passed, 0 failed, ${scenarios.length} skipped`);
    return;
  }
  if (process.pid !== 1) enterMachine();
  process.chdir(project);
  setUp();
  const only = process.env.ONLY ?? '';
  const taken = new Set<Block>();
  for (const { page, first, run } of scenarios) {
    const found = blocks.filter(
      one => one.page === page && !taken.has(one) && one.lines[0]?.startsWith(first),
    );
    const [block] = found;
    const name = `${page}: ${first}`;
    if (block === undefined) say('FAIL', name, 'no block of the page begins like that');
    else taken.add(block);
    // The others need what the first one installs.
    const wanted = counts.passed === 0 || name.includes(only);
    if (block !== undefined && typeof run !== 'string' && wanted) attempt(name, () => run(block));
  }
  for (const block of blocks)
    if (!taken.has(block))
      say('FAIL', `${block.page}:${block.line}`, `nobody tries this block: ${block.lines[0]}`);
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exit(counts.failed > 0 ? 1 : 0);
}

main();
