import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MountFact, SkeletonPlan } from '../../spec/environment.js';
import { MountAttr } from '../../spec/kernel.js';
import { mountFact } from '../../spec/test/mount-fact.js';
import { parent } from './path-parts.js';
import type { TreeEntry } from './skeleton.js';
import { type ActualSkeleton, type Deviation, deviationsOf, repairsOf } from './skeleton-deviations.js';

const plan: SkeletonPlan = {
  entries: [
    { kind: 'link', path: '/etc', target: '/proc/chos/link/etc' },
    { kind: 'directory', path: '/var', mode: 0o755 },
    { kind: 'link', path: '/var/log', target: '/proc/chos/link/var/log' },
    { kind: 'directory', path: '/home', mode: 0o755 },
    { kind: 'directory', path: '/var/mail', mode: 0o700 },
  ],
  mounts: [
    { path: '/home', source: '/home', place: '/home', readonly: false, what: 'share' },
    { path: '/var/mail', source: '/var/mail', place: '/var/mail', readonly: true, what: 'share' },
  ],
};
const directory: TreeEntry = { kind: 'directory', mode: 0o755 };
const link = (target: string): TreeEntry => ({ kind: 'link', target });
const whole: Readonly<Record<string, TreeEntry>> = {
  '/': directory,
  '/etc': link('/proc/chos/link/etc'),
  '/var': directory,
  '/var/log': link('/proc/chos/link/var/log'),
  '/home': directory,
  '/var/mail': directory,
};
const home = mountFact('/home', { id: 12, parent: 11, master: 2 });
const mail = mountFact('/var/mail', {
  id: 13,
  parent: 11,
  device: '8:2',
  root: '/mail',
  attributes: MountAttr.RDONLY,
});
const old = mountFact('/old', { id: 14, parent: 11 });
const hostMounts = [
  mountFact('/', { id: 1, device: '8:0' }),
  mountFact('/home', { id: 2, parent: 1, peerGroup: 2 }),
  mountFact('/var', { id: 3, parent: 1, device: '8:2', peerGroup: 3 }),
];

interface Change {
  readonly entries?: Readonly<Record<string, TreeEntry | null>>;
  readonly mounts?: readonly MountFact[];
  readonly former?: readonly string[];
  readonly files?: readonly string[];
  readonly host?: readonly MountFact[];
}

function deviations({
  entries = {},
  mounts = [home, mail],
  former = [],
  files = [],
  host = hostMounts,
}: Change = {}): readonly Deviation[] {
  const all = Object.entries({ ...whole, ...entries }).flatMap(([path, entry]) =>
    entry ? [[path, entry] as const] : [],
  );
  const actual: ActualSkeleton = {
    entry: path => new Map(all).get(path) ?? null,
    list: path =>
      all
        .filter(([one]) => one !== '/' && parent(one) === path)
        .map(([one]) => one.slice(one.lastIndexOf('/') + 1)),
    // What carries it, and the skeleton itself.
    mounts: [mountFact('/', { id: 10 }), mountFact('/', { id: 11, parent: 10 }), ...mounts],
  };
  return deviationsOf(plan, actual, host, former, files);
}
const told = (change: Change): readonly string[] =>
  deviations(change).map(({ kind, path }) => `${kind} ${path}`);

test('what is as planned does not deviate', () => {
  assert.equal(told({}), []);
});

test('entries', () => {
  assert.equal(told({ entries: { '/etc': null } }), ['missing /etc']);
  assert.equal(told({ entries: { '/etc': link('/x') } }), ['other-link /etc']);
  assert.equal(told({ entries: { '/etc': { kind: 'other' } } }), ['in-the-way /etc']);
  assert.equal(told({ entries: { '/opt': link('/proc/chos/link/opt') } }), ['surplus-link /opt']);
  // A mount point of some container, or a site's own.
  assert.equal(told({ entries: { '/data': directory } }), []);
});

test('mounts', () => {
  assert.equal(told({ mounts: [mail] }), ['not-mounted /home']);
  assert.equal(told({ mounts: [{ ...home, device: '8:9' }, mail] }), ['other-mount /home']);
  assert.equal(told({ mounts: [{ ...home, master: 7 }, mail] }), ['other-mount /home']);
  assert.equal(told({ mounts: [home, { ...mail, attributes: 0 }] }), ['other-mount /var/mail']);
  // Read-only, but what is mounted on the host later would arrive in it, writable.
  assert.equal(told({ mounts: [home, { ...mail, master: 3 }] }), ['other-mount /var/mail']);
  assert.equal(told({ mounts: [home, mail, old] }), []);
  assert.equal(told({ mounts: [home, mail, old], former: ['/old', '/home'] }), ['surplus-mount /old']);
  // On a file of a tree: below what is planned, and ours all the same.
  const file = { ...old, point: '/home/os/etc/passwd' };
  assert.equal(told({ mounts: [home, mail, file], files: [file.point] }), [
    'surplus-mount /home/os/etc/passwd',
  ]);
  assert.equal(told({ mounts: [home, mail], files: [file.point, '/home'] }), []);
});

const changed = (id: number, more: Partial<MountFact>): readonly MountFact[] =>
  hostMounts.map(mount => (mount.id === id ? { ...mount, ...more } : mount));

test('what the host has made private, or a slave of another', () => {
  assert.equal(told({ host: changed(2, { peerGroup: 0 }) }), ['other-mount /home']);
  assert.equal(told({ host: changed(2, { peerGroup: 0, master: 2 }) }), []);
  assert.equal(told({ host: changed(2, { peerGroup: 0 }), mounts: [{ ...home, master: 0 }, mail] }), []);
});

test('mount options of a share are those of the host', () => {
  const { RDONLY, NOSUID, NODEV, NOEXEC, NOATIME, NOSYMFOLLOW } = MountAttr;
  for (const attributes of [RDONLY, NOSUID, NODEV, NOEXEC, NOATIME, NOSYMFOLLOW]) {
    const found = deviations({ host: changed(2, { attributes }) });
    const where = { path: '/home', at: '/home', share: '/home' };
    assert.equal(found, [{ kind: 'options', ...where, found: 0, expected: attributes }]);
    const { alter, detach, mount } = repairsOf(plan, found);
    assert.equal([alter, detach, mount], [[{ path: '/home', attributes, anew: [plan.mounts[0]] }], [], []]);
    // And back again.
    const given = deviations({ mounts: [{ ...home, attributes }, mail] });
    assert.is(repairsOf(plan, given).alter[0]?.attributes, 0);
  }
  // A read-only share has the others too.
  const [found] = deviations({ host: changed(3, { attributes: NOSUID }) });
  assert.is(found?.kind === 'options' && found.expected, RDONLY | NOSUID);
  assert.equal(told({ host: changed(3, { attributes: RDONLY }) }), []);
});

test('mount options below a share', () => {
  const disk = mountFact('/home/disk', { id: 4, parent: 2, device: '8:7', peerGroup: 4 });
  const inside = { ...disk, id: 15, parent: 12, peerGroup: 0, master: 4 };
  const sealed = { ...disk, id: 5, point: '/var/mail/disk', parent: 3 };
  const kept = { ...sealed, id: 16, parent: 13, peerGroup: 0, attributes: MountAttr.RDONLY };
  const all = { host: [...hostMounts, disk, sealed], mounts: [home, mail, inside, kept] };
  assert.equal(told(all), []);
  const changedBelow = { ...all, host: [...hostMounts, { ...disk, attributes: MountAttr.NOEXEC }, sealed] };
  assert.equal(told(changedBelow), ['options /home/disk']);
  assert.equal(repairsOf(plan, deviations(changedBelow)).alter, [
    { path: '/home/disk', attributes: MountAttr.NOEXEC, anew: [plan.mounts[0]] },
  ]);
  assert.equal(told({ ...all, mounts: [home, mail, inside, { ...kept, attributes: 0 }] }), [
    'options /var/mail/disk',
  ]);
  // The share itself is mounted anew, and what is below it comes along.
  const both = deviations({ ...changedBelow, mounts: [{ ...home, master: 7 }, mail, inside, kept] });
  assert.equal(repairsOf(plan, both).alter, []);
  // The host has unmounted it; what follows the host has gone, or will.
  assert.equal(told({ ...all, host: [...hostMounts, disk] }), ['other-mount /var/mail']);
  assert.equal(told({ ...all, host: [...hostMounts, sealed] }), []);
});

test('a link becomes a directory with all that is planned in it, at once', () => {
  const closed = { '/var': link('/proc/chos/link/var'), '/var/log': null, '/var/mail': null };
  const repairs = repairsOf(plan, deviations({ entries: closed, mounts: [home] }));
  assert.equal(
    repairs.open.map(one => [one.path, one.entries.map(entry => entry.path)]),
    [['/var', ['/var/log', '/var/mail']]],
  );
  assert.equal(repairs.make, []);
  assert.equal(
    repairs.mount.map(one => one.path),
    ['/var/mail'],
  );
});

test('what is in the way is left alone; a wrong link and a wrong mount are replaced', () => {
  assert.equal(repairsOf(plan, deviations({ entries: { '/etc': { kind: 'other' } } })), {
    detach: [],
    unlink: [],
    open: [],
    make: [],
    mount: [],
    alter: [],
  });
  const repairs = repairsOf(
    plan,
    deviations({ entries: { '/etc': link('/x') }, mounts: [{ ...home, master: 7 }, mail] }),
  );
  assert.equal(repairs.unlink, ['/etc']);
  assert.equal(
    repairs.make.map(entry => entry.path),
    ['/etc'],
  );
  assert.equal([repairs.detach, repairs.mount.map(one => one.path)], [['/home'], ['/home']]);
});

test.run();
