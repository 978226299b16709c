/**
 * Files of 16 MiB, or of as many values as are read, each of one property, as a cold compiler takes them. Its time and memory are bounded by the engine, which would say so
 * (COMPILER_MEMORY_MIB, COMPILER_WORK_SECONDS), and that would be another line than is expected here.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CONFIG_LIMIT, VALUE_LIMIT } from '../../spec/container-limits.js';

const bundle = mkdtempSync(join(tmpdir(), 'chos-largest-'));
test.after(() => rmSync(bundle, { recursive: true }));
const runtimes = ['build/chos-runtime', 'build/bun/chos-runtime'].filter(file => existsSync(file));

test('there is a compiler to be tried', () => {
  assert.ok(runtimes.length > 0);
});

const list = <Item>(count: number, make: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => make(index));
/** What is around the values of a property. */
const REST = 1000;
const values = VALUE_LIMIT - REST;
const bytes = CONFIG_LIMIT - REST;
const argument = (value: number) => ({ index: 0, value, op: 'SCMP_CMP_EQ' });
const seccomp = (syscalls: readonly object[]) => ({
  linux: {
    seccomp: { defaultAction: 'SCMP_ACT_ERRNO', architectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'], syscalls },
  },
});
const named = (count: number, value: unknown) => Object.fromEntries(list(count, i => [`a${i}`, value]));

/** What the file has beside the necessary, and what is said: nothing of one that is carried out. */
const shapes: Readonly<Record<string, readonly [more: object, said: RegExp | null]>> = {
  'numbers that mean nothing': [{ unknown: list(bytes / 2, () => 0) }, /: unknown holds 83\d+ texts/],
  'values that mean nothing': [{ unknown: list(values, () => 0) }, null],
  'names that mean nothing': [{ unknown: named(values, 0) }, null],
  annotations: [{ annotations: named(values, 'b') }, null],
  'one annotation': [{ annotations: { a: 'b'.repeat(bytes) } }, null],
  mistakes: [{ mounts: list(values, () => null) }, /: mounts\[0\] must be an object/],
  mounts: [
    { mounts: list(9000, i => ({ destination: `/${i}/${'a/'.repeat(400)}`, type: 'tmpfs', source: 'a' })) },
    null,
  ],
  'masked paths': [{ linux: { maskedPaths: list(9000, i => `/${i}${'/a'.repeat(900)}`) } }, null],
  'options of a mount': [
    { mounts: [{ destination: '/a', type: 'tmpfs', source: 'a', options: list(values, i => `a=${i}`) }] },
    /mounts\[0\]\.options has \d+ entries/,
  ],
  arguments: [{ process: { args: list(values, i => `a${i}`), cwd: '/' } }, /: process\.args: arguments and/],
  'one variable': [
    { process: { args: ['sh'], cwd: '/', env: [`A=${'b'.repeat(bytes)}`] } },
    /: process\.env: arg/,
  ],
  'a cgroup': [
    { linux: { cgroupsPath: `/${'a'.repeat(bytes)}` } },
    /cgroupsPath must have at most 4095 bytes/,
  ],
  'network devices': [{ linux: { netDevices: named(values, {}) } }, /linux\.netDevices has \d+ entries/],
  'rules of seccomp': [
    seccomp(list(values / 9, i => ({ names: ['mmap'], action: 'SCMP_ACT_ALLOW', args: [argument(i)] }))),
    /makes more than 4096 instructions/,
  ],
  'names of seccomp': [
    seccomp([{ names: list(values, () => 'mmap'), action: 'SCMP_ACT_ALLOW', args: [argument(1)] }]),
    /makes more than 4096 instructions/,
  ],
};

for (const runtime of runtimes)
  for (const [name, [more, said]] of Object.entries(shapes))
    test(`${runtime}: ${name}`, () => {
      const namespaces = [{ type: 'mount' }, { type: 'network' }];
      const { linux = {}, ...rest } = more as { linux?: object };
      const needed = { ociVersion: '1.3.0', process: { args: ['sh'], cwd: '/' }, root: { path: 'rootfs' } };
      const text = JSON.stringify({ ...needed, ...rest, linux: { namespaces, ...linux } });
      assert.ok(Buffer.byteLength(text) <= CONFIG_LIMIT, `${text.length}`);
      writeFileSync(join(bundle, 'config.json'), text);
      const { status, stderr } = spawnSync(runtime, ['explain', bundle], {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      assert.is(status, said === null ? 0 : 1, stderr.slice(0, 300));
      if (said !== null) assert.match(stderr, said);
      else assert.is(stderr, '');
    });

test.run();
