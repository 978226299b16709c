/** `tree digest`: one definition of a tree's digest, which hooks/tree-digest and the command have in common. */
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { caseList, good } from './case.js';
import { base, chos, makeTree, removeRegistry, writeRegistry } from './machine.js';

const { cases, test } = caseList('digest: ');

const hook = `${process.cwd()}/build/hooks/tree-digest`;

/** A tree with one of everything that a digest tells apart. */
function motley(): string {
  const tree = makeTree('motley', ['many', 'empty', 'mounted']);
  for (let i = 0; i < 700; i++) writeFileSync(`${tree}/many/${i}`, `${i}`.repeat(i));
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/many/`), Buffer.from([0xff, 0x0a, 0xfe])]), 'bytes');
  writeFileSync(`${tree}/large`, Buffer.alloc(3_000_001, 7));
  chmodSync(`${tree}/large`, 0o4711);
  chownSync(`${tree}/large`, 1234, 2_000_000_000);
  symlinkSync('/etc/\u00e4', `${tree}/link`);
  linkSync(`${tree}/large`, `${tree}/hard`);
  spawnSync('mkfifo', [`${tree}/pipe`]);
  spawnSync('mknod', [`${tree}/device`, 'c', '511', '1048575']);
  return tree;
}

const digest = (name: string): string => good(chos('tree', 'digest', name));

test('the command and the hook have one digest', () => {
  const tree = motley();
  writeRegistry({ trees: { motley: { path: tree } } }, 'motley.json');
  const made = spawnSync(hook, ['--make', 'motley'], { encoding: 'utf8' });
  assert.match(good(made), /^sha256:[0-9a-f]{64}\n$/);
  assert.equal(digest('motley'), made.stdout);
  assert.equal(digest(tree), made.stdout);
  removeRegistry('motley.json');
});

test('what is mounted is not in it, and every change is', () => {
  const tree = `${base}/motley`;
  const before = digest(tree);
  good(spawnSync('mount', ['-t', 'tmpfs', 'none', `${tree}/mounted`], { encoding: 'utf8' }));
  const during = digest(tree);
  good(spawnSync('umount', [`${tree}/mounted`], { encoding: 'utf8' }));
  rmSync(`${tree}/mounted`, { recursive: true });
  assert.equal(digest(tree), during);
  const changes: readonly (() => void)[] = [
    () => chmodSync(`${tree}/many/3`, 0o600),
    () => chownSync(`${tree}/many/3`, 1, 0),
    () => renameSync(`${tree}/many/4`, `${tree}/many/4x`),
    () => writeFileSync(`${tree}/many/699`, 'other'),
    () => mkdirSync(`${tree}/empty/inner`),
  ];
  const seen = new Set([before, during]);
  for (const change of changes) {
    change();
    seen.add(digest(tree));
  }
  assert.equal(seen.size, changes.length + 2);
});

test('what is no directory is told', () => {
  assert.match(chos('tree', 'digest', `${base}/nothing`).stderr, /read `.*nothing`: No such file/);
  assert.match(chos('tree', 'digest', `${base}/motley/large`).stderr, /large`: Not a directory/);
  assert.match(chos('tree', 'digest', 'motly').stderr, /unknown tree `motly`/);
  assert.match(chos('tree', 'digest').stderr, /NAME/);
  rmSync(`${base}/motley`, { recursive: true });
});

export { cases as digestCases };
