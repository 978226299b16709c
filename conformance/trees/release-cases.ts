/** Who keeps a generation, and what a release that was killed leaves. Begins and ends with nothing prepared. */
import * as assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { caseList, good } from './case.js';
import {
  base,
  chos,
  chosLater,
  current,
  detached,
  hostMounts,
  makeTree,
  pins,
  removeRegistry,
  shell,
  sleeping,
  writeRegistry,
} from './machine.js';

const { cases, test } = caseList('release: ');

/** One whose root is a skeleton, and one that is its own. */
const trees = { skeletal: 'its root is a skeleton', whole: 'the tree is its root' } as const;
const names = Object.keys(trees) as readonly (keyof typeof trees)[];

function refusesFor(tree: string, holder: RegExp): void {
  const ran = chos('tree', 'release', tree);
  assert.equal(ran.status, 1, ran.stdout);
  assert.match(ran.stderr, holder);
}

const pidOf = (id: string): number => (JSON.parse(good(chos('state', id))) as { readonly pid: number }).pid;

test('set up', () => {
  makeTree('skeletal');
  makeTree('whole');
  const at = (name: string) => ({ path: `${base}/${name}` });
  const registered = {
    skeletal: { ...at('skeletal'), shares: [{ path: '/opt' }] },
    whole: { ...at('whole'), shares: [] },
  };
  writeRegistry({ trees: registered }, 'release.json');
  for (const name of names) assert.match(good(chos('tree', 'prepare', name)), new RegExp(trees[name]));
});

for (const name of names) {
  test(`a process of exec in a copy of its own holds ${name}, also when its container is gone`, () => {
    const id = sleeping({ tree: name });
    good(detached('exec', '-d', '--cap', 'CAP_SYS_ADMIN', id, 'sleep', '1001'));
    good(chos('delete', '--force', id));
    assert.match(good(chos('tree', 'show', name)), /holder +\S+@\d+: process \d+ \(sleep\)/);
    refusesFor(name, /still held by process \d+ \(sleep\)/);
    const pid = Number(/process (\d+) \(sleep/.exec(chos('tree', 'release', name).stderr)?.[1]);
    process.kill(pid, 'SIGKILL');
  });

  test(`a process that made a copy by itself holds ${name}`, () => {
    const id = sleeping({ tree: name, own: true, capabilities: ['CAP_SYS_ADMIN'] });
    good(detached('exec', '-d', id, 'busybox', 'unshare', '-m', 'busybox', 'sleep', '1002'));
    good(chos('delete', '--force', id));
    refusesFor(name, /still held by process \d+ \((sleep|busybox)\)/);
    const pid = Number(/process (\d+) \(/.exec(chos('tree', 'release', name).stderr)?.[1]);
    process.kill(pid, 'SIGKILL');
  });

  test(`a container with mounts of its own holds nothing (${name})`, () => {
    const before = good(chos('tree', 'show', name));
    renameSync(`${pins}/${name}@1.json`, `${pins}/${name}@1.kept`);
    const id = sleeping({ tree: name, own: true });
    renameSync(`${pins}/${name}@1.kept`, `${pins}/${name}@1.json`);
    assert.equal(good(chos('tree', 'show', name)), before);
    good(chos('delete', '--force', id));
  });
}

test('what a killed release has left is told by list, and taken away by the next prepare', async () => {
  const id = sleeping({ tree: 'whole' });
  const release = chosLater('tree', 'release', 'whole', '--drain');
  while (!existsSync(`${pins}/whole@1.closing`)) await new Promise(resolve => setImmediate(resolve));
  // As long as it waits, it is no business of others.
  good(chos('tree', 'prepare', 'whole'));
  assert.ok(existsSync(`${pins}/whole@1.closing`));
  good(chos('tree', 'release', 'whole@2'));
  process.kill(release.pid, 'SIGKILL');
  await release.ended;
  assert.match(good(chos('tree', 'list')), /whole .* whole@1 closing/);
  process.kill(pidOf(id), 'SIGKILL');
  good(chos('delete', '--force', id));
  good(chos('tree', 'prepare', 'whole'));
  assert.ok(!existsSync(`${pins}/whole@1`));
  assert.equal(hostMounts().filter(line => line.includes('whole@1 ')).length, 0);
  good(shell({ tree: 'whole' }, 'true'));
});

test('release that cannot close one generation closes none', () => {
  const id = sleeping({ tree: 'whole' });
  const older = current('whole');
  good(chos('tree', 'prepare', 'whole'));
  const newer = current('whole');
  mkdirSync(`${pins}/${newer}.closing`);
  assert.match(chos('tree', 'release', 'whole', '--force').stderr, /close `.*`: Is a directory/);
  rmdirSync(`${pins}/${newer}.closing`);
  for (const name of [older, newer]) assert.ok(existsSync(`${pins}/${name}.json`), name);
  good(chos('delete', '--force', id));
});

test('generations of trees that nobody registers any more are told by list, and can be released', () => {
  removeRegistry('release.json');
  const list = good(chos('tree', 'list'));
  for (const name of names) assert.match(list, new RegExp(`${name} .* ${name}@\\d+ not registered`));
  for (const name of names) good(chos('tree', 'release', name));
  assert.ok(!existsSync(pins), existsSync(pins) ? readdirSync(pins).join() : '');
});

export { cases as releaseCases };
