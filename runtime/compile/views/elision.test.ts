import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DirectoryFact, Environment, MountFact, Pin } from '../../../spec/environment.js';
import { MountAttr } from '../../../spec/kernel.js';
import { mountFact } from '../../../spec/test/mount-fact.js';
import { createLaunch } from '../launch/launch.js';
import { inputOf } from '../test/input.js';
import { judgeMounts } from './elision.js';

/** On the root of its side. */
const mount = (id: number, point: string, more: Partial<MountFact> = {}): MountFact =>
  mountFact(point, { id, parent: point === '/' ? 0 : id < 10 ? 1 : 10, ...more });

const directory = (path: string): DirectoryFact & { readonly path: string } => ({
  major: 8,
  minor: 1,
  inode: 2,
  path,
});
const hostMounts = [mount(1, '/', { peerGroup: 1 }), mount(2, '/home', { peerGroup: 2, device: '8:2' })];
const ownMounts = [
  mount(10, '/'),
  mount(11, '/home', { master: 2, device: '8:2' }),
  mount(12, '/proc', { type: 'proc', master: 3 }),
];

interface Change {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly host?: readonly MountFact[];
  readonly own?: readonly MountFact[];
  readonly strict?: boolean;
  /** Of the host: what came after the view was prepared. */
  readonly late?: readonly number[];
  readonly mark?: number;
  readonly kernel?: { readonly major: number; readonly minor: number };
  readonly kept?: boolean;
}

/** What becomes of each of these mounts: "elided", or why not. */
function judge(
  mounts: readonly unknown[],
  {
    config = {},
    host = hostMounts,
    own = ownMounts,
    strict = false,
    late = [],
    mark = 2 ** 31,
    kernel = { major: 6, minor: 18 },
    kept = false,
  }: Change = {},
) {
  const pin: Pin = {
    name: 'a@1',
    path: '/run/chos-trees/a@1',
    record: '/run/chos-trees/a@1.json',
    generation: 1,
    inode: 1,
    stamp: { seconds: 1, nanoseconds: 1 },
    host: { namespace: 1, root: directory('/') },
    treeMounts: ['/'],
    tree: null,
    mounts: own,
    late,
    mark,
  };
  const environment: Environment = {
    tree: 'a',
    path: '/os/a',
    readonly: false,
    hostView: ['/proc', '/sys', '/dev'],
    shares: [{ path: '/home', source: '/home', place: '/home', readonly: false }],
    backEnd: 'pinned',
    reason: 'a@1 is prepared',
    chosenBy: '--tree',
    pin,
    sources: {
      mounts: host,
      directories: new Map(['/', '/home', '/home/user', '/srv'].map(p => [p, directory(p)])),
      shares: new Map(),
    },
    variables: [],
    strict,
    file: 'r.json',
    line: 1,
  };
  const linux = { namespaces: [], ...(config.linux as object | undefined) };
  const input = inputOf({ config: { ...config, mounts, linux }, facts: { kernel }, options: { kept } });
  const launch = createLaunch({ ...input, environment });
  return judgeMounts(launch, environment, pin).map(verdict =>
    verdict.kind === 'elided' ? 'elided' : verdict.why,
  );
}

const bind = (options: readonly string[], source = '/home', destination = source) => ({
  destination,
  source,
  type: 'bind',
  options,
});

test('the same mount in the same place is left out', () => {
  assert.equal(judge([bind(['rbind', 'rw'])]), ['elided']);
  assert.equal(judge([bind(['rbind', 'rprivate'])]), ['elided']);
  assert.equal(judge([bind(['bind'], '/home/user')]), ['elided']);
  assert.equal(judge([bind(['rbind'], '/home', '/home/')]), ['elided']);
});

test('a site may insist that private is private', () => {
  const why = judge([bind(['rbind', 'rprivate'])], { strict: true })[0];
  assert.is(why, 'private is asked for, and a slave is none (elide: strict)');
  assert.equal(judge([bind(['rbind']), bind(['rbind', 'rslave'])], { strict: true }), ['elided', 'elided']);
});

test('what cannot be proved is mounted', () => {
  const why = (m: unknown, change?: Change) => judge([m], change)[0];
  assert.is(why(bind(['rbind'], '/srv')), 'another mount is there');
  assert.is(why(bind(['rbind'], '/nowhere')), 'its source is no directory');
  assert.is(why(bind(['rbind'], '/home', '/home/user')), 'another directory is there');
  const unshared = [mount(1, '/'), mount(2, '/home', { device: '8:2' })];
  assert.is(why(bind(['rbind']), { host: unshared }), "the host's mount is not shared");
  const renewed = [mount(1, '/'), mount(3, '/home', { device: '8:2', peerGroup: 7 })];
  assert.is(why(bind(['rbind']), { host: renewed }), 'another mount is there');
});

test('never weaker than asked, never against an explicit option', () => {
  const why = (options: readonly string[], attributes = 0) =>
    judge([bind(['rbind', ...options])], {
      own: ownMounts.map(m => (m.point === '/home' ? { ...m, attributes } : m)),
    })[0];
  assert.is(why(['ro']), 'it is writable there');
  assert.is(why(['rw'], MountAttr.RDONLY), 'it is read-only there');
  assert.is(why(['ro'], MountAttr.RDONLY), 'elided');
  assert.is(why(['nosuid']), 'nosuid, nodev, noexec or nosymfollow is missing there');
  assert.is(why(['nosymfollow']), 'nosuid, nodev, noexec or nosymfollow is missing there');
  assert.is(why(['rnosymfollow'], MountAttr.NOSYMFOLLOW), 'elided');
  assert.is(why(['symfollow'], MountAttr.NOSYMFOLLOW), 'suid, dev, exec or symfollow is asked for');
  assert.is(why(['nosuid'], MountAttr.NOSUID), 'elided');
  assert.is(why([], MountAttr.NOSUID), 'elided');
  assert.is(why(['suid'], MountAttr.NOSUID), 'suid, dev, exec or symfollow is asked for');
  assert.is(why(['noatime']), 'access times differ');
  assert.is(why([], MountAttr.NOATIME), 'access times differ');
  assert.is(why([], MountAttr.NODIRATIME), 'access times differ');
  assert.is(why(['noatime'], MountAttr.NOATIME), 'elided');
  assert.is(why(['rro']), 'it is writable there');
  assert.is(why(['rshared']), 'shared is asked for');
  assert.is(why(['unbindable']), 'unbindable is asked for');
});

/** A mount below /home on both sides. */
const x = (source: Partial<MountFact> = {}, inside: Partial<MountFact> = {}): Change => ({
  host: [...hostMounts, mount(5, '/home/user', { parent: 2, device: '8:5', peerGroup: 9, ...source })],
  own: [...ownMounts, mount(15, '/home/user', { parent: 11, device: '8:5', master: 9, ...inside })],
});
const below = (change: Change, options: readonly string[] = ['rbind']) => judge([bind(options)], change)[0];

test('mounts below: the same on both sides', () => {
  assert.is(below(x()), 'elided');
  assert.is(below(x(), ['bind']), 'there are mounts below it');
  assert.is(below(x(), ['rbind', 'rnosuid']), 'nosuid, nodev, noexec or nosymfollow is missing there');
  const suid = ownMounts.map(m => ({ ...m, attributes: MountAttr.NOSUID }));
  assert.is(
    below({ ...x(), own: [...suid, ...(x().own ?? []).slice(-1)] }, ['rbind', 'rnosuid']),
    'there are mounts below it',
  );
  assert.is(below({ ...x(), own: ownMounts }), 'user is mounted on the host, and not there');
  assert.is(below({ ...x(), host: hostMounts }), 'user is mounted there, and not on the host');
  assert.is(below({ ...x(), host: hostMounts }, ['bind']), 'there are mounts below it');
  assert.is(below(x({ peerGroup: 0 })), 'a mount below it is not shared');
  assert.is(below(x({ peerGroup: 8 })), 'another mount is on user there');
  assert.is(below(x({}, { master: 0 })), 'another mount is on user there');
  assert.is(below(x({ device: '8:6' })), 'another mount is on user there');
  assert.is(below(x({ root: '/sub' })), 'another mount is on user there');
});

test('mounts below: each with the attributes that the bind would give it', () => {
  const { RDONLY, NOSUID, NODEV, NOATIME } = MountAttr;
  assert.is(below(x({ attributes: RDONLY })), 'user: it is writable there');
  assert.is(below(x({}, { attributes: RDONLY })), 'user: it is read-only there');
  assert.is(below(x({ attributes: NODEV })), 'user: nosuid, nodev, noexec or nosymfollow is missing there');
  assert.is(below(x({}, { attributes: NOSUID })), 'elided');
  assert.is(below(x({ attributes: NOATIME })), 'user: access times differ');
  // "ro" is for the mount itself, not for those below.
  const readonly = ownMounts.map(m => ({ ...m, attributes: m.point === '/home' ? RDONLY : 0 }));
  const change = { ...x(), own: [...readonly, ...(x().own ?? []).slice(-1)] };
  assert.is(below(change, ['rbind', 'ro']), 'elided');
});

test('what is hidden below counts for nobody', () => {
  const covered = mount(6, '/home/user', { parent: 5, device: '8:6', peerGroup: 10 });
  const { host = [], own = [] } = x();
  assert.is(below({ host: [...host, covered], own }), 'another mount is on user there');
  const inside = mount(16, '/home/user', { parent: 15, device: '8:6', master: 10 });
  assert.is(below({ host: [...host, covered], own: [...own, inside] }), 'elided');
});

test('what the host has mounted since the view was prepared is not known', () => {
  const why = (change: Change, options?: readonly string[]) => below(change, options);
  assert.is(why({ late: [2] }), 'the host has mounted it since a@1 was made');
  assert.is(
    why({ ...x(), own: ownMounts, late: [5] }),
    'the host has mounted something below it since a@1 was made',
  );
  assert.is(why({ ...x(), late: [5] }), 'the host has mounted something below it since a@1 was made');
  // Elsewhere: below another mount, or beside what is shown.
  const elsewhere = mount(6, '/srv', { parent: 1, device: '8:6', peerGroup: 10 });
  assert.is(why({ ...x(), host: [...(x().host ?? []), elsewhere], late: [6] }), 'elided');
  const beside = [mount(1, '/', { peerGroup: 1 }), mount(2, '/srv/x', { device: '8:3', peerGroup: 4 })];
  const part = [mount(10, '/'), mount(11, '/home', { root: '/home', master: 1 })];
  assert.is(why({ host: beside, own: part, late: [2] }), 'elided');
  const inPart = [mount(1, '/', { peerGroup: 1 }), mount(2, '/home/x', { device: '8:3', peerGroup: 4 })];
  assert.is(
    why({ host: inPart, own: part, late: [2] }),
    'the host has mounted something below it since a@1 was made',
  );
});

test('a later entry that changes it needs a mount of its own', () => {
  const remount = (destination: string) => ({
    destination,
    type: 'bind',
    options: ['remount', 'ro', 'bind'],
  });
  const changed = ['a later entry changes it', 'it changes a mount'];
  assert.equal(judge([bind(['rbind']), remount('/home')]), changed);
  assert.equal(judge([bind(['rbind']), remount('/home/user')]), changed);
  assert.equal(judge([bind(['rbind'], '/home/user'), remount('/home')]), changed);
  assert.equal(judge([bind(['rbind']), remount('/srv')]), ['elided', 'it changes a mount']);
});

test('a kept program leaves nothing out where the kernel tells too little', () => {
  const old = { major: 6, minor: 7 };
  assert.is(below({ kernel: old, kept: false }), 'elided');
  assert.is(below({ kernel: { major: 6, minor: 8 }, kept: true }), 'elided');
  assert.match(below({ kernel: old, kept: true }) ?? '', /before Linux 6.8 a program that is kept/);
  assert.match(below({ mark: 0 }) ?? '', /a@1 is of an earlier version/);
  assert.is(below({ mark: 0, kernel: old }), 'elided');
});

test('an earlier mount in the way, above or below, is in the way', () => {
  const tmpfs = (destination: string) => ({ destination, type: 'tmpfs', source: 'tmpfs' });
  const own = 'it is a mount of its own';
  assert.equal(judge([tmpfs('/home'), bind(['rbind'])]), [own, 'an earlier mount is in the way']);
  assert.equal(judge([tmpfs('/home/user'), bind(['rbind'])]), [own, 'an earlier mount is in the way']);
  assert.equal(judge([bind(['rbind']), tmpfs('/home/user')]), ['elided', own]);
});

test('/proc: only that of the host, and as it is', () => {
  const proc = { destination: '/proc', type: 'proc', source: 'proc' };
  assert.equal(judge([proc]), ['elided']);
  assert.equal(judge([{ ...proc, options: ['ro'] }]), ['it is writable there']);
  const misc = mount(17, '/proc/sys/fs/binfmt_misc', { parent: 12, type: 'binfmt_misc', master: 7 });
  assert.equal(judge([proc], { own: [...ownMounts, misc] }), ['there are mounts below it']);
  const linux = (changes: object) => judge([proc], { config: { linux: changes } });
  assert.equal(linux({ namespaces: [{ type: 'pid' }] }), ['there is a pid namespace']);
  assert.equal(linux({ namespaces: [{ type: 'mount' }], maskedPaths: ['/proc/kcore'] }), [
    'paths are masked or read-only',
  ]);
});

test.run();
