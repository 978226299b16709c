/** What files of trees and features say of the machine that they need: those of this machine, and such as nobody sane would write. */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findingText } from '../report/finding-text.js';
import { type AbiHost, abiFindings, abiHost, compareVersions, cpuLevelOf, newestGlibc } from './abi.js';
import { type Elf, readElf } from './elf.js';
import type { FeatureContent } from './feature-content.js';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'chos-abi-')));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

function elfOf(path: string): Elf | null {
  const fd = openSync(path, 'r');
  try {
    return readElf(fd);
  } finally {
    closeSync(fd);
  }
}

const host = abiHost();
const libc =
  ['/lib/x86_64-linux-gnu/libc.so.6', '/lib/aarch64-linux-gnu/libc.so.6', '/lib64/libc.so.6'].find(path => {
    try {
      return elfOf(path) !== null;
    } catch {
      return false;
    }
  }) ?? '';

let trees = 0;

/** A tree with this machine's shell and C library, in which something is changed. */
function treeOf(change: (path: string) => void = () => {}): string {
  const path = join(scratch, `tree${++trees}`);
  for (const [from, to] of [
    ['/bin/sh', '/bin/sh'],
    [libc, '/usr/lib64/libc.so.6'],
  ] as const) {
    mkdirSync(dirname(path + to), { recursive: true });
    copyFileSync(from, path + to);
  }
  change(path);
  return path;
}

const content = (...paths: readonly string[]): readonly FeatureContent[] => [
  {
    feature: { name: 'gpu' } as FeatureContent['feature'],
    files: paths.map(source => ({ source, at: source, writable: false, noexec: false, directory: false })),
    devices: [],
    set: [],
    prepend: [],
    groups: [],
    leftOut: [],
  },
];

const said = (
  path: string,
  features: readonly FeatureContent[] = [],
  on: Partial<AbiHost> = {},
  cpuLevel = 0,
): readonly string[] =>
  abiFindings({ path, cpuLevel }, features, { ...host, ...on }).map(abi =>
    findingText({ kind: 'abi', abi }).replaceAll(scratch, ''),
  );

/** A file with one segment of notes. */
function withNotes(machine: number, ...notes: readonly Buffer[]): Buffer {
  const all = Buffer.concat(notes);
  const header = Buffer.alloc(64 + 56);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(machine, 18);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(4, 64);
  header.writeBigUInt64LE(BigInt(header.length), 72);
  header.writeBigUInt64LE(BigInt(all.length), 96);
  return Buffer.concat([header, all]);
}

function note(kind: number, ...words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(16 + words.length * 4);
  bytes.writeUInt32LE(4, 0);
  bytes.writeUInt32LE(words.length * 4, 4);
  bytes.writeUInt32LE(kind, 8);
  bytes.write('GNU\0', 12, 'latin1');
  for (const [i, word] of words.entries()) bytes.writeUInt32LE(word, 16 + 4 * i);
  return bytes;
}

test('the C library of this machine says what readelf says', () => {
  const elf = elfOf(libc);
  const report = process.report.getReport() as unknown as { header: { glibcVersionRuntime: string } };
  assert.is(newestGlibc(elf?.versions ?? []), report.header.glibcVersionRuntime);
  const { stdout } = spawnSync('readelf', ['-d', '/bin/sh'], { encoding: 'utf8' });
  const needed = [...stdout.matchAll(/NEEDED.*\[(.*)\]/g)].map(found => found[1]);
  assert.equal(elfOf('/bin/sh')?.needed, needed);
  assert.ok(
    elfOf('/bin/sh')
      ?.versionsNeeded.get('libc.so.6')
      ?.some(name => name.startsWith('GLIBC_2.')),
  );
  assert.equal(elf?.kernel?.length, 3);
});

test('a tree as old as this machine runs on it', () => {
  assert.equal(said(treeOf(), content('/bin/sh')), []);
});

test('notes of a file: its kernel and its CPU', () => {
  const file = join(scratch, 'notes');
  // Of a property 8 bytes and its value, filled up to 8.
  writeFileSync(file, withNotes(62, note(1, 0, 5, 4, 2), note(5, 0xc0008002, 4, 0b111, 0)));
  const { kernel, cpuLevel } = elfOf(file) ?? {};
  assert.equal([kernel, cpuLevel], [[5, 4, 2], 3]);
  const path = treeOf(tree => writeFileSync(`${tree}/bin/sh`, readFileSync(file)));
  const on = { machine: 62, kernel: '5.4.1-generic', cpuLevel: 2, runs: (machine: number) => machine === 62 };
  assert.equal(said(path, [], on), [
    '/bin/sh of it needs Linux 5.4.2, this is 5.4.1-generic; boot a newer kernel, or use an older tree',
    '/bin/sh needs a CPU of x86-64-v3, this one is x86-64-v2; use another node, or a tree that was built for v2',
  ]);
  assert.equal(said(path, [], { ...on, kernel: '5.4.2', cpuLevel: 3 }), []);
});

test('what the registry demands of the CPU is compared with it', () => {
  const on = { machine: 62, cpuLevel: 2 };
  assert.match(
    said(treeOf(), [], on, 3)[0] ?? '',
    /^its cpuLevel says that it needs a CPU of x86-64-v3, this one is x86-64-v2;/,
  );
  assert.equal(said(treeOf(), [], { ...on, cpuLevel: 3 }, 3), []);
  const v2 = 'cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3';
  const v3 = `${v2} abm avx avx2 bmi1 bmi2 f16c fma movbe`;
  const v4 = `${v3} avx512f avx512bw avx512cd avx512dq avx512vl`;
  assert.equal(
    ['fpu sse2', v2, v3, v4, v4.replace('movbe', '')].map(flags => cpuLevelOf(`flags\t\t: ${flags}\n`)),
    [1, 2, 3, 4, 2],
  );
});

test('programs for another machine, unless somebody runs them', () => {
  const path = treeOf(tree => writeFileSync(`${tree}/bin/sh`, withNotes(183)));
  const on = { machine: 62, runs: (machine: number) => machine === 62 };
  assert.equal(said(path, [], on), [
    'its programs are for aarch64 (/bin/sh), this machine is x86_64; install qemu-user-static, or register a tree for x86_64',
  ]);
  assert.equal(said(path, [], { ...on, runs: () => true }), []);
});

test('libraries of features in an older tree, and in one of musl', () => {
  const old = treeOf(tree => {
    const file = `${tree}/usr/lib64/libc.so.6`;
    const text = readFileSync(file, 'latin1').replaceAll(/GLIBC_2\.(?:1\d|[2-9]\d)/g, 'GLIBC_2.17');
    writeFileSync(file, text, 'latin1');
  });
  const needs = newestGlibc([...(elfOf('/bin/sh')?.versionsNeeded.values() ?? [])].flat());
  assert.equal(said(old, content('/bin/sh')), [
    `feature \`gpu\`: /bin/sh needs glibc ${needs}, and the tree has 2.17; use a newer tree, or a library that was built for an older one`,
  ]);
  const musl = treeOf(tree => rmSync(`${tree}/usr/lib64`, { recursive: true }));
  assert.match(said(musl, content('/bin/sh'))[0] ?? '', /the tree has another C library \(musl\?\)/);
  const named = treeOf(tree => {
    const text = readFileSync('/bin/sh', 'latin1').replaceAll('libc.so.6\0', 'libq.so.6\0');
    writeFileSync(`${tree}/needs.so`, text, 'latin1');
  });
  assert.equal(said(named, content(`${named}/needs.so`)), [
    `feature \`gpu\`: ${named.slice(scratch.length)}/needs.so needs libq.so.6, which neither the tree nor a feature has in a usual directory; add it to "files"`,
  ]);
});

test('a FIFO, a device, a link out of the tree and a circle keep nobody waiting', () => {
  const path = treeOf(tree => {
    rmSync(`${tree}/bin/sh`);
    spawnSync('mkfifo', [`${tree}/bin/sh`]);
    rmSync(`${tree}/usr/lib64/libc.so.6`);
    // Inside, that is a file of the tree's, which is not there.
    symlinkSync(libc, `${tree}/usr/lib64/libc.so.6`);
    symlinkSync('b', `${tree}/usr/lib64/libcircle.so`);
  });
  assert.match(said(path, content('/bin/sh'))[0] ?? '', /another C library/);
});

test('no file makes it fail or wait', () => {
  const file = join(scratch, 'wild');
  const good = readFileSync('/bin/sh');
  const dynamic = good.indexOf('\x7fELF', 0, 'latin1');
  assert.is(dynamic, 0);
  let seed = 1;
  const random = (most: number): number => {
    seed = (seed * 1103515245 + 12345) % 0x80000000;
    return seed % most;
  };
  const begun = Date.now();
  for (let round = 0; round < 600; round++) {
    const bytes = Buffer.from(good.subarray(0, round % 3 === 0 ? random(good.length) : good.length));
    for (let i = 0; i < 24 && bytes.length > 64; i++) {
      // The header and the table of segments, the tables of the first pages, or anywhere.
      const at = [4 + random(60), 64 + random(800), random(8192), random(bytes.length)][i % 4] ?? 0;
      if (at < bytes.length) bytes[at] = [0, 255, random(256), 127][random(4)] ?? 0;
    }
    writeFileSync(file, bytes);
    elfOf(file);
  }
  // All tables as long as they can be, all in each other's place.
  const most = withNotes(62);
  most.writeUInt16LE(0xffff, 56);
  writeFileSync(file, Buffer.concat([most, Buffer.alloc(1 << 20, 1)]));
  elfOf(file);
  assert.ok(Date.now() - begun < 20_000);
});

test('versions are compared as numbers', () => {
  assert.ok(compareVersions([2, 9], [2, 34]) < 0);
  assert.is(newestGlibc(['GLIBC_2.9', 'GLIBC_2.34', 'GLIBC_2.4', 'GLIBC_PRIVATE', 'X']), '2.34');
});

test.run();
