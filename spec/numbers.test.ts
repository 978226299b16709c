import { execFileSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { capabilities, lastCapability } from './capabilities.js';
import { errnoName, errnos } from './errno.js';
import { kernelFilesystems } from './kernel.js';
import { syscallNumbers, x32Bit } from './syscall-numbers.js';

/** What the C preprocessor of this machine says of every `#define PREFIX_X number` in a header. */
function headerNumbers(header: string, prefix: string): ReadonlyMap<string, number> {
  const text = execFileSync('gcc', ['-dM', '-E', '-include', header, '-'], { input: '', encoding: 'utf8' });
  const lines = text.matchAll(new RegExp(`^#define (${prefix}[A-Z0-9_]+) (\\d+)$`, 'gm'));
  return new Map([...lines].map(([, name = '', number]) => [name, Number(number)]));
}

test('every error number of the headers has its name and number', () => {
  const header = headerNumbers('errno.h', 'E');
  assert.ok(header.size > 130);
  for (const [name, number] of header) assert.is(errnos[name as keyof typeof errnos]?.number, number, name);
});

test('file systems of the kernel have the numbers of the headers', () => {
  const text = execFileSync('gcc', ['-dM', '-E', '-include', 'linux/magic.h', '-'], {
    input: '',
    encoding: 'utf8',
  });
  const header = new Map(
    [...text.matchAll(/^#define (\w+) (0x[0-9a-fA-F]+)$/gm)].map(([, name = '', number]) => [
      name,
      Number(number),
    ]),
  );
  const known = Object.entries(kernelFilesystems).filter(([name]) => header.has(name));
  assert.ok(known.length >= 14);
  for (const [name, number] of known) assert.is(number, header.get(name), name);
});

test('error numbers have names', () => {
  assert.is(errnoName(2), 'ENOENT');
  assert.is(errnoName(0), undefined);
});

test('the words are those of strerror(3)', () => {
  const words = execFileSync(
    'perl',
    ['-e', 'use POSIX; $ENV{LC_ALL} = "C"; for (1..133) { print strerror($_), "\n" }'],
    { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } },
  );
  for (const [index, line] of words.trimEnd().split('\n').entries()) {
    const name = errnoName(index + 1);
    assert.is(name === undefined ? `Unknown error ${index + 1}` : errnos[name].words, line);
  }
});

test('every capability of the headers has its number', () => {
  const header = headerNumbers('linux/capability.h', 'CAP_');
  assert.ok(header.size >= 41);
  for (const [name, number] of header) {
    if (number <= lastCapability) assert.is(capabilities[name as keyof typeof capabilities], number, name);
  }
});

test('this machine agrees with the x86-64 system-call numbers', () => {
  const text = execFileSync('gcc', ['-dM', '-E', '-include', 'asm/unistd_64.h', '-'], {
    input: '',
    encoding: 'utf8',
  });
  const numbers = syscallNumbers('x86_64');
  const header = [...text.matchAll(/^#define __NR_(\w+) (\d+)$/gm)];
  assert.ok(header.length > 350);
  for (const [, name = '', number] of header) assert.is(numbers.get(name), Number(number), name);
});

test('well-known and recent calls have their numbers', () => {
  const cases = [
    ['x86_64', 'read', 0],
    ['x86_64', '_sysctl', 156],
    ['x86_64', 'fchmodat2', 452],
    ['x86_64', 'setxattrat', 463],
    ['i386', '_llseek', 140],
    ['i386', 'socketcall', 102],
    ['i386', 'cachestat', 451],
    ['x32', 'ioctl', x32Bit + 514],
    ['x32', 'mseal', x32Bit + 462],
    ['aarch64', 'openat', 56],
    ['aarch64', 'statmount', 457],
    ['arm', '_newselect', 142],
    ['arm', 'set_tls', 0xf0005],
    ['arm', 'sync_file_range2', 341],
  ] as const;
  for (const [abi, name, number] of cases) assert.is(syscallNumbers(abi).get(name), number, `${abi} ${name}`);
  assert.is(syscallNumbers('aarch64').get('open'), undefined);
});

test.run();
