/** The sizes that docs/architecture.md and the README say. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const linesOf = (files: readonly string[]): number =>
  files.reduce((lines, file) => lines + readFileSync(file, 'utf8').split('\n').length - 1, 0);

const sourcesOf = (storey: string): readonly string[] =>
  readdirSync(join('runtime/engine', storey))
    .filter(name => /\.[ch]$/.test(name))
    .map(name => join('runtime/engine', storey, name));

const number = (text: string | undefined): number => Number(text?.replace(',', ''));

test('the engine has as many lines as its page says, give or take a twentieth', () => {
  const page = readFileSync('docs/architecture.md', 'utf8');
  const [, whole] = page.match(/It has about ([\d,]+) lines/) ?? [];
  const [, base, vm, door, chos] =
    page.match(
      /: ([\d,]+) in `base\/`, ([\d,]+) in `vm\/`, ([\d,]+) in `door\/` \(and ([\d,]+) in `chos\/`/,
    ) ?? [];
  for (const [said, files] of [
    [whole, ['base', 'vm', 'door'].flatMap(sourcesOf)],
    [base, sourcesOf('base')],
    [vm, sourcesOf('vm')],
    [door, sourcesOf('door')],
    [chos, sourcesOf('chos')],
  ] as const) {
    const lines = linesOf(files);
    assert.ok(Math.abs(number(said) - lines) <= Math.max(50, lines / 20), `${said} lines are ${lines}`);
  }
});

test('the command of users is as large as its page says', () => {
  const size = Math.round(statSync('build/chos').size / 1024);
  const [, said] =
    readFileSync('docs/architecture.md', 'utf8').match(/another executable of (\d+) KiB/) ?? [];
  assert.ok(Math.abs(Number(said) - size) <= 3, `${said} KiB are ${size}`);
});

test('the executable is as large as its pages say', () => {
  const size = Math.round(statSync('build/chos-runtime').size / 1024);
  const [, onPage] = readFileSync('docs/architecture.md', 'utf8').match(/file of (\d+) KiB/) ?? [];
  const [, inReadme] = readFileSync('README.md', 'utf8').match(/an engine of (\d+) KiB/) ?? [];
  for (const said of [onPage, inReadme])
    assert.ok(Math.abs(Number(said) - size) <= 3, `${said} KiB are ${size}`);
});

test.run();
