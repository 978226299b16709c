import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { directoryOf, escapeUnit, nameUnit, shownUnit, sliceDirectories } from './unit.js';

const unitOf = (path: string | null, scope: 'system' | 'user' = 'system'): string => {
  const named = nameUnit(path, scope);
  return named.kind === 'fault'
    ? named.fault.kind
    : `${shownUnit(named.unit)} ${named.unit.slice} /${named.unit.sliceDirectories.join('/')}`;
};

test('slice, prefix and name; what is missing or empty has a default', () => {
  for (const [given, expected] of [
    ['machine.slice:libpod:abc', 'libpod-abc.scope machine.slice /machine.slice'],
    [null, 'chos-runtime-ID.scope system.slice /system.slice'],
    ['', 'chos-runtime-ID.scope system.slice /system.slice'],
    [':libpod:abc', 'libpod-abc.scope system.slice /system.slice'],
    ['a.slice::abc', 'abc.scope a.slice /a.slice'],
    ['a.slice:p:', 'p-ID.scope a.slice /a.slice'],
    ['::', 'chos-runtime-ID.scope system.slice /system.slice'],
    ['-.slice:p:n', 'p-n.scope -.slice /'],
    ['machine-a-b.slice:p:n', 'p-n.scope machine-a-b.slice /machine.slice/machine-a.slice/machine-a-b.slice'],
    ['a.slice:p:n+m/o', 'p-n\\x2bm\\x2fo.scope a.slice /a.slice'],
  ] as const)
    assert.is(unitOf(given), expected, String(given));
  assert.is(unitOf(null, 'user'), 'chos-runtime-ID.scope user.slice /user.slice');
});

test('what names no scope is refused', () => {
  for (const [given, kind] of [
    ['/a/b', 'parts'],
    ['a.slice:b', 'parts'],
    ['a.slice:b:c:d', 'parts'],
    ['machine:a:b', 'slice'],
    ['a--b.slice:a:b', 'slice'],
    ['-a.slice:a:b', 'slice'],
    ['a/b.slice:a:b', 'slice'],
    ['.slice:a:b', 'slice'],
    ['a.slice:b:c.slice', 'name-is-slice'],
    [`a.slice:b:${'c'.repeat(250)}`, 'too-long'],
  ] as const)
    assert.is(unitOf(given), kind, given);
});

test('letters of unit names, and the others', () => {
  assert.is(escapeUnit('Az09:_.\\-@é'), 'Az09:_.\\-\\x40\\xc3\\xa9');
});

test('directories that could be taken for files of the kernel', () => {
  for (const [unit, directory] of [
    ['memory.scope', '_memory.scope'],
    ['cgroup.scope', '_cgroup.scope'],
    ['_a.scope', '__a.scope'],
    ['.a.scope', '_.a.scope'],
    ['memory-a.scope', 'memory-a.scope'],
  ])
    assert.is(directoryOf(unit as string), directory);
  assert.equal(sliceDirectories('cpu.slice'), ['_cpu.slice']);
});

test.run();
