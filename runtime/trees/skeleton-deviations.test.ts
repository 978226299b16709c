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
const home = mountFact('/home', { master: 2 });
const mail = mountFact('/var/mail', { device: '8:2', root: '/mail', attributes: MountAttr.RDONLY });

interface Change {
  readonly entries?: Readonly<Record<string, TreeEntry | null>>;
  readonly mounts?: readonly MountFact[];
  readonly former?: readonly string[];
}

function deviations({ entries = {}, mounts = [home, mail], former = [] }: Change = {}): readonly Deviation[] {
  const all = Object.entries({ ...whole, ...entries }).flatMap(([path, entry]) =>
    entry ? [[path, entry] as const] : [],
  );
  const actual: ActualSkeleton = {
    entry: path => new Map(all).get(path) ?? null,
    list: path =>
      all
        .filter(([one]) => one !== '/' && parent(one) === path)
        .map(([one]) => one.slice(one.lastIndexOf('/') + 1)),
    mounts: [mountFact('/'), ...mounts],
  };
  const host = [
    mountFact('/', { device: '8:0' }),
    mountFact('/home', { peerGroup: 2 }),
    mountFact('/var', { device: '8:2', peerGroup: 3 }),
  ];
  return deviationsOf(plan, actual, host, former);
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
  assert.equal(told({ mounts: [home, mail, mountFact('/old')] }), []);
  assert.equal(told({ mounts: [home, mail, mountFact('/old')], former: ['/old', '/home'] }), [
    'surplus-mount /old',
  ]);
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
