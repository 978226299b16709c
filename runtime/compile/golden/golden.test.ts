/** The programs of the cases in this folder. `make golden` (GOLDEN=write) writes the files anew, for the eyes of `git diff`. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encode } from '../../program/encode.js';
import { caseNames, casesFolder, goldenFile, readCase, shown } from './case.js';

const write = process.env.GOLDEN === 'write';
const names = caseNames();

test('there are cases', () => {
  assert.ok(names.length >= 36);
});

for (const name of names) {
  const golden = readCase(name);
  for (const kind of golden.kinds) {
    test(`${name}: ${kind}`, () => {
      const file = goldenFile(name, kind);
      const text = shown(name, kind, golden.compile(kind));
      if (write) return writeFileSync(file, text);
      const now = join('build/golden', name, `${kind}.txt`);
      mkdirSync(dirname(now), { recursive: true });
      writeFileSync(now, text);
      const difference = spawnSync('diff', ['-u', '--new-file', file, now], { encoding: 'utf8' });
      if (difference.status !== 0) {
        assert.unreachable(`${file} says something else (make golden rewrites it)\n${difference.stdout}`);
      }
    });

    test(`${name}: ${kind} twice gives the same image`, () => {
      const [one, other] = [encode(golden.compile(kind)), encode(golden.compile(kind))];
      assert.is(Buffer.compare(one, other), 0);
    });
  }

  test(`${name}: no file is left of a program that is not compiled any more`, () => {
    const expected = new Set(golden.kinds.map(kind => goldenFile(name, kind)));
    const stale = readdirSync(join(casesFolder, name)).filter(
      file => file.endsWith('.txt') && !expected.has(join(casesFolder, name, file)),
    );
    if (write) for (const file of stale) rmSync(join(casesFolder, name, file));
    else assert.equal(stale, []);
    assert.ok(['host.json', 'work.json'].some(file => existsSync(join(casesFolder, name, file))));
  });
}

test.run();
