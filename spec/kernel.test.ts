/** The numbers of `spec/kernel.ts` and its neighbours, compared with the kernel's headers (linux-libc-dev) by the compilers of both architectures. */
import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { capabilities } from './capabilities.js';
import { errnos } from './errno.js';
import type { Arch } from './image.js';
import * as kernel from './kernel.js';
import { signals } from './signals.js';
import { systemCallNumber } from './syscall-numbers.js';
import { type SystemCall, type SystemCallName, systemCalls } from './syscalls.js';

type Expected = ReadonlyMap<string, number | bigint>;

const compilers: Readonly<Record<Arch, string>> = { x86_64: 'gcc', aarch64: 'aarch64-linux-gnu-gcc' };

const headers = [
  ...['bpf', 'capability', 'close_range', 'errno', 'fcntl', 'fs', 'ioprio', 'keyctl', 'magic', 'memfd'],
  ...[
    'if_addr',
    'if_link',
    'mempolicy',
    'netlink',
    'rtnetlink',
    'mount',
    'openat2',
    'personality',
    'prctl',
    'resource',
    'sched',
    'seccomp',
    'signalfd',
    'sockios',
  ],
  ...['stat', 'time', 'wait', 'chos'],
].map(name => `linux/${name}.h`);
const source = [
  '#include <stddef.h>',
  ...headers.map(name => `#include <${name}>`),
  ...['ioctls', 'resource', 'siginfo', 'signal', 'socket', 'statfs', 'unistd'].map(
    name => `#include <asm/${name}.h>`,
  ),
].join('\n');

/** What the C library defines and no header of the kernel for programs. */
const ofTheLibrary = new Set([
  ...[
    'AF_UNIX',
    'AF_INET',
    'AF_NETLINK',
    'SOL_NETLINK',
    'F_OK',
    'X_OK',
    'MNT_DETACH',
    'UMOUNT_NOFOLLOW',
    'SCHED_OTHER',
    'SIGCLD',
  ],
]);
const isOfTheLibrary = (name: string): boolean => ofTheLibrary.has(name) || name.startsWith('SOCK_');
const librarySource = ['sched.h', 'signal.h', 'sys/mount.h', 'sys/socket.h', 'unistd.h']
  .map(name => `#include <${name}>`)
  .join('\n');

/** In sources of the kernel alone; SCHED_ISO is kept free. */
const inNoHeader = new Set([
  ...['CONFIGFS_MAGIC', 'FUSE_CTL_SUPER_MAGIC', 'AAFS_MAGIC', 'ENOTSUPP', 'SCHED_ISO'],
]);
/** Pointers to functions, which the compiler does not compare. */
const incomparable = new Set(['SIG_IGN']);
/** Newer than headers that we may be built with (those of Linux 6.1): compared where they are there. */
const maybeNewer = new Set([
  'STATX_MNT_ID_UNIQUE',
  'STATMOUNT_MNT_BASIC',
  '__NR_statmount',
  // An enumerator, which the preprocessor cannot find.
  'MPOL_WEIGHTED_INTERLEAVE',
  '__NR_listmount',
]);

/** Groups of numbers whose members have their name without what all have in common. */
const prefixes: Readonly<Record<string, string>> = {
  Clone: 'CLONE_',
  FsConfig: 'FSCONFIG_',
  MountAttr: 'MOUNT_ATTR_',
  MountFlag: 'MS_',
  Propagation: 'MS_',
  OpenHow: 'RESOLVE_',
  ChosIoctl: 'CHOS_IOC_',
  Prctl: 'PR_',
  NetlinkFlag: 'NLM_F_',
  SeccompFilterFlag: 'SECCOMP_FILTER_FLAG_',
  Bpf: 'BPF_',
  kernelFilesystems: '',
  ioClasses: '',
  personalities: '',
  memoryModes: '',
  memoryFlags: '',
  schedulerPolicies: '',
  schedulerFlags: '',
  resourceLimits: '',
};

const offset = (struct: string, member: string): string => `offsetof(struct ${struct}, ${member})`;
/** Offsets, and what is called otherwise than in the headers. */
const others: Readonly<Record<string, string>> = {
  'Statx.ATTRIBUTES': offset('statx', 'stx_attributes'),
  'Statx.LINKS': offset('statx', 'stx_nlink'),
  'Statx.UID': offset('statx', 'stx_uid'),
  'Statx.GID': offset('statx', 'stx_gid'),
  'Statx.MODE': offset('statx', 'stx_mode'),
  'Statx.INO': offset('statx', 'stx_ino'),
  'Statx.SIZE': offset('statx', 'stx_size'),
  'Statx.RDEV_MAJOR': offset('statx', 'stx_rdev_major'),
  'Statx.RDEV_MINOR': offset('statx', 'stx_rdev_minor'),
  'Statx.DEV_MAJOR': offset('statx', 'stx_dev_major'),
  'Statx.DEV_MINOR': offset('statx', 'stx_dev_minor'),
  'Statx.MNT_ID': offset('statx', 'stx_mnt_id'),
  'Statfs.FLAGS': offset('statfs', 'f_flags'),
  'Siginfo.CODE': 'offsetof(siginfo_t, si_code)',
  'Siginfo.STATUS': 'offsetof(siginfo_t, si_status)',
  SIGSET_SIZE: 'sizeof(sigset_t)',
  LINUX_CAPABILITY_VERSION_3: '_LINUX_CAPABILITY_VERSION_3',
  'Bpf.ALLOW_MULTI': 'BPF_F_ALLOW_MULTI',
};

/** By the expression that has the value in C. */
function expected(arch: Arch): Expected {
  const out = new Map<string, number | bigint>();
  for (const [name, value] of Object.entries(kernel)) {
    if (typeof value === 'function') continue;
    if (typeof value !== 'object') {
      out.set(others[name] ?? name, value);
      continue;
    }
    for (const [member, number] of Object.entries<number | bigint>(value)) {
      const prefix = prefixes[name];
      const other = others[`${name}.${member}`];
      assert.ok(prefix !== undefined || other !== undefined, `${name}.${member}: what is it in C?`);
      out.set(other ?? `${prefix}${member}`, number);
    }
  }
  const add = (prefix: string, numbers: Readonly<Record<string, number>>): void => {
    for (const [name, number] of Object.entries(numbers)) out.set(`${prefix}${name}`, number);
  };
  add('O_', { ...kernel.openFlags(arch) });
  add('SIG', signals);
  add('', capabilities);
  for (const [name, { number }] of Object.entries(errnos)) out.set(name, number);
  for (const [name, call] of Object.entries<SystemCall>(systemCalls))
    out.set(`__NR_${call.as ?? name}`, systemCallNumber(name as SystemCallName, arch));
  return out;
}

function compile(arch: Arch, flags: readonly string[], text: string) {
  const { status, stdout, stderr, error } = spawnSync(
    compilers[arch],
    ['-x', 'c', '-std=gnu11', '-Ikmod/uapi', ...flags, '-'],
    { input: text, encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  assert.is(error, undefined);
  return { status, stdout, stderr };
}

/** Those that differ, as the compiler says it. */
function differences(arch: Arch, begin: string, numbers: Expected): readonly string[] {
  const lines = [...numbers].map(
    ([expression, value]) =>
      `_Static_assert((unsigned long long)(${expression}) == ${BigInt.asUintN(64, BigInt(value))}ull, "${expression} is not ${value}");`,
  );
  const { status, stderr } = compile(arch, ['-fsyntax-only'], [begin, ...lines, ''].join('\n'));
  const wrong = [...stderr.matchAll(/^.*error: (.*)$/gm)].map(([, words = '']) => words);
  if (wrong.length === 0) assert.is(status, 0, stderr);
  return wrong.map(words => words.replace(/^static assertion failed: "(.*)"$/, '$1'));
}

function compared(arch: Arch): Expected {
  const { stdout, stderr, status } = compile(arch, ['-E', '-dM'], source);
  assert.is(status, 0, stderr);
  const defined = new Set([...stdout.matchAll(/^#define (\w+)/gm)].map(([, name]) => name));
  return new Map(
    [...expected(arch)].filter(
      ([name]) =>
        !(isOfTheLibrary(name) || inNoHeader.has(name) || incomparable.has(name)) &&
        (defined.has(name) || !maybeNewer.has(name)),
    ),
  );
}

for (const arch of ['x86_64', 'aarch64'] as const) {
  test(`numbers are those of the kernel's headers for ${arch}`, () => {
    const numbers = compared(arch);
    assert.ok(numbers.size > 400, `${numbers.size} are compared`);
    assert.equal(differences(arch, source, numbers), []);
  });

  test(`a wrong number is found on ${arch}`, () => {
    const wrong = new Map([...compared(arch)].slice(0, 9)).set('O_DIRECTORY', 1).set('CLONE_NEWNS', 3n);
    assert.equal(differences(arch, source, wrong), ['O_DIRECTORY is not 1', 'CLONE_NEWNS is not 3']);
  });
}

test('numbers of the C library', () => {
  const numbers = new Map([...expected('x86_64')].filter(([name]) => isOfTheLibrary(name)));
  assert.ok(numbers.size >= 8);
  assert.equal(differences('x86_64', `#define _GNU_SOURCE\n${librarySource}`, numbers), []);
});

test.run();
