/** `--json` of what works with registered trees (docs/trees.md, "For programs"). */
import * as assert from 'node:assert/strict';
import { caseList, good } from './case.js';
import { base, chos, home, registry, removeRegistry, scratch, writeRegistry } from './machine.js';

const { cases, test } = caseList('json: ');

const told = (...args: readonly string[]): unknown => JSON.parse(good(chos('tree', ...args, '--json')));

test('each action says what it has found or done, and nothing else', () => {
  const names = (told('list') as readonly { readonly name: string }[]).map(({ name }) => name);
  assert.deepEqual(names, Object.keys(registry.trees));
  const checked = JSON.parse(chos('tree', 'check', 'one', '--format', 'json').stdout);
  assert.deepEqual(JSON.parse(chos('tree', 'check', 'one', '--json').stdout), checked);
  assert.equal(checked[0].name, 'one');
  assert.match(
    chos('tree', 'show', 'one', '--json', '--format', 'table').stderr,
    /`--json` and `--format table`/,
  );
  const prepared = told('prepare', 'one') as { readonly generation: string };
  assert.deepEqual(prepared, {
    name: 'one',
    path: `${base}/one`,
    generation: prepared.generation,
    root: 'skeleton',
    why: `the tree has no directory ${home}`,
    shares: [
      { path: home, readonly: false, live: true },
      { path: scratch, readonly: true, live: false },
    ],
    files: [],
    made: true,
  });
  assert.deepEqual(told('files', 'one'), [{ name: 'one', files: [] }]);
  const entry = told('entry', 'one') as { readonly tracks: readonly { readonly name: string }[] };
  assert.equal(entry.tracks[0]?.name, 'enter');
  assert.deepEqual(told('drain', 'one'), { name: 'one', released: [prepared.generation], holders: [] });
  const failed = chos('tree', 'release', 'one', '--json');
  assert.deepEqual([failed.status, failed.stdout], [1, '']);
  assert.match(failed.stderr, /^chos-runtime: tree `one` is not prepared; nothing to release\n$/);
});

test('prepare --all tells once what is wrong with all trees', () => {
  const { one, two } = registry.trees;
  writeRegistry({ trees: { one: { path: one.path }, two, three: { path: one.path } } });
  writeRegistry({ shares: [{ path: `${base}/none` }] }, 'json-site.json');
  const { status, stdout, stderr } = chos('tree', 'prepare', '--all', '--json');
  const { prepared, faults } = JSON.parse(stdout);
  assert.deepEqual([status, prepared.map(({ name }: { name: string }) => name)], [1, ['two']]);
  const what = /json-site\.json:\d+:\d+: shares\[0\]\.path is not a directory that can be opened/;
  assert.deepEqual(
    faults.map((fault: { name: string; what: string }) => [fault.name, what.test(fault.what)]),
    [
      ['one', true],
      ['three', true],
    ],
  );
  assert.match(stderr, /^chos-runtime: not all trees are prepared: one, three: \S+json-site[^;]*\n$/);
  good(chos('tree', 'release', 'two'));
  removeRegistry('json-site.json');
  writeRegistry(registry);
});

export const jsonCases = cases;
