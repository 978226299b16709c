import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TemplateField } from '../../spec/instructions.js';
import type { Program } from './action.js';
import { explain } from './explain.js';
import { buffer, cell, field, label, ref, slot, slots, struct, text, u64 } from './operand.js';
import {
  alu,
  branch,
  call,
  exit,
  exitReporting,
  fail,
  format,
  formatFailure,
  guard,
  jump,
  type Line,
  load,
  move,
  scan,
  store,
  subroutine,
  sys,
  track,
  walk,
} from './step.js';
import { action } from './test/action.js';

const because = { kind: 'rule', rule: 'test' } as const;

function programOf(
  lines: readonly Line[],
  undo: readonly Line[] = [],
  failed: readonly Line[] = [],
): Program {
  return {
    tracks: [
      {
        name: 'run',
        actions: [
          action({ title: 'first', because, undo }, lines),
          action({ title: 'empty', because }, []),
          action({ title: 'last', because }, [exit(0)]),
        ],
        failed,
      },
    ],
    entries: [{ entry: 'run', track: 'run' }],
    parameters: new Map(),
    joins: false,
    arch: 'x86_64',
  };
}

function shown(...lines: readonly Line[]): readonly string[] {
  const [only] = explain(programOf(lines), { steps: true }).tracks;
  return only?.actions[0]?.listing.map(s => s.text) ?? [];
}

test('actions have their title, cause and the numbers of their steps', () => {
  const { tracks, entries } = explain(programOf([exit(1), exit(2)]), { steps: false });
  assert.equal(entries, ['run']);
  assert.equal(
    tracks[0]?.actions.map(a => [a.title, a.because, a.steps, a.listing.length]),
    [
      ['first', because, [0, 1], 0],
      ['empty', because, null, 0],
      ['last', because, [2, 2], 0],
    ],
  );
});

test('what happens after a failure is listed apart', () => {
  const [only] = explain(programOf([exit(0)], [exit(7)], [exitReporting(1)]), { steps: true }).tracks;
  assert.equal(
    only?.afterFailure.map(s => [s.number, s.text]),
    [
      [2, 'exit PLAIN 7'],
      [3, 'exit REPORT 1'],
    ],
  );
});

test('the second track is numbered on', () => {
  const one = programOf([exit(0)], [], [exit(1)]);
  const init = { ...programOf([exit(5)]).tracks[0], name: 'init' } as Program['tracks'][number];
  const { tracks } = explain({ ...one, tracks: [...one.tracks, init] }, { steps: true });
  assert.equal(tracks[1]?.actions[0]?.steps, [3, 3]);
  assert.equal(tracks[1]?.actions[0]?.listing, [{ number: 3, text: 'exit PLAIN 5' }]);
});

test('subroutines are listed behind the tracks, and their mounts count for each call', () => {
  const [fd, empty] = [slot('fd'), text('')];
  const cover = subroutine('cover', [sys('move_mount', [fd, empty, fd, empty, 68])]);
  const { tracks, subroutines, counts } = explain(programOf([call(cover), call(cover), exit(0)]), {
    steps: true,
  });
  assert.equal(
    tracks[0]?.actions[0]?.listing.map(s => s.text),
    ['call cover', 'call cover', 'exit PLAIN 0'],
  );
  assert.equal(subroutines, [
    {
      name: 'cover',
      listing: [
        {
          number: 4,
          text: 'move_mount(fd, "", fd, "", MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_EMPTY_PATH)',
        },
        { number: 5, text: 'return' },
      ],
    },
  ]);
  assert.is(counts.mounts, 2);
});

test('system calls read as in strace', () => {
  const [fd, missing] = [slot('fd'), label('missing')];
  const text1 = shown(
    sys('openat', [-100, text('/a "b"'), 0x80000, 0], { to: fd, on: [['ENOENT', 'EPERM'], missing] }),
    missing,
    sys('close', [fd]),
  );
  assert.equal(text1, [
    'fd = openat(AT_FDCWD, "/a \\"b\\"", O_RDONLY|O_CLOEXEC, 0)   [ENOENT,EPERM -> 1]',
    'close(fd)',
  ]);
});

test('operands by name', () => {
  const [pair, into] = [slots('pair', 2), buffer('into', 8)];
  const [moved, indirect, big] = shown(
    move(cell(pair, 1), 4096),
    move(pair, ref(cell(pair, 1))),
    move(pair, -1n),
  );
  assert.is(moved, 'pair[1] = 0x1000');
  assert.is(indirect, 'pair = *pair[1]');
  assert.is(big, 'pair = 0xffffffffffffffff');
  assert.equal(shown(sys('read', [0, into, 8])), ['read(0, <into>, 8)']);
});

test('every other kind of step', () => {
  const [n, into, next] = [slot('n'), buffer('into', 64), label('next')];
  const lines = shown(
    load(n, 'U8', into, 3),
    store('U32', into, 4, n),
    alu(n, n, 'AND', 7),
    branch(n, 'LT', 5, next),
    jump(next),
    guard(n, 'EQ', 1, 2),
    format(into, ['is ', field(TemplateField.DECIMAL, n)], { to: n }),
    formatFailure(into, n),
    next,
    scan('FIND', { buffer: into, length: n, byte: 10 }, { to: n, on: [['ENOENT'], next] }),
    walk('REMOVE_TREE', [-100, text('x'), 0, 0]),
    fail(22),
  );
  assert.equal(lines, [
    'n = U8 at <into> + 3',
    'U32 at <into> + 4 = n',
    'n = n AND 7',
    'if n LT 5 go to 8',
    'go to 8',
    'insist on n EQ 1',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how explain shows a field
    'n = format <into> "is ${n}"',
    'n = format <into> the failure',
    'n = scan FIND <into>, n, 0, 10, 0   [ENOENT -> 8]',
    'walk REMOVE_TREE AT_FDCWD, "x", 0, 0',
    'fail ACTION EINVAL, 0, 0',
  ]);
});

test('a slot is shown as what it serves for, if that is one thing', () => {
  const [flags, both] = [slot('flags'), slot('both')];
  const lines = shown(
    move(flags, 0x80000),
    alu(flags, flags, 'OR', 0x800),
    alu(flags, flags, 'AND', 3),
    alu(flags, flags, 'ADD', 1),
    move(both, 1),
    sys('openat', [-100, text('x'), flags, 0o644]),
    sys('umask', [both]),
    sys('unshare', [both]),
  );
  assert.equal(lines.slice(0, 6), [
    'flags = O_RDONLY|O_CLOEXEC',
    'flags = flags OR O_NONBLOCK',
    'flags = flags AND O_ACCMODE',
    'flags = flags ADD 1',
    'both = 1',
    'openat(AT_FDCWD, "x", flags, 0644)',
  ]);
});

test('what stands behind an operation is shown by the operation', () => {
  const lines = shown(
    sys('prctl', [1, 9, 0, 0, 0]),
    sys('prctl', [47, 2, 21, 0, 0]),
    sys('prctl', [47, 4, 0, 0, 0]),
    sys('fcntl', [3, 2, 1]),
    sys('fcntl', [3, 4, 0x800]),
  );
  assert.equal(lines, [
    'prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)',
    'prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0)',
    'prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)',
    'fcntl(3, F_SETFD, FD_CLOEXEC)',
    'fcntl(3, F_SETFL, O_RDONLY|O_NONBLOCK)',
  ]);
});

test('structures of flags are shown with what is in them, and by name if steps store into them', () => {
  const [how, later] = [
    struct('how', [u64(0x200000), u64(0), u64(16)]),
    struct('later', [u64(0), u64(0), u64(4)]),
  ];
  const lines = shown(
    sys('openat2', [3, text('x'), how, 24]),
    store('U64', later, 0, 2),
    sys('openat2', [3, text('x'), later, 24]),
    sys('mount_setattr', [
      3,
      text(''),
      0x1000,
      struct('attr', [u64(1), u64(0x70), u64(1 << 18), u64(0)]),
      32,
    ]),
  );
  assert.equal(lines, [
    'openat2(3, "x", {flags=O_RDONLY|O_PATH, resolve=RESOLVE_IN_ROOT}, 24)',
    'U64 at <later> + 0 = 2',
    'openat2(3, "x", <later> {resolve=RESOLVE_NO_SYMLINKS}, 24)',
    'mount_setattr(3, "", AT_EMPTY_PATH, {attr_set=MOUNT_ATTR_RDONLY, attr_clr=MOUNT_ATTR__ATIME, propagation=MS_PRIVATE}, 32)',
  ]);
});

test('clone3 says which track begins', () => {
  const begin = label('begin');
  const args = struct('clone_args', [u64(0)]);
  const lines = shown(track(args, 'run', begin, { to: slot('pid') }), begin);
  assert.equal(lines, ['pid = clone3({}) begins track run at 1']);
});

test('the counts', () => {
  const lines = [sys('move_mount', [1, text(''), 2, text(''), 0]), sys('mount', [0, text('/'), 0, 0, 0])];
  const { counts } = explain(programOf(lines), { steps: false });
  assert.equal([counts.actions, counts.steps, counts.mounts], [3, 3, 2]);
});

test.run();
