/** Programs of `exec` that are left with their container: which calls they serve, and which they do not. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  REUSE_ARGUMENTS_LIMIT,
  REUSE_COUNT,
  REUSE_IMAGE_LIMIT,
  REUSE_TEXT_LIMIT,
} from '../../../spec/reuse.js';
import { call, door } from './door.js';
import { type Asked, container, exec, left, program, said, usual } from './reusing.js';

const isRoot = process.geteuid?.() === 0;

test('the first call asks, the others do not; arguments and paths are values', () => {
  const box = container();
  assert.is(exec(box), said(0));
  assert.is(left(box).length, 1);
  assert.is(statSync(join(box.directory, left(box)[0] ?? '')).mode & 0o7777, 0o600);
  assert.is(exec(box), said(1));
  assert.is(exec(box, { command: ['ls', '-l', '--', ''] }), said(1, 'box ls '));
  assert.is(exec(box, { command: ['\u00e9'] }), said(1, 'box \u00e9 '));
  assert.is(exec(box, { global: ['--log-level', 'error', '--log=/dev/null'] }), said(1));
  assert.is(
    exec(box, { global: ['--debug'] }),
    `${said(1)}chos-runtime: warning: the program of an earlier exec is tried\n`,
  );
  assert.is(left(box).length, 1);
  const pid = (path: string) => exec(box, { options: ['--pid-file', path] });
  assert.is(pid('/one'), said(0, 'box /bin/true /one'));
  assert.is(pid('/two'), said(1, 'box /bin/true /two'));
});

test('with a file its bytes decide, and its arguments come with it', () => {
  const box = container();
  const file = join(box.root, 'process.json');
  const other = join(box.root, 'other.json');
  const withFile = (path: string, args: readonly string[], more: Asked = {}) =>
    exec(box, {
      options: ['--process', path],
      command: [],
      values: { ID: 'box', ARGS: args, ARG0: args[0] },
      ...more,
    });
  writeFileSync(file, 'one');
  assert.is(withFile(file, ['first', 'x']), said(0, 'box first '));
  assert.is(withFile(file, ['else']), said(1, 'box first '));
  for (const joined of [`-p${file}`, `-p=${file}`])
    assert.is(exec(box, { options: [joined], command: [], values: {} }), said(1, 'box first '), joined);
  copyFileSync(file, other);
  assert.is(withFile(other, ['else']), said(1, 'box first '), 'of another name');
  writeFileSync(file, 'two');
  assert.is(withFile(file, ['second']), said(0, 'box second '));
  assert.is(withFile(other, ['else']), said(1, 'box first '), 'the one before is still there');
  // What is read once is gone when the program hands over.
  const before = left(box).length;
  for (let time = 0; time < 2; time++) {
    const { stdout } = spawnSync(
      'bash',
      ['-c', '"$0" --root "$1" exec --process <(echo three) box', door, box.root],
      {
        encoding: 'utf8',
        env: {
          PATH: '/usr/bin:/bin',
          ANSWER: `reusable ${usual} {"ID":"box","ARGS":["piped"],"ARG0":"piped"}`,
        },
      },
    );
    assert.is(stdout, said(0, 'box piped '));
  }
  for (let time = 0; time < 2; time++) {
    const asked = { options: ['--process', '-'], command: [], values: { ARGS: ['stdin'], ARG0: 'stdin' } };
    assert.is(exec(box, { ...asked, shell: `exec "$@" <${file}` }), said(0, 'box stdin '));
  }
  assert.is(left(box).length, before);
  writeFileSync(file, 'x'.repeat(REUSE_TEXT_LIMIT + 1));
  for (let i = 0; i < 2; i++) assert.is(withFile(file, ['large']), said(0, 'box large '));
});

test('another question asks', () => {
  const questions: readonly Asked[] = [
    { options: ['--detach'] },
    { options: ['-t'] },
    { options: ['--console-socket', '/x'] },
    { options: ['--preserve-fds', '1'] },
    { options: ['--ignore-paused'] },
    { options: ['--no-new-privs'] },
  ];
  const box = container();
  exec(box);
  for (const question of questions) {
    const { options } = question;
    assert.is(exec(box, question), said(0), options?.join(' '));
    assert.is(exec(box, question), said(1), options?.join(' '));
  }
  exec(box);
  assert.is(exec(box, { options: ['--detach=false', '-t=false'] }), said(1), 'none of them');
});

test('what has more to it is compiled each time', () => {
  const box = container();
  const cases: readonly Asked[] = [
    { options: ['--env', 'A=1'] },
    { options: ['-eA=1'] },
    { options: ['--user', '1'] },
    { options: ['--cwd', '/x'] },
    { options: ['--cap', 'CAP_KILL'] },
    { options: ['--cgroup', 'x'] },
    { options: ['--pid-file', ''] },
    { options: ['--preserve-fds', 'x'] },
    { options: ['--preserve-fds', '1048577'] },
    { options: ['--detach=maybe'] },
    { options: ['--pid-file', '/\u00e9'] },
    { options: ['--preserve-fds', '0000000003'] },
    { global: ['--help'] },
    { global: ['--debug=maybe'] },
    { global: ['--log-level=nonsense'] },
    { global: ['--log-format=xml'] },
    { global: ['--systemd-cgroup=zzz'] },
    { command: ['x'.repeat(4096)] },
    { command: ['\u00e9'.repeat(1400)] },
    { command: ['x', ...Array<string>(REUSE_ARGUMENTS_LIMIT).fill('')] },
    { command: ['x', 'y'.repeat(REUSE_ARGUMENTS_LIMIT)] },
    { environment: { LISTEN_FDS: '1' } },
    { how: 'once' },
  ];
  for (const [i, asked] of cases.entries()) {
    const rest = `box ${asked.command?.[0] ?? '/bin/true'} `;
    for (let time = 0; time < 2; time++)
      assert.match(exec(box, asked), `reused 0 ${rest}`, `${i}: ${JSON.stringify(asked).slice(0, 80)}`);
    assert.equal(left(box), [], JSON.stringify(asked).slice(0, 80));
  }
  for (let time = 0; time < 2; time++) assert.match(exec(box, { command: [''] }), 'reused 0');
  // `..` behind a link is another directory for TypeScript, which goes by names.
  for (let time = 0; time < 2; time++)
    assert.is(exec({ ...box, root: `${box.root}/box/..` }), said(0), 'a root with ..');
  assert.equal(left(box), []);
  const warns = call(['--root', box.root, 'exec', 'box', 'x'], {
    environment: { ANSWER: `reusable ${usual} {"ARGS":["x"],"ARG0":"x"} careful` },
  });
  assert.match(warns.out, 'reused 0');
  assert.equal(left(box), []);
  const large = program({ ballast: REUSE_IMAGE_LIMIT });
  for (let time = 0; time < 2; time++) assert.is(exec(box, { image: large }), said(0));
  assert.equal(left(box), []);
});

test('as many as there is room for', () => {
  const box = container();
  const file = join(box.root, 'process.json');
  for (let i = 0; i < 40; i++) {
    writeFileSync(file, `${i}`);
    exec(box, { options: ['--process', file], command: [], values: { ARGS: ['x'], ARG0: 'x' } });
  }
  assert.is(left(box).length, REUSE_COUNT);
});

test('another state.json or config.json makes another question, also of the same size and time', () => {
  for (const name of ['state.json', 'config.json']) {
    const box = container();
    const path = join(box.directory, name);
    exec(box);
    const { atime, mtime } = statSync(path);
    writeFileSync(path, 'X'.repeat(name.length));
    utimesSync(path, atime, mtime);
    assert.is(exec(box), said(0), `${name} written over`);
    assert.is(exec(box), said(1));
    copyFileSync(path, join(box.root, 'copy'));
    utimesSync(join(box.root, 'copy'), atime, mtime);
    renameSync(join(box.root, 'copy'), path);
    assert.is(exec(box), said(0), `${name} replaced`);
    rmSync(path);
    for (let time = 0; time < 2; time++) assert.is(exec(box), said(0), `no ${name}`);
  }
});

test('another compiler and another caller make another question', () => {
  if (!isRoot) return;
  const box = container();
  exec(box);
  const as = (...words: readonly string[]) => exec(box, { shell: `exec ${words.join(' ')} "$@"` });
  assert.is(as('env'), said(1));
  assert.is(as('setpriv', '--bounding-set', '-sys_boot'), said(0));
  assert.is(as('setpriv', '--no-new-privs'), said(0));
  assert.is(as('unshare', '-m'), said(0));
  assert.is(as('unshare', '-C'), said(0));
  exec(box);
  assert.is(exec(box), said(1));
});

test('what is not whole, or of another container, is not run', () => {
  const box = container();
  exec(box);
  const path = join(box.directory, left(box)[0] ?? '');
  const bytes = readFileSync(path);
  const spoiled = (act: () => void, why: string) => {
    rmSync(path, { force: true, recursive: true });
    act();
    assert.is(exec(box), said(0), why);
  };
  for (const size of [0, 1, 15, 16, bytes.length - 1])
    spoiled(() => {
      writeFileSync(path, bytes, { mode: 0o600 });
      truncateSync(path, size);
    }, `${size} bytes`);
  spoiled(
    () => writeFileSync(path, Buffer.concat([bytes, Buffer.alloc(8)]), { mode: 0o600 }),
    'more than all',
  );
  spoiled(() => mkdirSync(path), 'a directory');
  rmSync(path, { recursive: true });
  spoiled(() => spawnSync('mkfifo', [path]), 'a FIFO');
  const other = container();
  exec(other);
  spoiled(() => copyFileSync(join(other.directory, left(other)[0] ?? ''), path), 'of another container');
  // Each byte up to the image counts, but for a reserved number and a gap: magic, lengths, question, texts.
  const { length } = readFileSync(usual);
  const head = bytes.length - length - 7;
  for (let at = 0; at < head; at += 7) {
    if (at >= 12 && at < 16) continue;
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 0xff;
    spoiled(() => writeFileSync(path, changed, { mode: 0o600 }), `byte ${at}`);
  }
});

test('what others could have written, and what is no file, is compiled anew, and replaced', () => {
  const box = container();
  exec(box);
  const path = join(box.directory, left(box)[0] ?? '');
  const spoiled = (act: () => void, why: string) => {
    act();
    assert.is(exec(box), said(0), why);
    assert.is(exec(box), said(1), `${why}, again`);
  };
  spoiled(() => chmodSync(path, 0o620), 'writable by a group');
  spoiled(() => {
    renameSync(path, join(box.root, 'elsewhere'));
    symlinkSync(join(box.root, 'elsewhere'), path);
  }, 'a link');
  if (isRoot) spoiled(() => chownSync(path, 65534, 65534), "somebody's");
});

test('a program that hands over asks the compiler, once', () => {
  const box = container();
  const image = program({ handsOver: true });
  assert.is(exec(box, { image }), said(0));
  assert.is(left(box).length, 1);
  assert.is(exec(box, { image }), said(0));
});

test('under another name it is another container', () => {
  const box = container();
  exec(box);
  renameSync(box.directory, join(box.root, 'cox'));
  const ended = call(['--root', box.root, 'exec', 'cox', '/bin/true'], {
    environment: { ANSWER: `reusable ${usual} {"ARG0":"x"}` },
  });
  assert.is(ended.out, said(0, 'cox /bin/true '));
});

test('while the container is being made, none is used', () => {
  const box = container();
  exec(box);
  writeFileSync(join(box.directory, 'creating'), '');
  assert.is(exec(box), said(0));
  rmSync(join(box.directory, 'creating'));
  assert.is(exec(box), said(1));
});

test('where nothing can be left each call is compiled', () => {
  if (!isRoot) return;
  const small = container();
  const full = (command: string) =>
    `mount -t tmpfs -o size=8k,mode=0700 none ${small.root} && mkdir -m 700 ${small.directory} && cd ${small.directory} && echo > state.json && echo > config.json && ${command}; exec "$@"`;
  const inside = (shell: string) => exec(small, { shell: `exec unshare -m sh -c '${shell}' sh "$@"` });
  assert.is(inside(full('true')), said(0), 'no room');
  assert.is(inside(full(`mount -o remount,ro ${small.root}`)), said(0), 'read-only');
});

test('a second name of what was left is as good as the first', () => {
  const box = container();
  exec(box);
  const path = join(box.directory, left(box)[0] ?? '');
  linkSync(path, join(box.root, 'second'));
  assert.is(exec(box), said(1));
});

test.run();
