import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Found, type KnownContainer, occupants } from './occupants.js';

const container = (more: Partial<KnownContainer>): KnownContainer => ({
  id: 'c',
  pid: 1,
  annotations: {},
  root: '/run/chos-runtime',
  backEnd: 'private',
  link: null,
  rootfs: '/',
  pids: [],
  ...more,
});

const found = (more: Partial<Found>) =>
  occupants({
    trees: new Map([
      ['/ostrees/a', 'a'],
      ['/ostrees/b', 'b'],
    ]),
    generations: [],
    skeleton: { pids: [], links: new Map() },
    containers: [],
    ...more,
  }).map(one => [one.pid, one.tree, one.generation, one.backEnd, one.container?.id ?? null]);

test('whoever is in a generation, with a container or without', () => {
  assert.equal(
    found({
      generations: [
        { tree: 'b', name: 'b@2', pids: [30, 7] },
        { tree: 'gone', name: 'gone@1', pids: [8] },
      ],
      containers: [container({ id: 'box', pids: [7, 9] })],
    }),
    [
      [7, 'b', 'b@2', 'pinned', 'box'],
      [8, 'gone', 'gone@1', 'pinned', null],
      [30, 'b', 'b@2', 'pinned', null],
    ],
  );
});

test('in the skeleton the link says the tree, then the container; else nobody knows', () => {
  assert.equal(
    found({
      skeleton: {
        pids: [1, 2, 3, 4],
        links: new Map([
          [1, '/ostrees/a'],
          [2, '/else'],
        ]),
      },
      containers: [container({ backEnd: 'kmod', link: '/ostrees/b', pids: [1, 3] })],
    }),
    [
      [1, 'a', null, 'kmod', 'c'],
      [2, '/else', null, 'kmod', null],
      [3, 'b', null, 'kmod', 'c'],
      [4, null, null, 'kmod', null],
    ],
  );
});

test('containers with mounts of their own, and what a user sees of his', () => {
  assert.equal(
    found({
      containers: [
        container({ id: '1', annotations: { 'org.chos.tree': 'a' }, pids: [1] }),
        container({ id: '2', rootfs: '/ostrees/b', pids: [2] }),
        container({ id: '3', backEnd: 'pinned', annotations: { 'org.chos.environment': 'a@3' }, pids: [3] }),
        container({
          id: '4',
          backEnd: 'kmod',
          link: '/ostrees/b',
          annotations: { 'org.chos.environment': '/chos@1' },
          pids: [4],
        }),
        container({ id: '5', rootfs: '/images/x', pids: [5] }),
      ],
    }),
    [
      [1, 'a', null, 'private', '1'],
      [2, 'b', null, 'private', '2'],
      [3, 'a', 'a@3', 'pinned', '3'],
      [4, 'b', null, 'kmod', '4'],
    ],
  );
});

test('what the kernel says comes before what is written', () => {
  assert.equal(
    found({
      generations: [{ tree: 'b', name: 'b@2', pids: [1] }],
      containers: [container({ annotations: { 'org.chos.tree': 'a' }, pids: [1] })],
    }),
    [[1, 'b', 'b@2', 'pinned', 'c']],
  );
});

test.run();
