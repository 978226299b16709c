import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ErrnoName } from '../../../spec/errno.js';
import type { ResctrlFacts } from '../../../spec/host-facts.js';
import { slot } from '../../program/operand.js';
import { refusalText } from '../../report/compile-refusal.js';
import { createLaunch, type Launch } from '../launch/launch.js';
import { createJudgement } from '../launch/refusal.js';
import { inputOf } from '../test/input.js';
import { walk } from '../test/walk.js';
import { changeSchemata, joinResctrlGroup, newResctrlGroup, removeResctrlGroup } from './resctrl.js';

const empty: ResctrlFacts = { mount: '/resctrl', group: null };
const withGroup = (schemata: string): ResctrlFacts => ({ ...empty, group: { schemata } });

function launchOf(intelRdt: object | undefined, resctrl: ResctrlFacts | null = empty): Launch {
  const config = { linux: { namespaces: [], ...(intelRdt ? { intelRdt } : {}) } };
  return createLaunch(inputOf({ config, facts: resctrl === null ? {} : { resctrl } }));
}

function made(intelRdt: object | undefined, resctrl?: ResctrlFacts | null) {
  const judgement = createJudgement();
  const group = newResctrlGroup(launchOf(intelRdt, resctrl), judgement.refuse);
  return {
    made: group.make.map(({ title }) => title),
    entered: group.enter.map(({ title }) => title),
    refused: judgement.refusals.map(refusalText).join(),
  };
}

test('nothing is touched for who does not ask', () => {
  assert.equal(made(undefined), { made: [], entered: [], refused: '' });
  assert.equal(removeResctrlGroup(launchOf(undefined), slot('dir'), slot('id')), []);
  assert.equal(joinResctrlGroup(launchOf(undefined), 'box'), []);
});

test('without resctrl, or the group that somebody was to make', () => {
  assert.match(made({ closID: 'a' }, null).refused, /resctrl is not mounted/);
  assert.match(made({ closID: 'a' }).refused, /`\/resctrl\/a`: it does not exist/);
});

test('a group of its own is called as the container', () => {
  assert.equal(made({ enableMonitoring: true }).made, [
    'make resctrl group /resctrl/ID',
    'make resctrl group /resctrl/ID/mon_groups/ID',
  ]);
});

test('a group is made with its lines, those of memBwSchema in the place of such in l3CacheSchema, schemata last', () => {
  const asked = {
    closID: 'a',
    l3CacheSchema: 'L3:0=f\nMB:0=10',
    memBwSchema: 'MB:0=20',
    schemata: ['L2:0=1', 'MB:0=30'],
  };
  assert.equal(made(asked).made, [
    'make resctrl group /resctrl/a',
    'set L3:0=f MB:0=20 L2:0=1 MB:0=30 of resctrl group /resctrl/a',
  ]);
});

test('one that is there stays as it is, or is refused', () => {
  const there = withGroup('    L3:0=00f;1=7ff\n');
  assert.equal(made({ closID: 'a', schemata: ['L3:0=f'] }, there), {
    made: [],
    entered: ['enter resctrl group /resctrl/a'],
    refused: '',
  });
  assert.match(made({ closID: 'a', schemata: ['L3:1=f'] }, there).refused, /`L3:1=f` does not hold/);
  assert.equal(made({ closID: '/' }, there).entered, ['enter resctrl group /resctrl']);
});

function removal(closID: string | undefined, answers: Readonly<Record<string, number | ErrnoName>>) {
  const launch = launchOf({ ...(closID ? { closID } : {}), schemata: ['L3:0=f'] });
  const { calls, end } = walk(removeResctrlGroup(launch, slot('dir', 7), slot('id')), {
    call: name => answers[name],
  });
  assert.is(end, 'through');
  return calls.some(call => call.startsWith('unlinkat'));
}

test('what was there before is not removed', () => {
  assert.not.ok(removal('a', { faccessat2: 'ENOENT' }));
});

test('a group whose name others may know is removed when nobody is in it', () => {
  assert.ok(removal('a', { read: 0 }));
  assert.not.ok(removal('a', { read: 1 }));
  assert.not.ok(removal('a', { openat: 'ENOENT' }));
});

test('one that is called as the container is its own, whoever has not been reaped yet', () => {
  assert.ok(removal(undefined, { read: 1 }));
});

test('exec and update find the group again', () => {
  const launch = launchOf({ closID: 'a', enableMonitoring: true }, withGroup(''));
  const steps = joinResctrlGroup(launch, 'box').flatMap(({ lines }) => lines);
  assert.equal(
    steps.flatMap(line => (line.kind === 'step' && line.template ? [line.template.join('')] : [])),
    ['/resctrl/a/tasks', '/resctrl/a/mon_groups/box/tasks'],
  );
  const changed = changeSchemata(launch, slot('id'), ['MB:0=20'], { kind: 'rule', rule: 'update' });
  assert.equal(
    changed.map(({ title }) => title),
    ['set MB:0=20 of resctrl group /resctrl/a'],
  );
  assert.equal(changeSchemata(launch, slot('id'), [], { kind: 'rule', rule: 'update' }), []);
});

test.run();
