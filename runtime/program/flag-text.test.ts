import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type FlagSetName, flagSet, flagSetNames, structures } from '../../spec/flag-sets.js';
import { instructions } from '../../spec/instructions.js';
import { type SystemCall, systemCalls } from '../../spec/syscalls.js';
import { flagText } from './flag-text.js';

const cases: readonly (readonly [FlagSetName, number | bigint, string])[] = [
  ['O_', 0, 'O_RDONLY'],
  ['O_', 0o2200000, 'O_RDONLY|O_DIRECTORY|O_CLOEXEC'],
  ['O_', 0o2600000, 'O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC'],
  ['O_', 0o2001101, 'O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC'],
  ['O_', 0o22200002, 'O_RDWR|O_TMPFILE|O_CLOEXEC'],
  ['O_', 0x40000000, 'O_RDONLY|0x40000000'],
  ['O_', 3, '0x3'],
  ['O_PATH', 0, 'O_PATH'],
  ['O_PATH', 2, 'O_RDWR'],
  ['mode', 0o755, '0755'],
  ['mode', 0o4711, '04711'],
  ['mode', 0, '0'],
  ['S_IF', 0o20666, 'S_IFCHR|0666'],
  ['S_IF', 0o10000, 'S_IFIFO'],
  ['signals', 0, '[]'],
  ['signals', 0x4001, '[HUP TERM]'],
  ['signals', 1n << 63n, '[64]'],
  ['signals', ~0x10000n, '~[CHLD]'],
  ['dev', 259, 'makedev(1, 3)'],
  ['dev', 0x12345678, 'makedev(1110, 74616)'],
  ['OK', 0, 'F_OK'],
  ['OK', 1, 'X_OK'],
  ['AT_', 0x9000, 'AT_EMPTY_PATH|AT_RECURSIVE'],
  ['AT_EACCESS', 0x200, 'AT_EACCESS'],
  ['AT_REMOVEDIR', 0x200, 'AT_REMOVEDIR'],
  ['AT_STATX_', 0x4800, 'AT_NO_AUTOMOUNT|AT_STATX_DONT_SYNC'],
  ['STATX_', 0x7ff, 'STATX_BASIC_STATS'],
  ['STATX_', 0x4101, 'STATX_TYPE|STATX_INO|STATX_MNT_ID_UNIQUE'],
  ['OPEN_TREE_', 0x89001, 'OPEN_TREE_CLONE|AT_EMPTY_PATH|AT_RECURSIVE|OPEN_TREE_CLOEXEC'],
  ['MOUNT_ATTR_', 0, '0'],
  [
    'MOUNT_ATTR_',
    0x7f,
    'MOUNT_ATTR_RDONLY|MOUNT_ATTR_NOSUID|MOUNT_ATTR_NODEV|MOUNT_ATTR_NOEXEC|MOUNT_ATTR__ATIME',
  ],
  ['MOUNT_ATTR_', 0x22, 'MOUNT_ATTR_NOSUID|MOUNT_ATTR_STRICTATIME'],
  ['CLONE_', 0x4e020000, 'CLONE_NEWNS|CLONE_NEWCGROUP|CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWNET'],
  ['CLONE_', 0x200000000n, 'CLONE_INTO_CGROUP'],
  ['MS_', 1 << 19, 'MS_SLAVE'],
  ['MS_', 0x1021, 'MS_RDONLY|MS_REMOUNT|MS_BIND'],
  ['SOCK_', 0o2000005, 'SOCK_SEQPACKET|SOCK_CLOEXEC'],
  ['SIG', 9, 'SIGKILL'],
  ['SIG', 17, 'SIGCHLD'],
  ['SIG', 40, '40'],
  ['errno', 2, 'ENOENT'],
  ['errno', -1, '-1'],
  ['decimal', 10_000, '10000'],
  ['decimal', -1, '-1'],
];

for (const [name, value, expected] of cases)
  test(`${name} ${value} is ${expected}`, () => assert.is(flagText(name, value, 'x86_64'), expected));

test('open flags of aarch64 have its own numbers', () => {
  assert.is(flagText('O_', 0o2040000, 'aarch64'), 'O_RDONLY|O_DIRECTORY|O_CLOEXEC');
  assert.is(flagText('O_', 0o2100000, 'aarch64'), 'O_RDONLY|O_NOFOLLOW|O_CLOEXEC');
  assert.is(flagText('O_', 0o20040002, 'aarch64'), 'O_RDWR|O_TMPFILE');
  assert.is(flagText('O_', 0o200000, 'aarch64'), 'O_RDONLY|0x10000');
});

test('an operand that takes bits names them and its mask, and has no name for zero', () => {
  assert.is(flagText('O_', 0o6003, 'x86_64', false), 'O_ACCMODE|O_APPEND|O_NONBLOCK');
  assert.is(flagText('O_', 0o2000000, 'x86_64', false), 'O_CLOEXEC');
  assert.is(flagText('S_IF', 0o170000, 'x86_64', false), 'S_IFMT');
  assert.is(flagText('OK', 0, 'x86_64', false), '0');
});

test('every name stands for its own number alone', () => {
  for (const name of flagSetNames)
    for (const arch of ['x86_64', 'aarch64'] as const) {
      const { one = {}, bits = {}, mask } = flagSet(name, arch);
      for (const [word, value] of Object.entries(bits))
        if (value !== 0 && !(mask && value === mask[1]))
          assert.ok(flagText(name, value, arch, false).split('|').includes(word), `${name}: ${word}`);
      for (const [word, value] of Object.entries(one)) {
        const said = flagText(name, value, arch);
        const [first = ''] = said.split('|');
        // Signals and errnos have two names for some numbers.
        assert.ok(
          Number(value) === 0 || Number(one[first]) === Number(value),
          `${name}: ${word} reads ${said}`,
        );
      }
    }
});

test('the tables name only what there is', () => {
  const known = new Set<string>([...flagSetNames, 'dev', 'signals', ...Object.keys(structures)]);
  const args = [
    ...Object.values<SystemCall>(systemCalls).flatMap(call => call.args),
    ...Object.values(instructions).flatMap(({ args }) => Object.values<string>(args)),
  ];
  const named = args.flatMap(text => text.split(' ').slice(1));
  assert.equal(
    named.filter(name => !known.has(name)),
    [],
  );
  assert.ok(named.length > 60);
});

test.run();
