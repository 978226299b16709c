/** What `chos` executes inside, and what it leaves as it was. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encode } from '../../program/encode.js';
import * as s from '../../program/step.js';
import { chos, executable, fails, into, site, two } from './chos-command.js';
import { act, program, scratch } from './engine.js';

/** A tree with one static program, which shows its directory by its warnings. */
function tree(): string {
  const root = mkdtempSync(join(scratch, 'tree-'));
  mkdirSync(join(root, 'bin'));
  copyFileSync(executable, join(root, 'bin/inside'));
  return root;
}

test('the process stays: pid, exit code, signal, standard streams, descriptors', () => {
  const at = site();
  assert.is(chos(at, ['alma9', 'sh', '-c', 'exit 3']).status, 3);
  assert.equal(chos(at, ['alma9', 'cat'], { input: 'x\n' }), { status: 0, out: 'x\n', err: '' });
  const pid = chos(at, ['alma9', 'sh', '-c', 'echo $$'], { shell: 'echo $$; exec "$@"' })
    .out.trim()
    .split('\n');
  assert.is(pid.length, 2);
  assert.is(pid[0], pid[1]);
  const before = chos(at, ['alma9', 'ls', '/proc/self/fd'], { shell: 'exec 7</dev/null; exec "$@"' }).out;
  const bare = spawnSync('sh', ['-c', 'exec 7</dev/null; exec ls /proc/self/fd'], {
    encoding: 'utf8',
    input: '',
  }).stdout;
  assert.is(before, bare);
  const ignored = chos(at, ['alma9', 'grep', 'SigIgn', '/proc/self/status'], {
    shell: 'trap "" HUP; exec "$@"',
  }).out;
  assert.match(ignored, /0*1\n$/);
  assert.is(chos(at, ['alma9', 'sh', '-c', 'kill -9 $$']).status, null);
});

test('the command behind the name, or behind --', () => {
  const at = site();
  assert.is(chos(at, ['alma9', 'echo', '--', '-n']).out, '-- -n\n');
  assert.is(chos(at, ['alma9', '--', 'echo', 'a']).out, 'a\n');
  assert.is(chos(at, ['--', 'printenv', 'CHOS']).out, 'debian12\n');
});

test('the environment is the caller’s, the tree’s, CHOS, and where that is', () => {
  const at = site(`${two}env PATH=/usr/bin:/bin\nenv A=b\\nc\\\\d\nenv B=\n`);
  const environment = { SITE_OS: 'host', KEEP: '1', A: 'x', CHOS: 'alma9' };
  const lines = (name: string) =>
    chos(at, [name, 'env', '-0'], { environment })
      .out.split('\0')
      .filter(e => !/^(HOME|CHOS_PUBLIC|CHOS_VIEW|PATH)=/.test(e));
  assert.equal(lines('alma9').sort(), ['', 'A=x', 'CHOS=alma9', 'KEEP=1', 'SITE_OS=alma']);
  assert.match(chos(at, ['alma9', 'sh', '-c', 'echo $CHOS_VIEW']).out, /^mnt:\[\d+\] \d+:\d+:\d+ alma9\n$/);
  assert.equal(lines('debian12').sort(), ['', 'A=b\nc\\d', 'B=', 'CHOS=debian12', 'KEEP=1', 'SITE_OS=host']);
});

test('what the registry keeps of it, and what it takes away', () => {
  const at = site(`${two}keep LC_*\nkeep X?\nkeep =\nunset XB\nunset ?ERM\nenv XB=set\n`);
  const environment = {
    LC_ALL: 'C',
    LC_: '',
    LC: '1',
    XA: 'a',
    XB: 'b',
    X: '1',
    XAA: '1',
    TERM: 'dumb',
    USER: 'ann',
  };
  const names = (name: string) =>
    chos(at, [name, 'env', '-0'], { environment })
      .out.split('\0')
      .map(entry => entry.split('=')[0])
      .sort()
      .join(' ')
      .trim();
  assert.is(names('debian12'), 'CHOS CHOS_VIEW HOME LC_ LC_ALL PATH USER XA XB');
  assert.is(
    names('alma9'),
    'CHOS CHOS_PUBLIC CHOS_VIEW HOME LC LC_ LC_ALL PATH SITE_OS TERM USER X XA XAA XB',
  );
  const nothing = site(`${two}keep =\n`);
  assert.is(chos(nothing, ['debian12', 'env'], { environment: { A: '1' } }).out.includes('A=1'), false);
});

test('a command that is not there is 127, one that cannot be executed 126', () => {
  const at = site();
  const directory = mkdtempSync(join(scratch, 'commands-'));
  writeFileSync(join(directory, 'plain'), 'x', { mode: 0o644 });
  writeFileSync(join(directory, 'script'), 'echo "$0 $1"', { mode: 0o755 });
  writeFileSync(join(directory, 'lost'), '#!/nonexistent/sh\n', { mode: 0o755 });
  const environment = { PATH: `/nonexistent:${directory}:/usr/bin:/bin` };
  const run = (...command: readonly string[]) => chos(at, ['alma9', ...command], { environment, uid: 65534 });
  chmodSync(directory, 0o755);
  assert.equal(run('nosuch'), {
    status: 127,
    out: '',
    err: 'chos: execute nosuch in alma9: No such file or directory\n',
  });
  assert.equal(run('plain'), {
    status: 126,
    out: '',
    err: 'chos: execute plain in alma9: Permission denied\n',
  });
  assert.is(run('script', 'a').out, `${directory}/script a\n`);
  assert.equal(run(`${directory}/lost`), {
    status: 126,
    out: '',
    err: `chos: execute ${directory}/lost: its interpreter is not in the tree alma9\n`,
  });
  assert.is(run('').status, 127);
  assert.is(run('x'.repeat(5000)).status, 127);
  assert.is(run('/').status, 126);
});

test('the search goes on behind a file that may not be executed', () => {
  const at = site();
  const [one, other] = [mkdtempSync(join(scratch, 'one-')), mkdtempSync(join(scratch, 'other-'))];
  for (const directory of [one, other]) chmodSync(directory, 0o755);
  writeFileSync(join(one, 'tool'), 'x', { mode: 0o644 });
  writeFileSync(join(other, 'tool'), '#!/bin/sh\necho other\n', { mode: 0o755 });
  const environment = { PATH: `${one}:${other}:/usr/bin:/bin` };
  assert.is(chos(at, ['alma9', 'tool'], { environment, uid: 65534 }).out, 'other\n');
});

test('an empty entry of PATH is the working directory', () => {
  const cwd = mkdtempSync(join(scratch, 'here-'));
  writeFileSync(join(cwd, 'tool'), '#!/bin/sh\necho here\n', { mode: 0o755 });
  assert.is(chos(site(), ['alma9', 'tool'], { cwd, environment: { PATH: '/nonexistent:' } }).out, 'here\n');
});

test('in a tree: its files alone, by its own paths', () => {
  const at = site(two, { alma9: into(tree()) });
  assert.match(chos(at, ['alma9', 'inside', '--version'], { cwd: '/' }).out, /^chos version/);
  assert.equal(chos(at, ['alma9', 'ls'], { cwd: '/' }), {
    status: 127,
    out: '',
    err: 'chos: execute ls in alma9: No such file or directory\n',
  });
});

test('a directory that the tree lacks: home, else /, with a warning', () => {
  const root = tree();
  const at = site(two, { alma9: into(root) });
  const cwd = realpathSync(mkdtempSync(join(scratch, 'cwd-')));
  const run = () => chos(at, ['alma9', './bin/inside', '--version'], { cwd });
  assert.is(run().err, `chos: warning: ${cwd}: No such file or directory; goes on in /\n`);
  assert.match(run().out, /^chos version/);
  mkdirSync(join(root, at.home), { recursive: true });
  assert.match(run().err, `chos: warning: ${cwd}: No such file or directory; goes on in ${at.home}\n`);
  mkdirSync(join(root, cwd), { recursive: true });
  copyFileSync(executable, join(root, cwd, 'here'));
  assert.is(chos(at, ['alma9', './here', '--version'], { cwd }).err, '');
});

test('a directory that was deleted', () => {
  const cwd = mkdtempSync(join(scratch, 'gone-'));
  const at = site();
  const { err, out } = chos(at, ['alma9', 'sh', '-c', 'pwd; echo "$PWD"'], {
    cwd,
    shell: 'rmdir "$PWD"; exec "$@"',
  });
  assert.is(err, `chos: warning: the working directory: No such file or directory; goes on in ${at.home}\n`);
  assert.is(out, `${at.home}\n${at.home}\n`);
  rmSync(cwd, { recursive: true, force: true });
});

test('without a command: the login shell; the tree’s if it has not got that', () => {
  const at = site();
  const shown = chos(at, ['debian12'], { input: 'echo "$0"; exit 4\n' });
  assert.equal([shown.status, shown.out], [4, '-bash\n']);
  // Nobody's is nologin, and that is executed as what it is.
  const environment = { SHELL: '/nonexistent/zsh' };
  const unknown = chos(at, ['debian12'], { uid: 54321, environment, input: 'echo "$0"\n' });
  assert.equal(unknown, {
    status: 0,
    out: '-sh\n',
    err: 'chos: warning: the tree debian12 has no /nonexistent/zsh; starts sh\n',
  });
  const neither = chos(at, ['alma9'], { uid: 54321, environment });
  assert.equal(neither, {
    status: 127,
    out: '',
    err: 'chos: execute /nonexistent/zsh in alma9: No such file or directory\n',
  });
});

test('a tree that is not prepared is not entered another way', () => {
  const at = site();
  rmSync(join(at.place, 'entries/alma9'));
  assert.equal(chos(at, ['alma9', 'true']), {
    status: 125,
    out: '',
    err: 'chos: tree "alma9" is not prepared: root runs chos-runtime tree prepare alma9\n',
  });
});

test('a tree that is entered by nobody says why', () => {
  const at = site(two.replace('tree debian12', 'refused the back end \\\\ pinned\ntree debian12'));
  rmSync(join(at.place, 'entries/alma9'));
  assert.is(chos(at, ['alma9', 'true']).err, 'chos: tree "alma9" is not entered: the back end \\ pinned\n');
});

test('an entry program that fails: its words, and nothing is executed', () => {
  const at = site(two, { alma9: fails });
  assert.equal(chos(at, ['alma9', 'echo', 'x']), {
    status: 125,
    out: '',
    err: 'chos: enter the tree: No such file or directory\n',
  });
});

test('a launch program that is no entry program is none', () => {
  const run = encode(program({ actions: [act('end', [s.exit(0)])], entry: 'run' }));
  const joins = encode({
    ...program({ actions: [act('end', [s.handover()])], entry: 'enter' }),
    joins: true,
  });
  for (const image of [run, joins])
    assert.equal(chos(site(two, { alma9: image }), ['alma9', 'true']), {
      status: 125,
      out: '',
      err: 'chos: the entry program of alma9: it is not one; root runs chos-runtime tree prepare alma9\n',
    });
});

test('an entry program of another version', () => {
  const at = site();
  const path = join(at.place, 'entries/alma9');
  const image = Buffer.from(into('/'));
  image.writeUInt16LE(99, 4);
  writeFileSync(path, image);
  assert.is(
    chos(at, ['alma9', 'true']).err,
    'chos: the entry program of alma9: made by another version of chos-runtime; root runs chos-runtime tree prepare alma9\n',
  );
});

test('closed standard streams are no way into what it opens', () => {
  const { status, out } = chos(
    site(),
    ['alma9', 'sh', '-c', 'readlink /proc/$$/fd/2; readlink /proc/$$/fd/0'],
    {
      shell: 'exec "$@" <&- 2>&-',
    },
  );
  assert.equal([status, out], [0, '/dev/null\n/dev/null\n']);
});

test.run();
