/** Namespaces as a site can test them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compileLaunch } from '../compile.js';
import { inputOf } from '../test/input.js';

function namespacesOf(linux: object): readonly (readonly [track: string, operation: object])[] {
  const kinds = ['open-namespace', 'join-namespace', 'make-namespace', 'set-clocks', 'raise-loopback'];
  const compiled = compileLaunch(inputOf({ config: { linux } }));
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

test('none of these for a launch without', () => {
  assert.equal(namespacesOf({ namespaces: [mount] }), []);
});

test.run();
