/** Namespaces as a site can test them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { HostFacts } from '../../../spec/host-facts.js';
import { compileLaunch } from '../compile.js';
import { inputOf } from '../test/input.js';

function namespacesOf(
  linux: object,
  facts: Partial<HostFacts> = {},
): readonly (readonly [track: string, operation: object])[] {
  const kinds = ['open-namespace', 'join-namespace', 'make-namespace', 'set-clocks', 'raise-loopback'];
  const compiled = compileLaunch(inputOf({ config: { linux }, facts }));
  if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.refusals));
  return compiled.program.tracks.flatMap(({ name, actions }) =>
    actions
      .filter(({ operation }) => kinds.includes(operation.kind))
      .map(({ operation: { because: _, ...fields } }) => [name, fields] as const),
  );
}

const mount = { type: 'mount' };

test('joined ones are opened before anything is made, mount is joined last, pid by the host', () => {
  const joined = ['pid', 'mount', 'network'].map(type => ({ type, path: `/ns/${type}` }));
  const found = namespacesOf({ namespaces: joined });
  assert.equal(
    found.map(([track, o]) => [track, ...Object.values(o)].join(' ')),
    [
      'create open-namespace pid /ns/pid',
      'create open-namespace network /ns/network',
      'create open-namespace mount /ns/mount',
      'init join-namespace network /ns/network',
      'init join-namespace mount /ns/mount',
    ],
  );
});

test('new ones that clone3(2) does not make', () => {
  const timeOffsets = { monotonic: { secs: 10 }, boottime: { secs: -1, nanosecs: 5 } };
  const namespaces = [mount, { type: 'cgroup' }, { type: 'time' }, { type: 'network' }];
  assert.equal(namespacesOf({ namespaces, timeOffsets }), [
    ['create', { kind: 'make-namespace', type: 'time' }],
    ['create', { kind: 'set-clocks', clocks: ['monotonic 10 0', 'boottime -1 5'] }],
    ['init', { kind: 'make-namespace', type: 'cgroup' }],
    ['init', { kind: 'raise-loopback' }],
  ]);
});

test('clocks belong to the user namespace of the caller, so that init makes them: nobody there could go back to those of the host', () => {
  const ids = [{ first: 0, count: 1 }];
  const facts = { userNamespace: { uids: ids, gids: ids, setgroups: false } };
  const namespaces = [mount, { type: 'time' }];
  assert.equal(namespacesOf({ namespaces, timeOffsets: { monotonic: { secs: 10 } } }, facts), [
    ['init', { kind: 'make-namespace', type: 'time' }],
    ['init', { kind: 'set-clocks', clocks: ['monotonic 10 0'] }],
  ]);
});

test('who is root outside drops its groups before it enters a user namespace by path, unless they are asked for', () => {
  const linux = {
    namespaces: [mount, { type: 'user', path: '/ns/user' }, { type: 'network', path: '/ns/net' }],
  };
  const ofDoor = (facts: Partial<HostFacts>, annotations = {}): readonly string[] => {
    const compiled = compileLaunch(inputOf({ config: { linux, annotations }, facts }));
    if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.refusals));
    const door = compiled.program.tracks.find(({ name }) => name === 'door');
    return (door?.actions ?? []).map(({ operation: { kind } }) => kind).slice(1, -1);
  };
  assert.equal(ofDoor({}), ['join-namespace', 'drop-groups', 'join-namespace']);
  assert.equal(ofDoor({ euid: 1000, egid: 1000 }), ['join-namespace', 'join-namespace']);
  const asked = { 'run.oci.keep_original_groups': '1' };
  assert.equal(ofDoor({}, asked), ['join-namespace', 'join-namespace']);
});

test('none of these for a launch without', () => {
  assert.equal(namespacesOf({ namespaces: [mount] }), []);
});

test('a user writes the map of its own id; other ids are mapped by helpers', () => {
  const own = [{ containerID: 0, hostID: 1000, size: 1 }];
  const more = [...own, { containerID: 1, hostID: 100_000, size: 65_536 }];
  const user = { type: 'user' };
  const mapped = (uidMappings: object, gidMappings: object): readonly string[] => {
    const config = { linux: { namespaces: [mount, user], uidMappings, gidMappings } };
    const compiled = compileLaunch(inputOf({ config, facts: { euid: 1000, egid: 1000 } }));
    if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.refusals));
    return compiled.program.tracks
      .flatMap(({ actions }) => actions)
      .filter(({ operation: { kind } }) => /map-ids|map-helper/.test(kind))
      .map(({ title }) => title);
  };
  const helped = (name: string, lines: string): string => `ask /usr/bin/new${name}map to map ${lines}`;
  assert.equal(mapped(own, own), ['map uids 0 1000 1 and gids 0 1000 1, and deny setgroups']);
  const [one, both] = ['0 1000 1', '0 1000 1, 1 100000 65536'];
  assert.equal(mapped(more, more), [helped('uid', both), helped('gid', both), 'execute it']);
  assert.equal(mapped(more, own), [helped('uid', both), helped('gid', one), 'execute it']);
});

test.run();
