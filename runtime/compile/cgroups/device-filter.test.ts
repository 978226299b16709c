import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRandom } from '../seccomp/test/profiles.js';
import { compileDeviceFilter, type DeviceRule } from './device-filter.js';

interface Check {
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
  readonly access: string;
}

const bits = { m: 1, r: 2, w: 4 } as const;

function accessNumber(access: string): number {
  return (['m', 'r', 'w'] as const).reduce(
    (sum, letter) => sum + (access.includes(letter) ? bits[letter] : 0),
    0,
  );
}

/** Runs the instructions that the compiler makes; everything else is a throw, jumping backwards too. */
function run(bytes: Uint8Array, { type, major, minor, access }: Check): boolean {
  const program = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const context = [(accessNumber(access) << 16) | (type === 'b' ? 1 : 2), major, minor];
  const registers: (number | undefined)[] = [undefined, 0];
  const read = (register: number): number => {
    const value = registers[register];
    if (value === undefined) throw new Error(`r${register} was never written`);
    return value;
  };
  for (let at = 0; at < bytes.length / 8; at++) {
    const to = program.getUint8(at * 8 + 1) & 15;
    const from = program.getUint8(at * 8 + 1) >> 4;
    const offset = program.getInt16(at * 8 + 2, true);
    const value = program.getInt32(at * 8 + 4, true);
    const code = program.getUint8(at * 8);
    if (offset < 0) throw new Error('backwards');
    if (code === 0x61) registers[to] = context[offset / 4];
    else if (code === 0xb7) registers[to] = value;
    else if (code === 0xbf) registers[to] = read(from);
    else if (code === 0x57) registers[to] = read(to) & value;
    else if (code === 0x77) registers[to] = read(to) >>> value;
    else if (code === 0x15) at += read(to) === value ? offset : 0;
    else if (code === 0x55) at += read(to) !== value ? offset : 0;
    else if (code === 0x95) return read(0) === 1;
    else throw new Error(`unknown instruction 0x${code.toString(16)}`);
  }
  throw new Error('ran off the end');
}

/** The meaning, one access after the other. */
function isAllowed(rules: readonly DeviceRule[], check: Check): boolean {
  const fits = (rule: DeviceRule): boolean =>
    (rule.type === 'a' || rule.type === check.type) &&
    (rule.major === undefined || rule.major === -1 || rule.major === check.major) &&
    (rule.minor === undefined || rule.minor === -1 || rule.minor === check.minor);
  return [...check.access].every(
    letter => rules.filter(rule => fits(rule) && rule.access.includes(letter)).at(-1)?.allow ?? false,
  );
}

const accesses = ['r', 'w', 'm', 'rw', 'rm', 'wm', 'rwm'];

function* everyCheck(): Generator<Check> {
  for (const type of ['b', 'c'] as const)
    for (const major of [0, 1, 5, 8, 136, 0xfff])
      for (const minor of [0, 1, 3, 5, 0xfffff])
        for (const access of accesses) yield { type, major, minor, access };
}

function randomRules(seed: number, most: number): readonly DeviceRule[] {
  const random = createRandom(seed);
  const number = (values: readonly number[]): number | undefined =>
    random(3) === 0 ? undefined : values[random(values.length)];
  return Array.from({ length: random(most) }, () => ({
    allow: random(2) === 0,
    type: (['a', 'b', 'c'] as const)[random(3)] ?? 'a',
    major: number([-1, 0, 1, 5, 136, 5000]),
    minor: number([-1, 0, 1, 3, 0xfffff, 0x100000]),
    access: ['', ...accesses][random(8)] ?? '',
  }));
}

/** What container engines ask for: nothing, then the devices that every container has. */
const usual: readonly DeviceRule[] = [
  { allow: false, type: 'a', access: 'rwm' },
  { allow: true, type: 'c', major: -1, minor: -1, access: 'm' },
  { allow: true, type: 'b', major: -1, minor: -1, access: 'm' },
  ...[3, 5, 7, 8, 9].map(minor => ({ allow: true, type: 'c', major: 1, minor, access: 'rwm' }) as const),
  { allow: true, type: 'c', major: 5, minor: 0, access: 'rwm' },
  { allow: true, type: 'c', major: 5, minor: 2, access: 'rwm' },
  { allow: true, type: 'c', major: 136, minor: -1, access: 'rwm' },
];

test('the usual list', () => {
  const program = compileDeviceFilter(usual);
  const may = (type: 'b' | 'c', major: number, minor: number, access: string) =>
    run(program, { type, major, minor, access });
  assert.ok(may('c', 1, 3, 'rw'));
  assert.ok(may('c', 136, 17, 'rwm'));
  assert.ok(may('b', 8, 0, 'm'));
  assert.not(may('b', 8, 0, 'r'));
  assert.not(may('c', 1, 1, 'rm'));
});

test('no rules: nothing is allowed', () => {
  for (const check of everyCheck()) assert.not(run(compileDeviceFilter([]), check));
});

test('accesses are decided one by one', () => {
  const device = { type: 'c', major: 1, minor: 3 } as const;
  const two = compileDeviceFilter([
    { allow: true, ...device, access: 'r' },
    { allow: true, ...device, access: 'w' },
  ]);
  assert.ok(run(two, { ...device, access: 'rw' }));
  const less = compileDeviceFilter([
    { allow: true, type: 'a', access: 'rwm' },
    { allow: false, ...device, access: 'w' },
  ]);
  assert.not(run(less, { ...device, access: 'rw' }));
  assert.ok(run(less, { ...device, access: 'r' }));
});

test('random rules mean what they say', () => {
  for (let seed = 0; seed < 400; seed++) {
    const rules = randomRules(seed, 12);
    const program = compileDeviceFilter(rules);
    for (const check of everyCheck())
      assert.is(run(program, check), isAllowed(rules, check), `seed ${seed}: ${JSON.stringify(check)}`);
  }
});

test('a check that wants nothing: allowed by the last full rule or any permission behind it', () => {
  const nothing = { type: 'c', major: 1, minor: 3, access: '' } as const;
  assert.ok(run(compileDeviceFilter(usual), nothing));
  assert.not(run(compileDeviceFilter([{ allow: false, type: 'a', access: 'rwm' }]), nothing));
});

test('the kernel takes the programs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'device-filter-'));
  try {
    const tool = join(folder, 'load');
    execFileSync('gcc', [
      '-Wall',
      '-Wextra',
      '-Werror',
      '-o',
      tool,
      'runtime/compile/test/load-device-filter.c',
    ]);
    const lists = [
      [],
      usual,
      ...Array.from({ length: 60 }, (_, seed) => randomRules(seed, seed < 50 ? 12 : 300)),
    ];
    for (const rules of lists) {
      const file = join(folder, 'program');
      writeFileSync(file, compileDeviceFilter(rules));
      const { status, stderr } = spawnSync(tool, [file], { encoding: 'utf8' });
      if (status === 77) {
        console.log('skipped: loading device programs (no permission for bpf(2))');
        return;
      }
      assert.is(status, 0, `${stderr}${JSON.stringify(rules)}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
