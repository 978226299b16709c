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
    verdict.kind === 'elided' ? 'elided' : [verdict.why.path ?? [], verdict.why.kind].flat().join(' '),
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
  assert.is(why, 'private-asked');
  assert.equal(judge([bind(['rbind']), bind(['rbind', 'rslave'])], { strict: true }), ['elided', 'elided']);
});

test('what cannot be proved is mounted', () => {
  const why = (m: unknown, change?: Change) => judge([m], change)[0];
  assert.is(why(bind(['rbind'], '/srv')), 'another-mount');
  assert.is(why(bind(['rbind'], '/nowhere')), 'no-directory');
  assert.is(why(bind(['rbind'], '/home', '/home/user')), 'another-directory');
  const unshared = [mount(1, '/'), mount(2, '/home', { device: '8:2' })];
  assert.is(why(bind(['rbind']), { host: unshared }), 'not-shared');
  const renewed = [mount(1, '/'), mount(3, '/home', { device: '8:2', peerGroup: 7 })];
  assert.is(why(bind(['rbind']), { host: renewed }), 'another-mount');
});

test('never weaker than asked, never against an explicit option', () => {
  const why = (options: readonly string[], attributes = 0) =>
    judge([bind(['rbind', ...options])], {
      own: ownMounts.map(m => (m.point === '/home' ? { ...m, attributes } : m)),
    })[0];
  assert.is(why(['ro']), 'writable-there');
  assert.is(why(['rw'], MountAttr.RDONLY), 'readonly-there');
  assert.is(why(['ro'], MountAttr.RDONLY), 'elided');
  assert.is(why(['nosuid']), 'less-restricted-there');
  assert.is(why(['nosymfollow']), 'less-restricted-there');
  assert.is(why(['rnosymfollow'], MountAttr.NOSYMFOLLOW), 'elided');
  assert.is(why(['symfollow'], MountAttr.NOSYMFOLLOW), 'more-restricted-there');
  assert.is(why(['nosuid'], MountAttr.NOSUID), 'elided');
  assert.is(why([], MountAttr.NOSUID), 'elided');
  assert.is(why(['suid'], MountAttr.NOSUID), 'more-restricted-there');
  assert.is(why(['noatime']), 'access-times');
  assert.is(why([], MountAttr.NOATIME), 'access-times');
  assert.is(why([], MountAttr.NODIRATIME), 'access-times');
  assert.is(why(['noatime'], MountAttr.NOATIME), 'elided');
  assert.is(why(['rro']), 'writable-there');
  assert.is(why(['rshared']), 'shared-asked');
  assert.is(why(['unbindable']), 'unbindable-asked');
});

/** A mount below /home on both sides. */
const x = (source: Partial<MountFact> = {}, inside: Partial<MountFact> = {}): Change => ({
  host: [...hostMounts, mount(5, '/home/user', { parent: 2, device: '8:5', peerGroup: 9, ...source })],
  own: [...ownMounts, mount(15, '/home/user', { parent: 11, device: '8:5', master: 9, ...inside })],
});
const below = (change: Change, options: readonly string[] = ['rbind']) => judge([bind(options)], change)[0];

test('mounts below: the same on both sides', () => {
  assert.is(below(x()), 'elided');
  assert.is(below(x(), ['bind']), 'mounts-below');
  assert.is(below(x(), ['rbind', 'rnosuid']), 'less-restricted-there');
  const suid = ownMounts.map(m => ({ ...m, attributes: MountAttr.NOSUID }));
  assert.is(
    below({ ...x(), own: [...suid, ...(x().own ?? []).slice(-1)] }, ['rbind', 'rnosuid']),
    'mounts-below',
  );
  assert.is(below({ ...x(), own: ownMounts }), '/user only-on-host');
  assert.is(below({ ...x(), host: hostMounts }), '/user only-there');
  assert.is(below({ ...x(), host: hostMounts }, ['bind']), 'mounts-below');
  assert.is(below(x({ peerGroup: 0 })), '/user not-shared');
  assert.is(below(x({ peerGroup: 8 })), '/user another-mount');
  assert.is(below(x({}, { master: 0 })), '/user another-mount');
  assert.is(below(x({ device: '8:6' })), '/user another-mount');
  assert.is(below(x({ root: '/sub' })), '/user another-mount');
});

test('mounts below: each with the attributes that the bind would give it', () => {
  const { RDONLY, NOSUID, NODEV, NOATIME } = MountAttr;
  assert.is(below(x({ attributes: RDONLY })), '/user writable-there');
  assert.is(below(x({}, { attributes: RDONLY })), '/user readonly-there');
  assert.is(below(x({ attributes: NODEV })), '/user less-restricted-there');
  assert.is(below(x({}, { attributes: NOSUID })), 'elided');
  assert.is(below(x({ attributes: NOATIME })), '/user access-times');
  // "ro" is for the mount itself, not for those below.
  const readonly = ownMounts.map(m => ({ ...m, attributes: m.point === '/home' ? RDONLY : 0 }));
  const change = { ...x(), own: [...readonly, ...(x().own ?? []).slice(-1)] };
  assert.is(below(change, ['rbind', 'ro']), 'elided');
});

test('what is hidden below counts for nobody', () => {
  const covered = mount(6, '/home/user', { parent: 5, device: '8:6', peerGroup: 10 });
  const { host = [], own = [] } = x();
  assert.is(below({ host: [...host, covered], own }), '/user another-mount');
  const inside = mount(16, '/home/user', { parent: 15, device: '8:6', master: 10 });
  assert.is(below({ host: [...host, covered], own: [...own, inside] }), 'elided');
});

test('what the host has mounted since the view was prepared is not known', () => {
  const why = (change: Change, options?: readonly string[]) => below(change, options);
  assert.is(why({ late: [2] }), 'mounted-since');
  assert.is(why({ ...x(), own: ownMounts, late: [5] }), 'mounted-below-since');
  assert.is(why({ ...x(), late: [5] }), 'mounted-below-since');
  // Elsewhere: below another mount, or beside what is shown.
  const elsewhere = mount(6, '/srv', { parent: 1, device: '8:6', peerGroup: 10 });
  assert.is(why({ ...x(), host: [...(x().host ?? []), elsewhere], late: [6] }), 'elided');
  const beside = [mount(1, '/', { peerGroup: 1 }), mount(2, '/srv/x', { device: '8:3', peerGroup: 4 })];
  const part = [mount(10, '/'), mount(11, '/home', { root: '/home', master: 1 })];
  assert.is(why({ host: beside, own: part, late: [2] }), 'elided');
  const inPart = [mount(1, '/', { peerGroup: 1 }), mount(2, '/home/x', { device: '8:3', peerGroup: 4 })];
  assert.is(why({ host: inPart, own: part, late: [2] }), 'mounted-below-since');
});

test('a later entry that changes it needs a mount of its own', () => {
  const remount = (destination: string) => ({
    destination,
    type: 'bind',
    options: ['remount', 'ro', 'bind'],
  });
  const changed = ['changed-later', 'remount'];
  assert.equal(judge([bind(['rbind']), remount('/home')]), changed);
  assert.equal(judge([bind(['rbind']), remount('/home/user')]), changed);
  assert.equal(judge([bind(['rbind'], '/home/user'), remount('/home')]), changed);
  assert.equal(judge([bind(['rbind']), remount('/srv')]), ['elided', 'remount']);
});

test('a kept program leaves nothing out where the kernel tells too little', () => {
  const old = { major: 6, minor: 7 };
  assert.is(below({ kernel: old, kept: false }), 'elided');
  assert.is(below({ kernel: { major: 6, minor: 8 }, kept: true }), 'elided');
  assert.is(below({ kernel: old, kept: true }), 'kept');
  assert.is(below({ mark: 0 }), 'view-of-earlier-version');
  assert.is(below({ mark: 0, kernel: old }), 'elided');
});

test('an earlier mount in the way, above or below, is in the way', () => {
  const tmpfs = (destination: string) => ({ destination, type: 'tmpfs', source: 'tmpfs' });
  const own = 'own-mount';
  assert.equal(judge([tmpfs('/home'), bind(['rbind'])]), [own, 'earlier-in-the-way']);
  assert.equal(judge([tmpfs('/home/user'), bind(['rbind'])]), [own, 'earlier-in-the-way']);
  assert.equal(judge([bind(['rbind']), tmpfs('/home/user')]), ['elided', own]);
});

test('/proc: only that of the host, and as it is', () => {
  const proc = { destination: '/proc', type: 'proc', source: 'proc' };
  assert.equal(judge([proc]), ['elided']);
  assert.equal(judge([{ ...proc, options: ['ro'] }]), ['writable-there']);
  const misc = mount(17, '/proc/sys/fs/binfmt_misc', { parent: 12, type: 'binfmt_misc', master: 7 });
  assert.equal(judge([proc], { own: [...ownMounts, misc] }), ['mounts-below']);
  const linux = (changes: object) => judge([proc], { config: { linux: changes } });
  assert.equal(linux({ namespaces: [{ type: 'pid' }] }), ['pid-namespace']);
  assert.equal(linux({ namespaces: [{ type: 'mount' }], maskedPaths: ['/proc/kcore'] }), ['covered-paths']);
});

test.run();
