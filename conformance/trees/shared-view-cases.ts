/** The view that all launches without a mount namespace share: nobody who comes in later may change it, by whichever door. Begins and ends with nothing prepared. */
import * as assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { bind, caseList, good } from './case.js';
import {
  base,
  bundle,
  chos,
  detached,
  home,
  newId,
  pins,
  removeRegistry,
  shell,
  sleeping,
  writeRegistry,
} from './machine.js';

const { cases, test } = caseList('shared view: ');

const seesHome = (id: string): void => {
  assert.equal(good(chos('exec', id, 'cat', `${home}/hello`)), 'hello\n');
};

const namespaceOf = (id: string): string => good(chos('exec', id, 'readlink', '/proc/self/ns/mnt'));

/** Each tries to take the share away from a container that is there, and from one that comes later. */
function attack(attempt: (victim: string) => void): void {
  const victim = sleeping({ tree: 'one' });
  attempt(victim);
  seesHome(victim);
  good(chos('delete', '--force', victim));
  assert.equal(good(shell({ tree: 'one' }, `cat ${home}/hello`)), 'hello\n');
}

/** A process.json with these sets of capabilities. */
function processFile(capabilities: object, args: readonly string[], more: object = {}): string {
  const file = `${base}/process.json`;
  writeFileSync(
    file,
    JSON.stringify({ user: { uid: 0, gid: 0 }, args, cwd: '/', env: ['PATH=/bin'], capabilities, ...more }),
  );
  return file;
}

test('prepare the tree', () => {
  good(chos('tree', 'prepare', 'one'));
});

test('exec --cap CAP_SYS_ADMIN unmounts a share for itself alone', () =>
  attack(victim => {
    const script = `umount -l ${home} && ! cat ${home}/hello && mount -t tmpfs none /sys && readlink /proc/self/ns/mnt`;
    const own = good(chos('exec', '--cap', 'CAP_SYS_ADMIN', victim, 'sh', '-c', script));
    assert.notEqual(own, namespaceOf(victim));
    assert.match(good(chos('exec', victim, 'ls', '/sys')), /kernel/);
  }));

test('exec without it stays where the others are', () => {
  const one = sleeping({ tree: 'one' });
  const other = sleeping({ tree: 'one' });
  assert.equal(namespaceOf(one), namespaceOf(other));
  assert.equal(
    good(chos('exec', '--cap', 'CAP_NET_ADMIN', one, 'readlink', '/proc/self/ns/mnt')),
    namespaceOf(other),
  );
  for (const id of [one, other]) good(chos('delete', '--force', id));
});

const admin = ['CAP_SYS_ADMIN'];
const sets: Readonly<Record<string, object>> = {
  'all sets': { bounding: admin, permitted: admin, effective: admin, inheritable: admin, ambient: admin },
  'the bounding set alone, of which a set-user-ID program makes more': { bounding: admin },
  'the inheritable set, of which execve of root makes more': { inheritable: admin, bounding: admin },
  'lower-case names': { bounding: ['cap_sys_admin'], permitted: ['cap_sys_admin'] },
};

for (const [name, capabilities] of Object.entries(sets))
  for (const uid of [0, 1000])
    test(`exec --process with CAP_SYS_ADMIN in ${name}, as user ${uid}`, () =>
      attack(victim => {
        const args = ['sh', '-c', `umount -l ${home}; umount -l /sys; readlink /proc/self/ns/mnt`];
        const file = processFile(capabilities, args, { user: { uid, gid: 0 } });
        const own = good(chos('exec', '--process', file, victim));
        assert.notEqual(own, namespaceOf(victim));
      }));

test('a launch whose inheritable set has CAP_SYS_ADMIN takes a copy', () => {
  const directory = bundle({ tree: 'one', args: ['true'] });
  const file = `${directory}/config.json`;
  const config = JSON.parse(readFileSync(file, 'utf8'));
  config.process.capabilities = { bounding: admin, inheritable: admin };
  writeFileSync(file, JSON.stringify(config));
  assert.match(good(chos('explain', directory)), /take a copy of one@\d+, because CAP_SYS_ADMIN/);
});

for (const where of ['config.json', 'the registry'])
  test(`a startContainer hook of ${where} has no right over the view`, () =>
    attack(() => {
      const said = `${home}/hook-said`;
      const hook = {
        path: '/bin/sh',
        args: ['sh', '-c', `umount -l ${home}; grep Cap /proc/self/status >${said}`],
        env: ['PATH=/bin'],
      };
      const directory = bundle({ tree: where === 'config.json' ? 'one' : 'hooked', args: ['true'] });
      if (where === 'config.json') {
        const file = `${directory}/config.json`;
        const config = JSON.parse(readFileSync(file, 'utf8'));
        writeFileSync(file, JSON.stringify({ ...config, hooks: { startContainer: [hook] } }));
      } else {
        const trees = { hooked: { path: `${base}/one`, hooks: { startContainer: [hook] } } };
        writeRegistry({ trees, shares: [{ path: home }] }, 'hooked.json');
        good(chos('tree', 'prepare', 'hooked'));
      }
      assert.match(good(chos('explain', directory)), /enter \S+, without a mount/);
      good(chos('run', '-b', directory, newId()));
      const sysAdmin = 1n << 21n;
      for (const [, set] of readFileSync(said, 'utf8').matchAll(/:\s+([0-9a-f]+)/g))
        assert.equal(BigInt(`0x${set}`) & sysAdmin, 0n);
      rmSync(said);
      if (where === 'config.json') return;
      assert.equal(good(shell({ tree: 'hooked' }, `cat ${home}/hello`)), 'hello\n');
      good(chos('tree', 'release', 'hooked'));
      removeRegistry('hooked.json');
    }));

test('the state that hooks get names the generation', () => {
  const kinds = ['createRuntime', 'startContainer', 'poststart', 'poststop'];
  const said = (kind: string): string => `${home}/state-of-${kind}`;
  const directory = bundle({ tree: 'one', args: ['true'] });
  const file = `${directory}/config.json`;
  const config = JSON.parse(readFileSync(file, 'utf8'));
  const hooks = Object.fromEntries(
    kinds.map(kind => [
      kind,
      [{ path: '/bin/sh', args: ['sh', '-c', `cat >${said(kind)}`], env: ['PATH=/bin'] }],
    ]),
  );
  writeFileSync(file, JSON.stringify({ ...config, hooks }));
  good(chos('run', '-b', directory, newId()));
  for (const kind of kinds) {
    const { annotations } = JSON.parse(readFileSync(said(kind), 'utf8'));
    assert.match(annotations['org.chos.environment'], /^one@\d+$/, kind);
    assert.equal(annotations['org.chos.elided'], '0', kind);
    rmSync(said(kind));
  }
});

test('no config.json joins the namespace itself, by whichever path', () => {
  const victim = sleeping({ tree: 'one' });
  const { pid } = JSON.parse(good(chos('state', victim))) as { readonly pid: number };
  for (const path of [`${pins}/one@1`, `/proc/${pid}/ns/mnt`]) {
    const directory = bundle({ root: `${base}/two`, args: ['true'], mounts: [bind(base, home, 'bind')] });
    const file = `${directory}/config.json`;
    const config = JSON.parse(readFileSync(file, 'utf8'));
    config.linux.namespaces = [{ type: 'mount', path }];
    writeFileSync(file, JSON.stringify(config));
    const ran = chos('run', '-b', directory, newId());
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /it is one@1, which all containers of the tree share; start in it with/);
  }
  seesHome(victim);
  good(chos('delete', '--force', victim));
});

test('what a copy mounts does not reach the view that all share', () => {
  const victim = sleeping({ tree: 'one' });
  const place = `${home}/mounted-in-a-copy`;
  mkdirSync(place);
  const script = `mount -t tmpfs none ${place} && touch ${place}/x`;
  good(chos('exec', '--cap', 'SYS_ADMIN', victim, 'sh', '-c', script));
  good(shell({ tree: 'one', capabilities: admin }, script));
  assert.notEqual(chos('exec', victim, 'ls', `${place}/x`).status, 0);
  assert.doesNotMatch(readFileSync(`${pins}/one@1.mounts`, 'utf8'), /shared:/);
  good(chos('delete', '--force', victim));
});

test('a propagation of the root that is not slave is obeyed, in a copy', () => {
  const directory = bundle({ tree: 'one', args: ['sleep', '1000'] });
  const file = `${directory}/config.json`;
  const config = JSON.parse(readFileSync(file, 'utf8'));
  const write = (rootfsPropagation: string): void => {
    writeFileSync(file, JSON.stringify({ ...config, linux: { ...config.linux, rootfsPropagation } }));
  };
  write('rslave');
  assert.match(good(chos('explain', directory)), /enter one@1, without a mount/);
  write('rprivate');
  assert.match(good(chos('explain', directory)), /take a copy of one@1, because the root is to be rprivate/);
  const id = newId();
  good(detached('run', '-d', '-b', directory, id));
  assert.doesNotMatch(good(chos('exec', id, 'cat', '/proc/self/mountinfo')), /master:/);
  good(chos('delete', '--force', id));
  write('shared');
  const plain = bundle({ root: `${base}/two`, args: ['true'] });
  writeFileSync(
    `${plain}/config.json`,
    JSON.stringify({
      ...config,
      annotations: {},
      linux: { ...config.linux, rootfsPropagation: 'private' },
    }),
  );
  const refused = chos('run', '-b', plain, newId());
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /set linux.rootfsPropagation: it would change the host/);
});

test('release the tree', () => {
  good(chos('tree', 'release', 'one'));
});

export { cases as sharedViewCases };
