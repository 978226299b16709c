/** The maps of a user namespace, and who has to be in them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { oneLine } from '../report/diagnostic.js';
import { admit } from './admit.js';

type Json = Readonly<Record<string, unknown>>;

const whole = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
const user = [{ type: 'user' }, { type: 'mount' }];

/** What is said of a config with these properties, without its place. */
function saidOf(linux: Json, others: Json = {}): readonly string[] {
  const { process = {}, ...top } = others as { process?: Json };
  const text = JSON.stringify({
    ociVersion: '1.3.0',
    root: { path: 'rootfs' },
    process: { args: ['sh'], cwd: '/', ...process },
    linux: { namespaces: user, uidMappings: whole, gidMappings: whole, ...linux },
    ...top,
  });
  const result = admit({ file: 'config.json', text });
  const found = result.kind === 'refused' ? result.diagnostics : result.warnings;
  return found.map(one => oneLine(one).replace(/^config\.json:\d+:\d+: /, ''));
}

const map = (...entries: readonly (readonly [container: number, host: number, size: number])[]) =>
  entries.map(([containerID, hostID, size]) => ({ containerID, hostID, size }));

test('maps as they are written by Podman and containerd', () => {
  assert.equal(saidOf({}), []);
  assert.equal(saidOf({ uidMappings: map([0, 1, 1000], [1000, 0, 1], [1001, 1001, 64_536]) }), []);
  assert.equal(saidOf({ uidMappings: map([0, 0, 4_294_967_295]) }), []);
  assert.equal(saidOf({ uidMappings: [], gidMappings: [], namespaces: [{ type: 'mount' }] }), []);
});

test('without a user namespace they have no effect, and a warning says so', () => {
  assert.equal(saidOf({ namespaces: [{ type: 'mount' }], gidMappings: [] }), [
    'linux.uidMappings needs a user namespace in linux.namespaces',
  ]);
});

const wrong: readonly (readonly [what: string, linux: Json, said: readonly string[]])[] = [
  ['no map of users', { uidMappings: [] }, ['linux.namespaces[0] needs linux.uidMappings as well']],
  ['no map of groups', { gidMappings: [] }, ['linux.namespaces[0] needs linux.gidMappings as well']],
  [
    'nothing in an entry',
    { uidMappings: map([0, 100_000, 0]) },
    [
      'linux.uidMappings[0].size must be a whole number from 1 to 4294867295, not 0',
      'process.user.uid: id 0 is not in linux.uidMappings (the container has no such id)',
    ],
  ],
  [
    'beyond the last id',
    { gidMappings: map([0, 4_294_967_290, 6]) },
    ['linux.gidMappings[0].size must be a whole number from 1 to 5, not 6'],
  ],
  [
    'ids inside twice',
    { uidMappings: map([0, 100_000, 10], [9, 200_000, 1]) },
    ['linux.uidMappings[1].containerID has ids that linux.uidMappings[0] has already'],
  ],
  [
    'ids of the host twice',
    { uidMappings: map([0, 100_000, 10], [10, 200_000, 1], [11, 100_009, 5]) },
    ['linux.uidMappings[2].hostID has ids that linux.uidMappings[0] has already'],
  ],
  [
    'a user who is nobody',
    { gidMappings: map([1, 100_000, 10]) },
    ['process.user.gid: id 0 is not in linux.gidMappings (the container has no such id)'],
  ],
  [
    'more lines than a map has',
    { uidMappings: map(...Array.from({ length: 341 }, (_, n) => [n, 1000 + n, 1] as const)) },
    ['linux.uidMappings has 341 entries; there may be at most 340'],
  ],
  [
    'more text than a map has',
    { uidMappings: map(...Array.from({ length: 300 }, (_, n) => [n, 1_000_000_000 + n, 1] as const)) },
    ['linux.uidMappings makes a map of 4990 bytes, of which the kernel takes 4095 at most'],
  ],
  [
    'a mount namespace of somebody else',
    { namespaces: [{ type: 'user' }, { type: 'mount', path: '/proc/1/ns/mnt' }] },
    ['linux.namespaces[1].path conflicts with linux.namespaces[0]'],
  ],
];

for (const [what, linux, said] of wrong)
  test(what, () => assert.equal([...saidOf(linux)].sort(), [...said].sort()));

test('no maps at all are one of one id, or refused, as the caller is; root need not be somebody', () => {
  assert.equal(saidOf({ uidMappings: [], gidMappings: [] }), []);
  const own = map([1000, 1000, 1]);
  const process = { user: { uid: 1000, gid: 1000 } };
  assert.equal(saidOf({ uidMappings: own, gidMappings: own }, { process }), []);
});

test('who is not in the maps', () => {
  const process = { user: { uid: 70_000, gid: 70_001, additionalGids: [5, 70_002] } };
  const mounts = [
    { destination: '/dev/pts', type: 'devpts', options: ['newinstance', 'gid=70003'] },
    { destination: '/t', type: 'tmpfs', options: ['uid=0x20000', 'gid=1'] },
    { destination: '/b', type: 'bind', source: '/b', options: ['uid=70000'] },
  ];
  const none = 'the container has no such id';
  assert.equal([...saidOf({}, { process, mounts })].sort(), [
    `mounts[1].options[0]: id 131072 is not in linux.uidMappings (${none})`,
    `process.user.additionalGids[1]: id 70002 is not in linux.gidMappings (${none})`,
    `process.user.gid: id 70001 is not in linux.gidMappings (${none})`,
    `process.user.uid: id 70000 is not in linux.uidMappings (${none})`,
  ]);
});

const bind = (more: Json) => ({ destination: '/m', type: 'bind', source: '/s', ...more });
const without = { namespaces: [{ type: 'mount' }], uidMappings: [], gidMappings: [] };

test('maps of mounts', () => {
  assert.equal(saidOf(without, { mounts: [bind({ uidMappings: whole, gidMappings: whole })] }), []);
  assert.equal(saidOf({}, { mounts: [bind({ options: ['rbind', 'ridmap'] })] }), []);
  const written = 'idmap=uids=@0-1-10#10-11-10;gids=0-100-10';
  assert.equal(saidOf({}, { mounts: [bind({ options: [written] })] }), []);
});

test('maps of mounts that nobody could make', () => {
  const form = 'must be of the form idmap=uids=0-1-10#10-11-10;gids=0-100-10, with ids that do not overlap';
  const said = (mount: Json, linux: Json = without) => saidOf(linux, { mounts: [bind(mount)] });
  assert.equal(said({ uidMappings: whole }), ['mounts[0].uidMappings needs mounts[0].gidMappings as well']);
  assert.equal(said({ options: ['idmap'] }), ['mounts[0].options[0] needs mounts[0].uidMappings as well']);
  for (const word of [
    'uids=0-1-10',
    'uids=0-1;gids=0-1-1',
    'uids=0-1-5#4-9-1;gids=0-1-1',
    'uids=0-1-0;gids=0-1-1',
  ])
    assert.equal(said({ options: [`idmap=${word}`] }), [`mounts[0].options[0] ${form}, not "idmap=${word}"`]);
  // Where it stands for an id of the container, there has to be one.
  assert.equal(said({ options: ['idmap=uids=@0-0-1;gids=0-0-1'] }).length, 1);
  assert.equal(said({ options: ['remount', 'idmap'] }, {}), [
    'mounts[0].options[1]: a mount that is there cannot map ids',
  ]);
});

test.run();
