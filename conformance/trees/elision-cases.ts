/** Elision: what of config.json is left out because the environment shows it, and what never is. Begins and ends with nothing prepared. */
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { release } from 'node:os';
import { bind, caseList, good } from './case.js';
import {
  base,
  bundle,
  chos,
  home,
  newId,
  registry,
  scratch,
  shell,
  sleeping,
  writeRegistry,
} from './machine.js';

const { cases, test } = caseList('elision: ');

test('prepare the tree', () => {
  good(chos('tree', 'prepare', 'one'));
});

test('binds that the environment shows are left out, in both ways; explain and the state tell', () => {
  const mounts = [bind(home, home, 'rbind', 'rprivate'), bind(home, `${home}/`, 'bind')];
  const directory = bundle({ tree: 'one', mounts, args: ['sleep', '1000'] });
  const explained = good(chos('explain', directory));
  assert.match(explained, /leave out the mount on \S+home: the environment shows it, slave of peer group/);
  assert.match(explained, /enter one@\d+, without a mount/);
  const id = sleeping({ tree: 'one', mounts });
  assert.equal(JSON.parse(good(chos('state', id))).annotations['org.chos.elided'], '2');
  good(chos('delete', '--force', id));
  const copied = good(shell({ tree: 'one', own: true, mounts }, 'cat /proc/self/mountinfo'));
  assert.equal(copied.split('\n').filter(line => line.includes(` ${home} `)).length, 1);
});

test('binds that are not the same are mounted', () => {
  const at = (m: unknown): string =>
    good(chos('explain', bundle({ tree: 'one', mounts: [m], args: ['true'] })));
  assert.match(at(bind(scratch, scratch, 'rbind', 'rw')), /1 mounts at most/);
  assert.match(at(bind(home, home, 'rbind', 'ro')), /1 mounts at most/);
  assert.match(at(bind(home, home, 'rbind', 'nosuid')), /1 mounts at most/);
  assert.match(at(bind(home, home, 'rbind', 'rshared')), /1 mounts at most/);
  assert.match(at(bind(base, home, 'rbind')), /1 mounts at most/);
  // What the environment shows read-only does not follow the host, so nothing proves that it is the same mount.
  assert.match(at(bind(scratch, scratch, 'bind', 'ro')), /1 mounts at most/);
  const wish = { tree: 'one', mounts: [bind(scratch, scratch, 'rbind', 'rw')] };
  good(shell(wish, `touch ${scratch}/written`));
});

test('prepare the tree with two shares that can be written', () => {
  writeRegistry({ ...registry, shares: [{ path: home }, { path: scratch }] });
  good(chos('tree', 'prepare', 'one'));
});

const [major = 0, minor = 0] = release().split('.').map(Number);
export const hasStatmount = major > 6 || (major === 6 && minor >= 8);

for (const own of [false, true])
  test(`a compiled launch ${own ? 'with mounts of its own ' : ''}sees that one of several shares was changed`, () => {
    const mounts = [
      bind(home, home, 'rbind'),
      bind(`${home}/`, `${home}//`, 'rbind'),
      bind(scratch, scratch, 'rbind'),
      bind(home, home, 'rbind'),
    ];
    const directory = bundle({ tree: 'one', own, mounts, args: ['true'] });
    assert.equal(good(chos('explain', directory)).match(/leave out the mount on/g)?.length, 4);
    const executable = `${directory}/run`;
    good(chos('compile', directory, '-o', executable));
    const start = () => spawnSync(executable, ['--id', newId()], { encoding: 'utf8' });
    const refusedAfter = (change: readonly string[], back: readonly string[], path: string): void => {
      good(start());
      good(spawnSync('mount', change, { encoding: 'utf8' }));
      const { status, stderr } = start();
      good(spawnSync(back[0] ?? '', back.slice(1), { encoding: 'utf8' }));
      assert.equal(status, 1, stderr);
      assert.ok(
        stderr.includes(
          `leave out the mount of ${path}: it is no longer what it was when this was compiled; compile again`,
        ),
        stderr,
      );
    };
    refusedAfter(['--bind', home, home], ['umount', home], home);
    refusedAfter(['--bind', home, scratch], ['umount', scratch], scratch);
    // Before statmount(2), Linux 6.8, nobody tells the attributes of a mount in another namespace.
    if (hasStatmount)
      refusedAfter(['-o', 'remount,bind,ro', '/mnt'], ['mount', '-o', 'remount,bind,rw', '/mnt'], home);
    good(start());
  });

test('release the tree', () => {
  writeRegistry(registry);
  good(chos('tree', 'release', 'one'));
});

export { cases as elisionCases };
