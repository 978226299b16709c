import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { normalMount } from '../../admit/normal/mounts.js';
import type { Action } from '../../program/action.js';
import { operation } from '../idioms/operation.js';
import { createLaunch, type Launch, rule } from '../launch/launch.js';
import { inputOf } from '../test/input.js';
import { plannedMounts } from './mounts.js';
import type { RootPhase } from './phases.js';
import { isMount, type Pass, type PlannedBind, rewritten } from './planned.js';
import { prepareRoot, type RootWay } from './prepare.js';

const proc = { destination: '/proc', type: 'proc', source: 'proc' };
const home = { destination: '/home', source: '/home', options: ['rbind', 'ro'] };
const launchOf = (...mounts: readonly object[]): Launch => createLaunch(inputOf({ config: { mounts } }));

const because = rule('a test');
const proof = operation({ kind: 'open-null', because }, []);
/** What elision does with the entry of that place. */
const provedAt =
  (place: string): Pass =>
  planned =>
    isMount(planned) && planned.entry.place === place ? [proof] : [planned];

/** Where no node can be made, that of the host is shown: what a launch without root will do. */
const nodesAreBinds: Pass = planned => {
  if (planned.kind !== 'device') return [planned];
  const { path } = planned.does;
  const entry = normalMount({ destination: path, source: path, options: ['bind'] });
  if (entry.kind !== 'bind') return [];
  const does: PlannedBind['does'] = {
    kind: 'bind',
    source: path,
    destination: path,
    recursive: false,
    options: [],
    because: planned.does.because,
  };
  return [{ kind: 'bind', does, entry, index: -1, uncovers: [], copy: null }];
};

const way: RootWay = {
  find: { actions: [], opened: [] },
  enter: [],
  unseal: [],
  seal: [],
  leave: [],
  without: [],
  passes: [],
};
const mark = (name: string): Action => operation({ kind: 'mask', path: name, because }, []);

function prepared(launch: Launch, changes: Partial<RootWay>): readonly Action[] {
  const input = {
    beforePivot: [mark('hooks')],
    openProc: [mark('procfs')],
    afterPivot: [mark('sysctls')],
    cgroups: [],
    idMapOf: () => null,
  };
  return prepareRoot(launch, input, () => assert.unreachable(), { ...way, ...changes }).actions;
}
const titles = (actions: readonly Action[]): readonly string[] => actions.map(({ title }) => title);

test('an entry becomes a record that says what it is', () => {
  const [first, second] = plannedMounts(launchOf(proc, home), []);
  assert.is(first?.does.kind, 'mount');
  assert.equal(second?.does, {
    kind: 'bind',
    source: '/home',
    destination: '/home',
    recursive: true,
    options: ['ro'],
    because: { kind: 'config', file: 'config.json', line: 1, path: 'mounts[1]' },
  });
});

test('passes work one after the other, each on what the others have left', () => {
  const plan = plannedMounts(launchOf(proc, home), []);
  const twice: Pass = planned => [planned, planned];
  const kinds = (...passes: readonly Pass[]) => rewritten(plan, passes).map(({ kind }) => kind);
  assert.equal(kinds(), ['filesystem', 'bind']);
  assert.equal(kinds(provedAt('/home'), twice), ['filesystem', 'filesystem', 'action', 'action']);
  assert.equal(
    kinds(() => []),
    [],
  );
});

test('what is left out is not mounted; its proof stands in its place', () => {
  const actions = prepared(launchOf(home, proc), { passes: [provedAt('/home')] });
  const at = actions.indexOf(proof);
  assert.is(actions[at + 1]?.title, 'mount proc on /proc');
  assert.is(
    actions.some(({ operation: { kind } }) => kind === 'bind'),
    false,
  );
});

test('a read-only mount that is left out is not sealed either', () => {
  const outer = { destination: '/data', type: 'tmpfs', source: 'tmpfs', options: ['ro'] };
  const inner = { ...outer, destination: '/data/x' };
  const sealed = (passes: readonly Pass[]) =>
    titles(prepared(launchOf(outer, inner), { passes })).includes('make /data read-only');
  assert.is(sealed([]), true);
  assert.is(sealed([provedAt('/data')]), false);
});

test('a device can become a bind', () => {
  const shown = titles(prepared(launchOf(), { passes: [nodesAreBinds] }));
  assert.ok(shown.includes('bind /dev/null on /dev/null'), shown.join());
  assert.is(
    shown.some(title => title.startsWith('make device')),
    false,
  );
});

test('what the environment shows is taken away by the mount that covers it', () => {
  const uncover: Pass = planned => (isMount(planned) ? [{ ...planned, uncovers: ['/home'] }] : [planned]);
  const steps = (passes: readonly Pass[]) =>
    prepared(launchOf(home), { passes, without: ['devices'] })
      .flatMap(({ lines }) => lines)
      .flatMap(line => (line.kind === 'step' ? (line.call ?? []) : []));
  assert.is(steps([]).includes('umount2'), false);
  assert.is(steps([uncover]).includes('umount2'), true);
});

test('phases come in the order of their table, and those that a back end leaves out are not there', () => {
  const launch = launchOf(proc);
  const all: Partial<RootWay> = {
    enter: [mark('enter')],
    unseal: [mark('unseal')],
    seal: [mark('seal')],
    leave: [mark('leave')],
  };
  const marks = (without: readonly RootPhase[]) =>
    prepared(launch, { ...all, without }).flatMap(({ operation: o }) =>
      o.kind === 'mask' ? o.path : o.kind === 'mount' || o.kind === 'open-dev' ? o.kind : [],
    );
  assert.equal(marks([]), [
    'enter',
    'unseal',
    'mount',
    'open-dev',
    'hooks',
    'seal',
    'procfs',
    'leave',
    'sysctls',
  ]);
  assert.equal(marks(['unseal', 'mounts', 'devices', 'seal']), [
    'enter',
    'hooks',
    'procfs',
    'leave',
    'sysctls',
  ]);
});

test.run();
