import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cgroupPids, parseStat, processInfo } from './process-info.js';

const fields = (state: string): string =>
  `${state} ${Array.from({ length: 50 }, (_, index) => index + 4).join(' ')}`;

test('the command name may look like the fields behind it', () => {
  assert.equal(parseStat(`42 (a) R 1 (b)) ${fields('S')}`), { pid: 42, start: '22', dead: false });
  assert.equal(parseStat(`42 (x) ${fields('Z')}`), { pid: 42, start: '22', dead: true });
  assert.is(parseStat('42 (x'), null);
  assert.is(parseStat(''), null);
});

test('this process is there, a pid above the limit is not', () => {
  assert.is(processInfo(process.pid)?.pid, process.pid);
  assert.is(processInfo(4194305), null);
});

test('the processes of a cgroup and of those below it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'chos-cgroup-'));
  mkdirSync(join(directory, 'a/b'), { recursive: true });
  writeFileSync(join(directory, 'cgroup.procs'), '30\n4\n');
  writeFileSync(join(directory, 'a/b/cgroup.procs'), '100\n4\n');
  assert.equal(cgroupPids(directory), [4, 30, 100]);
  rmSync(directory, { recursive: true });
  assert.equal(cgroupPids(directory), []);
});

test.run();
