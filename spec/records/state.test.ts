import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TemplateField } from '../instructions.js';
import { parseState, type StateFacts, stateTemplate } from './state.js';

const facts: StateFacts<readonly string[]> = {
  ociVersion: '1.3.0',
  bundle: '/b "1"\n',
  rootfs: '/b/rootfs',
  owner: 'root',
  annotations: { a: 'b\u0001"', 'org.x': '' },
  chos: {
    cgroupManager: 'disabled',
    cgroups: [['/sys/fs/cgroup/', 'c-1'], ['/sys/fs/cgroup/pids/"x"']],
    backEnd: 'kmod',
    variables: ['A=1'],
    shared: false,
    link: '/os/debian',
    entry: 'create',
  },
};

const values = { pid: '12', pidStart: '18446744073709551615', id: 'c-1', created: '2026-01-02T03:04:05.6Z' };
const fill = (_: string, name: keyof typeof values): string => values[name];
const text = stateTemplate(facts, fill).join('');

test('the parser reads what the template writes, and a start time keeps all its digits', () => {
  assert.equal(parseState('c-1', text), {
    kind: 'record',
    record: {
      ...facts,
      id: 'c-1',
      pid: 12,
      pidStart: '18446744073709551615',
      created: values.created,
      owner: 'root',
      chos: { ...facts.chos, cgroups: ['/sys/fs/cgroup/c-1', '/sys/fs/cgroup/pids/"x"'] },
    },
  });
});

test('what a launch has not is not written, and read as not there', () => {
  const chos = { ...facts.chos, variables: [], shared: undefined, link: undefined, backEnd: 'private' };
  const short = stateTemplate({ ...facts, chos }, fill).join('');
  for (const name of ['variables', 'shared', 'link']) assert.not.match(short, `"${name}"`);
  const read = parseState('c-1', short);
  assert.equal(
    read.kind === 'record' && [read.record.chos.variables, read.record.chos.shared, read.record.chos.link],
    [[], false, null],
  );
});

test('the driver of the cgroups; of one that is not known the directories tell enough', () => {
  const written = '"cgroupManager":"disabled",';
  for (const other of ['', '"cgroupManager":"of a later version",', '"cgroupManager":7,']) {
    const read = parseState('c-1', text.replace(written, other));
    assert.is(read.kind === 'record' && read.record.chos.cgroupManager, 'cgroupfs', other);
  }
});

test('the stored programs find the pid and its start time where they look', () => {
  assert.is(text.indexOf('{"pid":12,"pidStart":18446744073709551615,'), 0);
  assert.is(text.indexOf('\n'), text.length - 1);
});

test('an id is escaped, numbers and times are not', () => {
  const kinds = new Map<string, string>();
  stateTemplate(facts, (as, name) => kinds.set(name, as));
  const { DECIMAL, TIME, ...others } = TemplateField;
  assert.equal(Object.fromEntries(kinds), {
    pid: DECIMAL,
    pidStart: DECIMAL,
    id: others.JSON,
    created: TIME,
  });
});

test('garbage is malformed, and the first member that is wrong is named', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['', ''],
    ['[]', ''],
    ['null', ''],
    ['7', ''],
    [text.slice(0, 20), ''],
    ['{}', 'id'],
    [text.replace('"id":"c-1"', '"id":"c-2"'), 'id'],
    [text.replace('"pid":12', '"pid":-1'), 'pid'],
    [text.replace('"pid":12', '"pid":1.5'), 'pid'],
    [text.replace('"pid":12', '"pid":"12"'), 'pid'],
    [text.replace('"pid":12', '"pid":4194305'), 'pid'],
    [text.replace('"pidStart"', '"start"'), 'pidStart'],
    [text.replace('"pidStart":1', '"pidStart":-1'), 'pidStart'],
    [text.replace('"bundle":', '"bundles":'), 'bundle'],
    [text.replace(/"created":"[^"]*"/, '"created":null'), 'created'],
  ];
  for (const [garbage, at] of cases)
    assert.equal(parseState('c-1', garbage), { kind: 'malformed', at }, garbage);
});

test('states of earlier versions, and what makes no sense where it decides nothing, are read as far as they go', () => {
  const read = (chos: unknown) => {
    const parsed = parseState(
      'a',
      `{"pid":0,"id":"a","bundle":"/b","created":"","annotations":{"a":1,"b":"c"},"chos":${JSON.stringify(chos)}}`,
    );
    return parsed.kind === 'record' ? parsed.record : null;
  };
  assert.equal(read({ backEnd: 'pinned' })?.chos, {
    cgroupManager: 'cgroupfs',
    cgroups: [],
    backEnd: 'pinned',
    link: null,
    shared: true,
    variables: [],
    entry: '',
  });
  assert.equal(read({ cgroups: ['/a', 'b', 5], variables: 'A=1' })?.chos.cgroups, ['/a']);
  assert.equal(read([])?.chos.cgroups, []);
  assert.equal(read({})?.annotations, { b: 'c' });
  assert.equal([read({})?.pidStart, read({})?.ociVersion, read({})?.owner], [null, '1.0.0', '']);
});

test.run();
