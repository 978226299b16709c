import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { native, results, scratch } from './engine.js';

const only = native ? test : test.skip;
const O_PATH = 0o10000000;
const O_DIRECTORY = 0o200000;
const n = (initial = 0) => o.slot('n', initial);
const missing = 'chos-runtime: do: No such file or directory';

let count = 0;
/** A root with things around it that must stay as they are. */
function tree(): string {
  const top = join(scratch, `tree-${count++}`);
  const root = join(top, 'root');
  mkdirSync(join(root, 'etc'), { recursive: true });
  mkdirSync(join(top, 'outside'));
  writeFileSync(join(top, 'outside', 'secret'), 'secret');
  writeFileSync(join(root, 'etc', 'file'), 'file');
  return root;
}

/** Resolve, then print what was opened as the path that the kernel knows it by, relative to the root. */
function resolved(root: string, path: string, input: Omit<s.ResolveInput, 'root' | 'path'> = {}): string {
  const fd = n();
  const r = o.slots('r', 2);
  const readlink = o.vector('readlink', ['readlink', '-n', '/proc/self/fd/9']);
  const answer = results(
    [
      s.sys('umask', [0]),
      s.sys('openat', [-100, o.text(root), O_PATH | O_DIRECTORY, 0], { to: fd }),
      s.resolve({ root: fd, path: o.text(path), ...input }, { to: r }),
      s.sys('dup3', [r, 9, 0]),
      s.sys('execve', [o.text('/usr/bin/readlink'), readlink, o.vector('environment', [])]),
    ],
    [],
  );
  return answer.startsWith(root) ? answer.slice(root.length) || '/' : answer;
}

const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8);
const outside = (root: string) => readdirSync(join(root, '..', 'outside')).join();

only('what exists is opened', () => {
  const root = tree();
  assert.is(resolved(root, 'etc/file'), '/etc/file');
  assert.is(resolved(root, '/etc//./file'), '/etc/file');
  assert.is(resolved(root, '/'), '/');
  assert.is(resolved(root, '../../../etc'), '/etc');
  assert.is(resolved(root, 'etc/file/x'), 'chos-runtime: do: Not a directory');
  assert.is(resolved(root, 'nowhere'), missing);
});

only('links stay inside the root', () => {
  const root = tree();
  symlinkSync('/etc', join(root, 'absolute'));
  symlinkSync('../../../../etc', join(root, 'up'));
  symlinkSync('../outside/secret', join(root, 'out'));
  symlinkSync(join(root, '../outside'), join(root, 'host'));
  assert.is(resolved(root, 'absolute/file'), '/etc/file');
  assert.is(resolved(root, 'up/file'), '/etc/file');
  assert.is(resolved(root, 'out'), missing);
  assert.is(resolved(root, 'host/secret'), missing);
  assert.is(resolved(root, 'out', { how: 'NOFOLLOW' }), '/out');
});

only('missing directories are made with their mode', () => {
  const root = tree();
  assert.is(resolved(root, '/a/b/c/', { make: 'directories', mode: 0o751 }), '/a/b/c');
  assert.is(mode(join(root, 'a/b')), '751');
  assert.is(resolved(root, 'a/./x/../y', { make: 'directories', mode: 0o755 }), '/a/y');
  assert.is(resolved(root, 'a/b/../../../../z', { make: 'directories' }), '/z');
});

only('a missing file is made empty', () => {
  const root = tree();
  assert.is(resolved(root, 'run/x/file', { make: 'file', mode: 0o755 }), '/run/x/file');
  assert.equal([mode(join(root, 'run/x/file')), readFileSync(join(root, 'run/x/file'), 'utf8')], ['644', '']);
  assert.is(resolved(root, 'etc/file', { make: 'file' }), '/etc/file');
  assert.is(readFileSync(join(root, 'etc/file'), 'utf8'), 'file');
  assert.is(resolved(root, 'etc/file/sub', { make: 'file' }), 'chos-runtime: do: Not a directory');
});

only('what is made is like its source', () => {
  const root = tree();
  resolved(root, 'd', { make: 'like-source', sourceMode: 0o040700 });
  resolved(root, 'f', { make: 'like-source', sourceMode: 0o100600 });
  resolved(root, 's', { make: 'like-source', sourceMode: 0o140600 });
  assert.ok(statSync(join(root, 'd')).isDirectory());
  assert.ok(statSync(join(root, 'f')).isFile() && statSync(join(root, 's')).isFile());
});

only('dangling links are followed inside the root', () => {
  const root = tree();
  symlinkSync('/var/target', join(root, 'absolute'));
  symlinkSync('../../../../../outside/new', join(root, 'escape'));
  symlinkSync('middle/leaf', join(root, 'relative'));
  symlinkSync('relative', join(root, 'chain'));
  assert.is(resolved(root, 'absolute/x', { make: 'directories' }), '/var/target/x');
  assert.is(resolved(root, 'escape', { make: 'file' }), '/outside/new');
  assert.is(resolved(root, 'chain', { make: 'file' }), '/middle/leaf');
  assert.is(outside(root), 'secret');
  assert.is(readlinkSync(join(root, 'relative')), 'middle/leaf');
});

only('a link may be as long as the kernel lets it be', () => {
  const root = tree();
  for (const [i, length] of [511, 512, 513, 4000].entries()) {
    const name = `to-${length}`;
    symlinkSync(`/${'./'.repeat((length - 8) / 2)}new${i}/leaf`.slice(-length), join(root, name));
    assert.is(resolved(root, name, { make: 'file' }), `/new${i}/leaf`, name);
  }
});

only('a link as the last name is left alone with NOFOLLOW', () => {
  const root = tree();
  symlinkSync('nowhere', join(root, 'dangling'));
  assert.is(resolved(root, 'dangling', { make: 'file', how: 'NOFOLLOW' }), '/dangling');
  assert.not.ok(existsSync(join(root, 'nowhere')));
  assert.is(resolved(root, 'new/file', { make: 'file', how: 'NOFOLLOW' }), '/new/file');
});

only('loops of links end', () => {
  const root = tree();
  symlinkSync('b', join(root, 'a'));
  symlinkSync('a', join(root, 'b'));
  symlinkSync('self/x', join(root, 'self'));
  symlinkSync('grow/grow', join(root, 'grow'));
  for (const path of ['a', 'a/x', 'self/y', 'grow'])
    assert.is(
      resolved(root, path, { make: 'directories' }),
      'chos-runtime: do: Too many levels of symbolic links',
    );
  for (let i = 0; i < 50; i++) symlinkSync(`d${i + 1}`, join(root, `d${i}`));
  assert.match(resolved(root, 'd0', { make: 'file' }), 'Too many levels');
  assert.is(resolved(root, 'd15', { make: 'file' }), '/d50');
});

only('magic links of proc are not followed', () => {
  assert.is(resolved('/proc/self', 'root', {}), 'chos-runtime: do: Too many levels of symbolic links');
  assert.is(
    resolved('/proc/self', 'exe', { make: 'file' }),
    'chos-runtime: do: Too many levels of symbolic links',
  );
});

only('a fifo in the way blocks nobody', () => {
  const root = tree();
  spawnSync('mkfifo', [join(root, 'fifo')]);
  assert.is(resolved(root, 'fifo'), '/fifo');
  assert.is(resolved(root, 'fifo', { make: 'file' }), '/fifo');
  assert.is(resolved(root, 'fifo/x', { make: 'directories' }), 'chos-runtime: do: Not a directory');
  assert.ok(lstatSync(join(root, 'fifo')).isFIFO());
});

only('PARENT opens the directory and says where the last name is', () => {
  const root = tree();
  const fd = n();
  const r = o.slots('r', 2);
  const last = n();
  const directory = n();
  const parent = (path: string, make: s.ResolveInput['make'] = 'directories') =>
    results(
      [
        s.sys('openat', [-100, o.text(root), O_PATH | O_DIRECTORY, 0], { to: fd }),
        s.resolve({ root: fd, path: o.text(path), how: 'PARENT', make: make ?? 'nothing' }, { to: r }),
        s.move(directory, r),
        s.move(last, o.cell(r, 1)),
        s.sys('symlinkat', [o.text('somewhere'), directory, o.ref(last)]),
        s.sys('write', [1, o.text('made'), 4]),
      ],
      [],
    );
  assert.is(parent('/dev/pts/ptmx'), 'made');
  assert.is(readlinkSync(join(root, 'dev/pts/ptmx')), 'somewhere');
  assert.is(parent('top'), 'made');
  assert.is(readlinkSync(join(root, 'top')), 'somewhere');
  assert.is(parent('none/x', 'nothing'), missing);
  for (const path of ['', '/', '..', 'a/..', '.', 'etc/.'])
    assert.is(parent(path), 'chos-runtime: do: Invalid argument');
});

only('too long paths are refused', () => {
  const root = tree();
  assert.is(
    resolved(root, 'x/'.repeat(3000), { make: 'directories' }),
    'chos-runtime: do: File name too long',
  );
  assert.is(resolved(root, 'y'.repeat(300), { make: 'file' }), 'chos-runtime: do: File name too long');
});

only('a bad root descriptor, path or kind is an error', () => {
  const r = o.slots('r', 2);
  const attempt = (input: s.ResolveInput) => results([s.resolve(input, { to: r })], []);
  assert.is(attempt({ root: 99, path: o.text('x') }), 'chos-runtime: do: Bad file descriptor');
  assert.is(attempt({ root: 99, path: o.ref(n(-1)) }), 'chos-runtime: do: Bad address');
  assert.is(attempt({ root: 99, path: o.text('x'), flags: 0o100 }), 'chos-runtime: do: Invalid argument');
});

test.run();
