/** What `update` becomes on each layout: the files, in order, and what is judged before. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemInstance } from '../../spec/systemd.js';
import { admitResources } from '../admit/admit.js';
import type { Action } from '../program/action.js';
import { refusalText } from '../report/compile-refusal.js';
import { factsOf, layouts, specOf } from './test/input.js';
import { compileUpdate } from './update.js';

const paths = {
  v1: ['/sys/fs/cgroup/cpu,cpuacct/box', '/sys/fs/cgroup/memory/box', '/sys/fs/cgroup/pids/box'],
  v2: ['/sys/fs/cgroup/box'],
  hybrid: ['/sys/fs/cgroup/memory/box', '/sys/fs/cgroup/unified/box'],
  none: [],
} as const;

function compiled(layout: keyof typeof paths, resources: object, config = {}) {
  const admitted = admitResources({ file: 'r.json', text: JSON.stringify(resources) });
  if (admitted.kind === 'refused') throw new Error(JSON.stringify(admitted.diagnostics));
  return compileUpdate({
    spec: specOf(config),
    asked: admitted.spec,
    schemata: [],
    facts: factsOf({ cgroup: layouts[layout] }),
    systemd: systemInstance,
    state: { bundle: '/b', chos: { cgroupManager: 'cgroupfs', cgroups: paths[layout] } },
  });
}

function actions(layout: keyof typeof paths, resources: object, config = {}): readonly Action[] {
  const result = compiled(layout, resources, config);
  if (result.kind === 'refused') throw new Error(result.refusals.map(refusalText).join());
  return result.program.tracks.flatMap(track => track.actions);
}

function titles(layout: keyof typeof paths, resources: object, config = {}): readonly string[] {
  const all = actions(layout, resources, config).map(({ title }) => title);
  return all.slice(all.indexOf('check that it has not ended') + 1, -1);
}

function refusals(layout: keyof typeof paths, resources: object): readonly string[] {
  const result = compiled(layout, resources);
  return result.kind === 'refused' ? result.refusals.map(refusalText) : [];
}

const enable = (controller: string): string => `enable ${controller} for /sys/fs/cgroup/box`;
const remember = 'remember the limits that hold now';

test('what depends on another limit is tried again behind it', () => {
  assert.equal(titles('v1', { memory: { limit: 1000, swap: 2000 }, pids: { limit: 5 } }), [
    remember,
    'set memory.limit_in_bytes to 1000',
    'set memory.memsw.limit_in_bytes to 2000',
    'set pids.max to 5',
    'set memory.limit_in_bytes to 1000',
    'set memory.memsw.limit_in_bytes to 2000',
  ]);
});

test('v2 and hybrid hosts have other files', () => {
  assert.equal(titles('v2', { memory: { limit: 1000, swap: 3000 } }).slice(0, 4), [
    enable('memory'),
    remember,
    'set memory.max to 1000',
    'set memory.swap.max to 2000',
  ]);
  assert.equal(titles('hybrid', { memory: { limit: 1000 }, pids: { limit: 5 } }), [
    'enable pids for /sys/fs/cgroup/unified/box',
    remember,
    'set memory.limit_in_bytes to 1000',
    'set pids.max to 5',
  ]);
});

test('without a limit of memory there is none of memory and swap', () => {
  assert.equal(titles('v1', { memory: { limit: -1 } }).slice(1, 3), [
    'set memory.limit_in_bytes to -1',
    'set memory.memsw.limit_in_bytes to -1',
  ]);
  assert.ok(titles('v2', { memory: { limit: -1 } }).includes('set memory.swap.max to max'));
});

test('what is used counts where it is asked for, on v2: v1 looks by itself', () => {
  const check = 'check that no more than 1000 bytes of memory are in use';
  const memory = { limit: 1000 };
  const checked = { memory: { limit: 1000, checkBeforeUpdate: true } };
  const configured = { linux: { resources: { memory: { checkBeforeUpdate: true } } } };
  assert.ok(titles('v2', checked).includes(check));
  assert.ok(titles('v2', { memory }, configured).includes(check));
  assert.not(titles('v2', { memory }).includes(check));
  assert.not(titles('v1', checked).includes(check));
  assert.not(titles('v2', { memory: { limit: 1000, checkBeforeUpdate: false } }, configured).includes(check));
});

test("nothing is asked for, nothing is done; rules for devices are nobody's to change", () => {
  assert.equal(titles('v1', {}), []);
  assert.equal(titles('v1', { devices: [{ allow: false, access: 'rwm' }] }), []);
});

test('what cannot be kept is refused before anything is done', () => {
  assert.equal(refusals('v2', { memory: { swap: 5 } }), [
    'set memory.swap: with cgroup v2 only together with memory.limit; give both (r.json:1 memory.swap)',
  ]);
  assert.equal(refusals('v1', { memory: { swap: 5 } }), []);
  assert.match(refusals('v1', { cpu: { cpus: '0' } }).join(), /no cpuset controller/);
  assert.match(refusals('none', { pids: { limit: 5 } }).join(), /no pids controller/);
});

test('a limit that is not there need not be lifted', () => {
  const open = (value: number) =>
    actions('v1', { pids: { limit: value } })
      .find(({ title }) => title.startsWith('set pids.max'))
      ?.lines.find(line => line.kind === 'step' && line.errnos.includes('ENOENT'));
  assert.ok(open(-1));
  assert.not(open(5));
});

test('all that was written is taken back, twice, because the kernel takes some of it in one order only', () => {
  const [saved] = actions('v1', { memory: { limit: 1000 } }).filter(({ title }) => title === remember);
  const calls = saved?.undo.filter(line => line.kind === 'step' && line.op === 'CALL') ?? [];
  assert.is(calls.length, 2);
});

test.run();
