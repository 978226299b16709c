/** `tree digest`: one definition of a tree's digest, which hooks/tree-digest and the command have in common. */
import * as assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
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

test('a directory that its owner exchanges for a link, while root reads the tree, leads nowhere', async () => {
  const tree = makeTree('raced');
  const secret = `${base}/secret`;
  mkdirSync(`${secret}/inner`, { recursive: true, mode: 0o700 });
  const files = [`${secret}/file`, `${secret}/inner/file`];
  for (const file of files) {
    writeFileSync(file, 'of root alone');
    utimesSync(file, 0, Date.now() / 1000);
  }
  chmodSync(`${tree}/tmp`, 0o1777);
  const swap = `cd ${tree}/tmp; umask 077; mkdir -p d/inner; echo own >d/file; echo own >d/inner/file; ln -s ${secret} l; echo begun
exec perl -e 'for (;;) { rename "d", "e"; rename "l", "d"; rename "d", "l"; rename "e", "d" }'`;
  const user = spawn('setpriv', ['--reuid=4711', '--regid=4711', '--clear-groups', 'sh', '-c', swap], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise(resolve => user.stdout.once('data', resolve));
  const tar = `${base}/raced.tar`;
  let whole = 0;
  for (let i = 0; i < 40; i++) {
    chos('tree', 'digest', tree);
    if (chos('tree', 'export', tree, '-o', tar).status === 0) whole++;
    const held = whole === 0 ? '' : spawnSync('bsdtar', ['-xOf', tar], { encoding: 'latin1' }).stdout;
    assert.ok(!held.includes('of root alone'));
    assert.deepEqual(
      files.filter(file => statSync(file).atimeMs !== 0),
      [],
    );
  }
  user.kill('SIGKILL');
  await new Promise(resolve => user.once('close', resolve));
  assert.deepEqual(
    readdirSync(base).filter(name => name.startsWith('raced.tar.part')),
    [],
  );
  for (const path of [tree, secret, tar]) rmSync(path, { recursive: true, force: true });
});

test('what is mounted in a tree is not exported, and what root exports is seen through no link', () => {
  const tree = makeTree('exported', ['mounted']);
  symlinkSync('/etc/shadow', `${tree}/etc/shadow`);
  good(spawnSync('mount', ['-t', 'tmpfs', 'none', `${tree}/mounted`], { encoding: 'utf8' }));
  writeFileSync(`${tree}/mounted/file`, '');
  const tar = `${base}/exported.tar.gz`;
  good(chos('tree', 'export', tree, '-o', tar));
  spawnSync('umount', [`${tree}/mounted`]);
  const listed = good(spawnSync('bsdtar', ['-tvf', tar], { encoding: 'utf8' })).split('\n');
  assert.deepEqual(
    listed.filter(line => / \.\/mounted/.test(line)).map(line => line.slice(0, 4)),
    ['drwx'],
  );
  assert.ok(listed.some(line => line.endsWith(' ./etc/shadow -> /etc/shadow')));
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  assert.ok(!mounts.includes('exported'));
  for (const path of [tree, tar]) rmSync(path, { recursive: true, force: true });
});

test('what is no directory is told', () => {
  assert.match(chos('tree', 'digest', `${base}/nothing`).stderr, /read `.*nothing`: No such file/);
  assert.match(chos('tree', 'digest', `${base}/motley/large`).stderr, /large`: Not a directory/);
  assert.match(chos('tree', 'digest', 'motly').stderr, /unknown tree `motly`/);
  assert.match(chos('tree', 'digest').stderr, /NAME/);
  rmSync(`${base}/motley`, { recursive: true });
});

export { cases as digestCases };
