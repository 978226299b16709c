import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MountFact } from '../../spec/environment.js';
import { MountAttr } from '../../spec/kernel.js';
import { mountFact } from '../../spec/test/mount-fact.js';
import { staleShare, type ViewedShares } from './stale-shares.js';

const mount = (id: number, point: string, more: Partial<MountFact> = {}): MountFact =>
  mountFact(point, { id, parent: point === '/' ? 0 : id < 10 ? 1 : 10, ...more });
const at = { major: 8, minor: 2, inode: 2, born: '5' };
const home = { path: '/home', readonly: false, live: true, at };
const view: ViewedShares = {
  shares: [home],
  found: new Map([['/home', { ...at, path: '/home' }]]),
  hostMounts: [mount(1, '/', { peerGroup: 1 }), mount(2, '/home', { device: '8:2', peerGroup: 2 })],
  late: [],
  viewMounts: [mount(10, '/'), mount(11, '/home', { device: '8:2', master: 2 })],
};
const why = (change: Partial<ViewedShares>) => staleShare({ ...view, ...change })?.why ?? null;
const host = (change: Partial<MountFact>): Partial<ViewedShares> => ({
  hostMounts: view.hostMounts.map(m => (m.id === 2 ? { ...m, ...change } : m)),
});
const shown = (change: Partial<MountFact>): Partial<ViewedShares> => ({
  viewMounts: view.viewMounts.map(m => (m.id === 11 ? { ...m, ...change } : m)),
});

test('a share that is as it was', () => {
  assert.is(why({}), null);
  assert.is(why({ shares: [{ path: '/home', readonly: false }] }), null);
  assert.is(why({ late: null }), null);
});

test('mounted anew, with all numbers the same: its place in mountinfo tells', () => {
  assert.is(why({ late: [2] }), 'mounted-anew');
  assert.is(why({ late: [7] }), null);
});

test('another directory', () => {
  assert.is(why(host({ device: '8:9' })), 'other-directory');
  assert.is(why(host({ root: '/sub' })), 'other-directory');
  assert.is(why({ found: new Map([['/home', { ...at, inode: 3, path: '/home' }]]) }), 'other-directory');
  assert.is(why({ found: new Map([['/home', { ...at, path: '/elsewhere' }]]) }), 'other-directory');
  assert.is(why({ found: new Map([['/home', { ...at, born: '6', path: '/home' }]]) }), 'other-directory');
  // Missing: tree check and prepare say so.
  assert.is(why({ found: new Map() }), null);
});

test('mounted over, or unmounted so that another mount is seen', () => {
  assert.is(why({ hostMounts: [...view.hostMounts, mount(3, '/home', { parent: 2 })] }), 'other-directory');
  assert.is(why({ hostMounts: view.hostMounts.slice(0, 1) }), 'other-directory');
  assert.is(why({ hostMounts: [] }), 'hidden');
});

test('what is followed', () => {
  assert.is(why(host({ peerGroup: 3 })), 'not-live');
  assert.is(why(host({ peerGroup: 0 })), 'not-live');
  assert.is(why(shown({ master: 0 })), 'not-live');
  // The host's follows another itself, and has no peers: a copy follows the same one.
  assert.is(why({ ...host({ peerGroup: 0, master: 2 }) }), null);
  const still = { ...home, live: false };
  assert.is(why({ ...shown({ master: 0 }), shares: [still] }), null);
  assert.is(why({ ...shown({ master: 0 }), ...host({ peerGroup: 0 }), shares: [still] }), null);
});

test('mount options', () => {
  assert.is(why(host({ attributes: MountAttr.RDONLY })), 'options');
  assert.is(why(host({ attributes: MountAttr.NOSUID })), 'options');
  assert.is(why(shown({ attributes: MountAttr.NOEXEC })), 'options');
  const readonly = { ...home, readonly: true, live: false };
  assert.is(why({ ...shown({ master: 0, attributes: MountAttr.RDONLY }), shares: [readonly] }), null);
  assert.is(why({ ...shown({ master: 0 }), shares: [readonly] }), 'options');
});

test('a mount below that does not follow the host is as it was, or the share is not', () => {
  const inside = mount(12, '/home/x', { parent: 11, device: '8:5' });
  const outside = mount(5, '/home/x', { parent: 2, device: '8:5' });
  const both: Partial<ViewedShares> = {
    viewMounts: [...view.viewMounts, inside],
    hostMounts: [...view.hostMounts, outside],
  };
  assert.is(why(both), null);
  assert.is(why({ ...both, late: [5] }), 'below');
  assert.is(why({ ...both, hostMounts: view.hostMounts }), 'below');
  // One that follows comes and goes with the host's.
  assert.is(why({ viewMounts: [...view.viewMounts, { ...inside, master: 9 }] }), null);
});

test('options of a mount below: they do not follow the host, whoever else does', () => {
  const inside = mount(12, '/home/x', { parent: 11, device: '8:5', master: 5 });
  const outside = mount(5, '/home/x', { parent: 2, device: '8:5', peerGroup: 5 });
  const below = (here: Partial<MountFact>, more: Partial<ViewedShares> = {}) =>
    why({
      viewMounts: [...view.viewMounts, inside],
      hostMounts: [...view.hostMounts, { ...outside, ...here }],
      ...more,
    });
  assert.is(below({}), null);
  assert.is(below({ attributes: MountAttr.RDONLY }), 'options');
  assert.is(below({ attributes: MountAttr.NOATIME }), 'options');
  // Another one by now: that of the view has gone with the one that it followed.
  assert.is(below({ attributes: MountAttr.RDONLY }, { late: [5] }), null);
  assert.is(below({ attributes: MountAttr.RDONLY, peerGroup: 6 }), null);
  assert.is(below({ attributes: MountAttr.RDONLY, root: '/other' }), null);
  // What is a share itself is compared with what it leads to.
  const x = { path: '/home/x', readonly: true, live: false };
  const found = new Map([...view.found, ['/home/x', { ...at, path: '/home/x' }] as const]);
  const sealed = { ...inside, master: 0, attributes: MountAttr.RDONLY };
  assert.is(below({}, { shares: [home, x], found, viewMounts: [...view.viewMounts, sealed] }), null);
});

test('the same file system, and another directory of it, below a share that follows nobody', () => {
  const inside = mount(12, '/home/x', { parent: 11, root: '/a', device: '8:2' });
  const outside = mount(5, '/home/x', { parent: 2, root: '/a', device: '8:2' });
  const both = { viewMounts: [...view.viewMounts, inside], hostMounts: [...view.hostMounts, outside] };
  assert.is(why(both), null);
  assert.is(why({ ...both, hostMounts: view.hostMounts }), 'below');
  assert.is(why({ ...both, hostMounts: [...view.hostMounts, { ...outside, root: '/b' }] }), 'below');
});

test('what a site mounts in the host view of the skeleton is its own affair, in a share it is not', () => {
  const proc = [mount(13, '/proc', { master: 3 }), mount(3, '/proc', { peerGroup: 3 })] as const;
  const site = mount(14, '/proc/site', { parent: 13, device: '0:9' });
  const found = new Map([...view.found, ['/proc', { ...at, path: '/proc' }] as const]);
  const both = { found, hostMounts: [...view.hostMounts, proc[1]] };
  assert.is(why({ ...both, viewMounts: [...view.viewMounts, proc[0], site] }), null);
  const inShare = { ...site, point: '/home/site', parent: 11 };
  assert.is(why({ ...both, viewMounts: [...view.viewMounts, proc[0], inShare] }), 'below');
});

test('a read-only tree in a share is the directory that the host has there', () => {
  const tree = (more: Partial<MountFact> = {}) =>
    why({
      viewMounts: [
        ...view.viewMounts,
        mount(12, '/home/tree', {
          parent: 11,
          device: '8:2',
          root: '/tree',
          attributes: MountAttr.RDONLY,
          ...more,
        }),
      ],
    });
  assert.is(tree(), null);
  assert.is(tree({ root: '/other' }), 'below');
  assert.is(tree({ device: '8:3' }), 'below');
  assert.is(tree({ attributes: MountAttr.NOSUID }), 'below');
});

test('a mount point in the tree that is another one, or gone', () => {
  const points = { '/home': at };
  assert.is(why({ points, pointsNow: new Map([['/home', at]]) }), null);
  assert.is(why({ points, pointsNow: new Map([['/home', { ...at, inode: 3 }]]) }), 'mount-point');
  assert.is(why({ points, pointsNow: new Map([['/home', { ...at, born: '6' }]]) }), 'mount-point');
  assert.is(why({ points, pointsNow: new Map([['/home', null]]) }), 'mount-point');
});

test.run();
