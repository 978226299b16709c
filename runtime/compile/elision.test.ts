import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DirectoryFact, Environment, MountFact, Pin } from '../../spec/environment.js';
import { MountAttr } from '../../spec/kernel.js';
import { judgeMounts } from './elision.js';
import { createLaunch } from './launch.js';
import { inputOf } from './test/input.js';

const mount = (id: number, point: string, more: Partial<MountFact> = {}): MountFact => ({
  id,
  point,
  root: '/',
  device: '8:1',
  type: 'ext4',
  attributes: 0,
  peerGroup: 0,
  master: 0,
  ...more,
});

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
}

/** What becomes of each of these mounts: "elided", or why not. */
function judge(
  mounts: readonly unknown[],
  { config = {}, host = hostMounts, own = ownMounts, strict = false }: Change = {},
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
      directories: new Map(['/home', '/home/user', '/srv'].map(p => [p, directory(p)])),
    },
    variables: [],
    strict,
    file: 'r.json',
    line: 1,
  };
  const linux = { namespaces: [], ...(config.linux as object | undefined) };
  const launch = createLaunch({ ...inputOf({ config: { ...config, mounts, linux } }), environment });
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
  assert.is(why(['nosuid']), 'nosuid, nodev or noexec is missing there');
  assert.is(why(['nosuid'], MountAttr.NOSUID), 'elided');
  assert.is(why([], MountAttr.NOSUID), 'elided');
  assert.is(why(['suid'], MountAttr.NOSUID), 'suid, dev or exec is asked for');
  assert.is(why(['noatime']), 'access times differ');
  assert.is(why(['rro']), 'it is writable there');
  assert.is(why(['rshared']), 'shared is asked for');
  assert.is(why(['unbindable']), 'unbindable is asked for');
});

test('mounts below the source', () => {
  const shared = [...hostMounts, mount(5, '/home/user', { peerGroup: 9 })];
  assert.equal(judge([bind(['rbind'])], { host: shared }), ['elided']);
  assert.equal(judge([bind(['bind'])], { host: shared }), ['there are mounts below it']);
  assert.equal(judge([bind(['rbind', 'rnosuid'])], { host: shared }).includes('elided'), false);
  const hidden = [...hostMounts, mount(5, '/home/user')];
  assert.equal(judge([bind(['rbind'])], { host: hidden }), ['a mount below it is not shared']);
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
  const linux = (changes: object) => judge([proc], { config: { linux: changes } });
  assert.equal(linux({ namespaces: [{ type: 'pid' }] }), ['there is a pid namespace']);
  assert.equal(linux({ namespaces: [{ type: 'mount' }], maskedPaths: ['/proc/kcore'] }), [
    'paths are masked or read-only',
  ]);
});

test.run();
