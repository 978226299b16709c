// Random files from a fixed seed. FUZZ_SEED and FUZZ_ROUNDS try others; a failure prints its seed and text.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { oneLine, squiggle } from '../report/diagnostic.js';
import { admit } from './admit.js';
import { endOf, isList, itemsOf, membersOf, outline, pathOf, startOf } from './outline.js';
import { findSyntaxFault } from './syntax.js';

const seed = Number(process.env.FUZZ_SEED ?? 20240607);
const rounds = Number(process.env.FUZZ_ROUNDS ?? 1500);

type Random = (below: number) => number;
type Mutable = { [key: string | number]: unknown };

/** xorshift32: small, and the same everywhere. */
function random(start: number): Random {
  let state = start | 1;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** A config with something in every corner that the checks look into. */
function fullConfig(): Mutable {
  const hook = { path: '/bin/hook', args: ['hook', 'a'], env: ['A=b'], timeout: 5 };
  const arg = { index: 1, value: 18446744, valueTwo: 2, op: 'SCMP_CMP_MASKED_EQ' };
  return {
    ociVersion: '1.3.0',
    hostname: 'box',
    domainname: 'example',
    root: { path: 'rootfs', readonly: true },
    annotations: { 'org.example.key': 'value' },
    process: {
      terminal: true,
      consoleSize: { height: 24, width: 80 },
      user: { uid: 1000, gid: 1000, umask: 18, additionalGids: [5, 6] },
      args: ['sleep', '1'],
      env: ['PATH=/bin', 'LANG=C.UTF-8'],
      cwd: '/',
      capabilities: { bounding: ['CAP_KILL'], effective: ['CAP_KILL'], permitted: ['CAP_KILL'] },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 4096 }],
      noNewPrivileges: true,
      oomScoreAdj: 100,
      scheduler: { policy: 'SCHED_RR', priority: 3, flags: ['SCHED_FLAG_RESET_ON_FORK'] },
      ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 4 },
      execCPUAffinity: { initial: '0-3', final: '1' },
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/data', type: 'bind', source: '/srv', options: ['rbind', 'ro'] },
    ],
    hooks: { prestart: [hook], createRuntime: [hook], poststop: [hook] },
    linux: {
      namespaces: [{ type: 'mount' }, { type: 'uts' }, { type: 'network', path: '/run/netns/a' }],
      devices: [{ type: 'c', path: '/dev/fuse', major: 10, minor: 229, fileMode: 438, uid: 0, gid: 0 }],
      cgroupsPath: '/a/b',
      rootfsPropagation: 'rslave',
      sysctl: { 'net.core.somaxconn': '128' },
      maskedPaths: ['/proc/kcore'],
      readonlyPaths: ['/proc/sys'],
      personality: { domain: 'LINUX' },
      resources: {
        devices: [{ allow: false, access: 'rwm' }],
        memory: { limit: 1048576, swap: 2097152 },
        cpu: { shares: 1024, quota: 10000, period: 100000, burst: 1, cpus: '0-1' },
        pids: { limit: 100 },
        blockIO: { weight: 100, weightDevice: [{ major: 8, minor: 0, weight: 10 }] },
        hugepageLimits: [{ pageSize: '2MB', limit: 4194304 }],
        unified: { 'memory.high': '1000000' },
      },
      seccomp: {
        defaultAction: 'SCMP_ACT_ERRNO',
        defaultErrnoRet: 38,
        architectures: ['SCMP_ARCH_X86_64'],
        flags: ['SECCOMP_FILTER_FLAG_LOG'],
        syscalls: [{ names: ['read', 'write'], action: 'SCMP_ACT_ALLOW', args: [arg] }],
      },
    },
  };
}

/** Values that have broken parsers and checkers before. */
const oddValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  4294967296,
  2 ** 53 + 2,
  -(2 ** 63),
  1e308,
  '',
  '\0',
  '/',
  '..',
  'a\ud800',
  '/a/../b',
  'user',
  'SCMP_ACT_NOTIFY',
  'x'.repeat(300),
  '漢字\u202e',
  [],
  {},
  [[]],
  [null],
  { type: 'user' },
  { '': 0 },
  { __proto__x: 1 },
  ['', '\0'],
  [{}],
  { a: { b: { c: [] } } },
];

const oddTexts = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\\u0000',
  '\\ud800',
  '\n',
  '\t',
  '//',
  '1e999',
  '-',
  '0',
  'null',
  '\ufeff',
  '😀',
  '18446744073709551616',
  '"__proto__":',
  "'",
];

function containersOf(value: unknown, found: Mutable[] = []): readonly Mutable[] {
  if (typeof value !== 'object' || value === null) return found;
  found.push(value as Mutable);
  for (const inside of Object.values(value)) containersOf(inside, found);
  return found;
}

/** Changes a few values of a config: takes one away, replaces one, adds one, moves one elsewhere. */
function mutateTree(config: Mutable, next: Random): void {
  for (let changes = 1 + next(3); changes > 0; changes--) {
    const containers = containersOf(config);
    const container = containers[next(containers.length)] ?? config;
    const names = Object.keys(container);
    const name = names[next(names.length)] ?? 'added';
    const kind = next(4);
    if (kind === 0) delete container[name];
    else if (kind === 1) container[name] = structuredClone(oddValues[next(oddValues.length)]);
    else if (kind === 2) container[oddTexts[next(oddTexts.length)] ?? ''] = oddValues[next(oddValues.length)];
    else container[name] = structuredClone(containers[next(containers.length)]);
  }
}

/** Changes a few characters of a text. */
function mutateText(text: string, next: Random): string {
  let mutated = text;
  for (let changes = 1 + next(3); changes > 0; changes--) {
    const at = next(mutated.length + 1);
    const insert = next(3) === 0 ? '' : (oddTexts[next(oddTexts.length)] ?? '');
    mutated = mutated.slice(0, at) + insert + mutated.slice(at + next(4));
  }
  return mutated;
}

function mutateBytes(text: string, next: Random): Uint8Array {
  const bytes = Buffer.from(text);
  for (let changes = 1 + next(3); changes > 0; changes--) bytes[next(bytes.length)] = next(256);
  return bytes;
}

function spaces(next: Random): string | undefined {
  return [undefined, '\t', '  '][next(3)];
}

function checkResult(text: string | Uint8Array, which: string): void {
  const result = admit({ file: 'config.json', text });
  if (result.kind === 'admitted') {
    assert.is(result.spec.place(['mounts']).line > 0, true, which);
    return;
  }
  assert.ok(result.diagnostics.length > 0 && result.diagnostics.length <= 50, which);
  for (const diagnostic of result.diagnostics) {
    const line = oneLine(diagnostic);
    assert.match(line, /^config\.json:\d+:\d+: \S/, which);
    assert.not.match(line, /[\p{Cc}\u202e]/u, which);
    assert.ok(line.length < 1000, which);
    const characters = [...diagnostic.sourceLine].length;
    assert.ok(diagnostic.column >= 1 && diagnostic.column <= characters + 1, `${which}: ${line}`);
    assert.ok(diagnostic.length >= 1, which);
    assert.ok(squiggle(diagnostic).split('\n').length <= 2, which);
  }
}

test('the unchanged config is admitted', () => {
  const result = admit({ file: 'config.json', text: JSON.stringify(fullConfig()) });
  assert.equal(result.kind === 'refused' ? result.diagnostics.map(oneLine) : [], []);
});

test('a config with changed values is admitted or refused, never thrown at', () => {
  const next = random(seed);
  for (let round = 0; round < rounds; round++) {
    const config = fullConfig();
    mutateTree(config, next);
    const text = JSON.stringify(config, null, spaces(next));
    checkResult(text, `seed ${seed}, round ${round}: ${text}`);
  }
});

test('a config with changed characters is admitted or refused, and JSON.parse agrees on the syntax', () => {
  const next = random(seed + 1);
  const texts = [undefined, '\t'].map(indent => JSON.stringify(fullConfig(), null, indent));
  for (let round = 0; round < rounds; round++) {
    const text = mutateText(texts[next(texts.length)] ?? '', next);
    const which = `seed ${seed}, round ${round}: ${text}`;
    checkResult(text, which);
    assert.is(findSyntaxFault(text) === undefined, parses(text), which);
  }
});

test('a config with changed bytes is admitted or refused', () => {
  const next = random(seed + 2);
  const text = JSON.stringify(fullConfig(), null, 2).replace('box', 'böx😀');
  for (let round = 0; round < rounds; round++) {
    const bytes = mutateBytes(text, next);
    checkResult(bytes, `seed ${seed}, round ${round}: ${Buffer.from(bytes).toString('latin1')}`);
  }
});

test('the outline has every value of a valid text at its place', () => {
  const next = random(seed + 3);
  for (let round = 0; round < rounds / 10; round++) {
    const config = fullConfig();
    mutateTree(config, next);
    const text = JSON.stringify(config, null, spaces(next));
    const which = `seed ${seed}, round ${round}: ${text}`;
    const shape = outline(text);
    assert.ok(shape, which);
    if (shape === undefined) return;
    for (let value = 0; value < shape.count; value++) {
      const path = pathOf(text, shape, value);
      let found = 0;
      for (const part of path)
        found =
          (isList(text, shape, found)
            ? itemsOf(shape, found)[Number(part)]
            : membersOf(text, shape, found).get(String(part))) ?? -1;
      assert.is(found, value, which);
      let expected: unknown = JSON.parse(text);
      for (const part of path) expected = (expected as Mutable)[part];
      const end = endOf(text, shape, value);
      assert.equal(JSON.parse(text.slice(startOf(shape, value), end)), expected, which);
    }
  }
});

test('files made to take long do not', () => {
  // No clock is looked at: quadratic time on any of these would run into the time limit of the whole test run.
  const many = 300_000;
  checkResult(`{"mounts":[${'1,'.repeat(many)}1]}`, 'wrong items');
  checkResult(
    `{"annotations":{${Array.from({ length: many }, (_, index) => `"${index}":null`).join()}}}`,
    'nulls',
  );
  checkResult(`[${'18446744073709551615,'.repeat(many)}1]`, 'big numbers');
  checkResult(`"${'\\"'.repeat(many)}`, 'escaped quotes');
  checkResult(`"${'\\'.repeat(2 * many)}"`, 'backslashes');
  checkResult(`${'1'.repeat(4 * many)}`, 'digits');
  checkResult('['.repeat(10 * many), 'brackets');
  checkResult(`{"${'k'.repeat(many)}":{"a":1,"a":2}}`, 'a long name');
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test.run();
