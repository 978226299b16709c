/** Pages that comments and other pages cite are in the repository, and so are the files that docs/architecture.md names. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .trim()
  .split('\n');
const sources = files.filter(file => /(\.(ts|c|h|S|cjs|mk|md|sh)|Makefile)$/.test(file) && existsSync(file));

test('cited pages are there', () => {
  const missing: string[] = [];
  for (const file of sources)
    for (const [page] of readFileSync(file, 'utf8').matchAll(/(?:\.\.\/)*\b[\w/-]+\.md\b/g)) {
      // Those of the OCI specification are cited by their names there.
      if (/^(config(-linux)?|runtime|features|bundle|features-linux)\.md$/.test(page)) continue;
      if (![page, join(dirname(file), page), join('docs', page)].some(path => existsSync(path)))
        missing.push(`${file}: ${page}`);
    }
  assert.equal(missing, []);
});

test('docs/architecture.md names files that are there', () => {
  const page = readFileSync('docs/architecture.md', 'utf8');
  const roots = ['', 'runtime/', 'runtime/compile/', 'runtime/compile/views/', 'runtime/engine/'];
  const named = [...page.matchAll(/`([\w./-]+(?:\.(?:ts|c|json|cjs)|\/))`/g)].map(([, path = '']) => path);
  assert.ok(named.length > 40);
  assert.equal(
    named.filter(path => !path.includes('NAME') && !roots.some(root => existsSync(root + path))),
    [],
  );
});

test.run();
