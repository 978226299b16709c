/** Which tree `chos` takes, and what it takes nothing from. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chos, error, executable, site, stay, two, which } from './chos-command.js';
import { scratch } from './engine.js';

test('argument, $CHOS, ~/.chos, the rule, the default: the first that there is', () => {
  const s = site(
    two.replace('tree alma9', 'user 0 debian12\ntree alma9').replace('default debian12', 'default alma9'),
  );
  writeFileSync(join(s.home, '.chos'), 'alma9\n');
  assert.is(which(s, ['debian12'], { CHOS: 'alma9' }).out, 'debian12 (argument)\n');
  assert.is(which(s, [], { CHOS: 'debian12' }).out, 'debian12 ($CHOS)\n');
  assert.is(which(s, [], { CHOS: '' }).out, 'alma9 (~/.chos)\n');
  rmSync(join(s.home, '.chos'));
  assert.is(which(s).out, "debian12 (the site's rule for user 0)\n");
  assert.is(chos(s, ['--which'], { uid: 65534 }).out, 'alma9 (default of the registry)\n');
});

test('rules by name and number, for users, groups and hosts; the first that fits', () => {
  const rules = (...lines: readonly string[]) =>
    which(site(two.replace('default debian12\n', `default debian12\n${lines.join('\n')}\n`))).out;
  assert.is(rules('user root alma9'), "alma9 (the site's rule for user root)\n");
  assert.is(rules('group root alma9'), "alma9 (the site's rule for group root)\n");
  assert.is(rules('group 0 alma9'), "alma9 (the site's rule for group 0)\n");
  const host = `${hostname().slice(0, 1)}*`;
  assert.is(rules(`host ${host} alma9`), `alma9 (the site's rule for host ${host})\n`);
  const none = 'debian12 (default of the registry)\n';
  assert.is(rules('user rooty alma9', 'user 4294967296 alma9', 'user 00x alma9'), none);
  assert.is(rules('group nosuchgroup alma9', 'group 65533 alma9', `host ?${hostname()} alma9`), none);
  assert.is(rules('user root debian12', 'group root alma9'), "debian12 (the site's rule for user root)\n");
});

test('the name default is that of the registry; without one there is a line', () => {
  assert.is(which(site(), ['default']).out, 'debian12 (argument, which is the default of the registry)\n');
  const without = site(two.replace('default debian12\n', ''));
  const line =
    'chos: no tree is chosen, and the registry has no default: chos NAME, CHOS=NAME, or chos --set NAME (see chos --list)\n';
  assert.is(error(which(without)), line);
  assert.is(error(which(without, ['default'])), line);
});

test('an unknown name ends it, with a near one, and nothing is tried', () => {
  const s = site();
  const run = (name: string) => error(chos(s, [name, 'true']));
  assert.is(run('debain12'), 'chos: there is no tree "debain12"; did you mean debian12?\n');
  assert.is(run('ALMA9'), 'chos: there is no tree "ALMA9"; did you mean alma9?\n');
  assert.is(
    run('true'),
    'chos: there is no tree "true" (see chos --list; a command without a tree stands behind --: chos -- true)\n',
  );
  for (const option of ['list', 'which', 'set', 'explain', 'help', 'version'])
    assert.is(
      run(option),
      `chos: there is no tree "${option}" (see chos --list; the option is --${option})\n`,
    );
  assert.match(run('who'), / \(see chos --list; who is in which tree: chos-runtime who\)\n$/);
  assert.match(run('/bin/sh'), / behind --: chos -- \/bin\/sh\)\n$/);
  for (const none of ['/bin', './none', '..', '.', 'nosuchcommand'])
    assert.is(run(none), `chos: there is no tree "${none}" (see chos --list)\n`);
  assert.is(run(''), 'chos: there is no tree "" (see chos --list)\n');
  assert.is(run('x'.repeat(5000)).length < 8200, true);
  assert.is(run('a\x1b[2Jb\nc'), 'chos: there is no tree "a?[2Jb c" (see chos --list)\n');
  assert.is(run('debain12@7'), 'chos: there is no tree "debain12"; did you mean debian12?\n');
  assert.match(error(which(s, [], { CHOS: 'gone' })), 'there is no tree "gone"');
  writeFileSync(join(s.home, '.chos'), 'gone\n');
  assert.match(error(which(s)), 'there is no tree "gone"');
});

test('a short name is near to few', () => {
  const s = site('chos 1\ntree c1\ntree l1\n');
  const run = (name: string) => error(chos(s, ['--which', name]));
  for (const none of ['sh', 'pwd', 'x', '..', '']) assert.not.match(run(none), /did you mean/, none);
  assert.is(run('c2'), 'chos: there is no tree "c2"; did you mean c1?\n');
  assert.is(run('1c'), 'chos: there is no tree "1c"; did you mean c1?\n');
  assert.is(
    run('ls'),
    'chos: there is no tree "ls"; did you mean l1? (a command without a tree stands behind --: chos -- ls)\n',
  );
});

test('~/.chos is one line of the own, or refused', () => {
  const s = site();
  const file = join(s.home, '.chos');
  const told = (content: string) => {
    writeFileSync(file, content);
    return which(s);
  };
  assert.is(told('alma9').out, 'alma9 (~/.chos)\n');
  assert.is(told('').out, 'debian12 (default of the registry)\n');
  assert.is(told('\n').out, 'debian12 (default of the registry)\n');
  assert.is(told(`${'x'.repeat(254)}\n`).err.includes('there is no tree'), true);
  const refused = (why: string) => `chos: refuses ${file}: ${why}\n`;
  assert.is(error(told(`${'x'.repeat(255)}\n`)), refused('it is longer than 255 bytes, or cannot be read'));
  assert.is(error(told('x'.repeat(1 << 20))), refused('it is longer than 255 bytes, or cannot be read'));
  const lines = refused('it is more than one line with the name of a tree');
  for (const content of ['alma9\nalma9\n', '\nalma9', 'alma9\n\n', 'alma9\n\0'])
    assert.is(error(told(content)), lines);
  const wrong: Readonly<Record<string, string>> = {
    'alma9\0': 'it has a NUL byte in it: it is no text',
    'alma9\r\n': 'it has a carriage return, as lines end on Windows: chos --set NAME writes it anew',
    'alma9\t\n': 'it has a tab in it',
    '\x1b[2J': 'it has a control character in it',
    'alma9\x7f': 'it has a control character in it',
    '\ufeffalma9\n':
      'it begins with a byte order mark, which an editor has put there: chos --set NAME writes it anew',
  };
  for (const [content, why] of Object.entries(wrong)) assert.is(error(told(content)), refused(why));
  writeFileSync(file, 'alma9\n');
  const foreign = refused('it belongs to somebody else, or others can write to it');
  chmodSync(file, 0o664);
  assert.is(error(which(s)), foreign);
  chmodSync(file, 0o644);
  chownSync(file, 65534, 65534);
  assert.is(error(which(s)), foreign);
  assert.is(chos(s, ['--which'], { uid: 65534 }).out, 'alma9 (~/.chos)\n');
  rmSync(file);
  symlinkSync('/etc/passwd', file);
  assert.is(error(which(s)), refused('it is a symbolic link'));
  rmSync(file);
  mkdirSync(file);
  assert.is(error(which(s)), refused('it is not a regular file'));
});

test('a home that is not there chooses nothing', () => {
  const s = site();
  assert.is(which({ ...s, home: '/nonexistent' }).out, 'debian12 (default of the registry)\n');
  assert.is(which({ ...s, home: '/etc/passwd' }).out, 'debian12 (default of the registry)\n');
});

test('--set writes ~/.chos whole, in the place of what was there', () => {
  const s = site();
  const file = join(s.home, '.chos');
  symlinkSync('/nonexistent/target', file);
  assert.equal(chos(s, ['--set', 'alma9']), { status: 0, out: '', err: '' });
  assert.is(readFileSync(file, 'utf8'), 'alma9\n');
  assert.is(statSync(file).mode & 0o022, 0);
  assert.is(which(s).out, 'alma9 (~/.chos)\n');
  assert.match(error(chos(s, ['--set', 'alma8'])), 'did you mean alma9?');
  assert.is(readFileSync(file, 'utf8'), 'alma9\n');
  assert.is(chos(s, ['--set', 'default']).status, 0);
  assert.is(which(s).out, 'debian12 (~/.chos, which is the default of the registry)\n');
  assert.match(
    error(chos({ ...s, home: '/nonexistent' }, ['--set', 'alma9'])),
    'open /nonexistent: No such file',
  );
  const denied = chos(s, ['--set', 'alma9'], { uid: 65534 });
  assert.is(error(denied), `chos: write ${file}: Permission denied\n`);
  assert.is(readFileSync(file, 'utf8'), 'default\n');
});

test('--set that cannot write leaves what was there, and nothing else', () => {
  const s = site();
  const file = join(s.home, '.chos');
  writeFileSync(file, 'debian12\n');
  const ran = chos(s, ['--set', 'alma9'], { shell: 'ulimit -f 0; exec "$@"' });
  assert.equal(ran, { status: 125, out: '', err: `chos: write ${file}: File too large\n` });
  assert.is(readFileSync(file, 'utf8'), 'debian12\n');
  assert.equal(readdirSync(s.home), ['.chos']);
});

test('--set of root does not choose for the owner of another home', () => {
  const s = site();
  chownSync(s.home, 1001, 1001);
  const file = join(s.home, '.chos');
  assert.is(
    error(chos(s, ['--set', 'alma9'])),
    `chos: refuses to write ${file}: the home belongs to somebody else, who could not use what root has written\n`,
  );
  assert.equal(readdirSync(s.home), []);
  chownSync(s.home, 0, 0);
});

test('--list: the default has a star, what is not prepared says so', () => {
  const s = site();
  rmSync(join(s.place, 'entries/debian12'));
  assert.is(chos(s, ['--list']).out, '  alma9     AlmaLinux 9\n* debian12  (not prepared)\n');
  const refused = site(`${two}refused no\\nwhy\n`);
  rmSync(join(refused.place, 'entries/debian12'));
  assert.is(chos(refused, ['--list']).out, '  alma9     AlmaLinux 9\n* debian12  (no\nwhy)\n');
});

test('what is not root’s, or that others can write, is used by nobody', () => {
  const refused = (change: (place: string) => void) => {
    const s = site();
    change(s.place);
    return error(chos(s, ['alma9', 'true']));
  };
  const rule = 'only root may own it, and nobody else write to it\n';
  assert.match(
    refused(p => chownSync(join(p, 'trees'), 65534, 0)),
    `owner 65534, mode 644; ${rule}`,
  );
  assert.match(
    refused(p => chmodSync(join(p, 'trees'), 0o664)),
    `owner 0, mode 664; ${rule}`,
  );
  assert.match(
    refused(p => chmodSync(p, 0o1777)),
    `owner 0, mode 1777; ${rule}`,
  );
  assert.match(
    refused(p => chownSync(join(p, 'entries'), 65534, 0)),
    `refuses entries below `,
  );
  assert.match(
    refused(p => chmodSync(join(p, 'entries/alma9'), 0o666)),
    `refuses alma9 below `,
  );
  const linked = (p: string) => {
    rmSync(join(p, 'trees'));
    symlinkSync('/etc/hostname', join(p, 'trees'));
  };
  assert.is(refused(linked), 'chos: open the list of trees: Too many levels of symbolic links\n');
  const empty = (p: string) => writeFileSync(join(p, 'entries/alma9'), '');
  assert.is(
    refused(empty),
    'chos: the entry program of alma9: not a launch program; root runs chos-runtime tree prepare alma9\n',
  );
  const fifo = (p: string) => {
    rmSync(join(p, 'trees'));
    mkdirSync(join(p, 'trees'));
  };
  assert.match(refused(fifo), 'refuses trees below ');
});

test('a list of another version, or that is damaged, is told so', () => {
  const line =
    'chos: the list of trees is not one of this version of chos: root runs chos-runtime tree load, or tree prepare\n';
  for (const text of [
    '',
    '\n',
    'chos 2\ntree a\n',
    'tree a\nchos 1\n',
    'chos 1\ntree\n',
    'chos 1\ntree a',
    'chos 1\ntree a\0b\n',
  ])
    assert.is(error(chos(site(text), ['--list'])), line, JSON.stringify(text));
  assert.is(
    error(chos(site(null), ['--list'])),
    'chos: no tree is prepared: root runs chos-runtime tree prepare, or tree load\n',
  );
  assert.is(
    error(chos(site(null), ['alma9'], { environment: { CHOS: 'debian12' } })),
    'chos: no tree is prepared: root runs chos-runtime tree prepare, or tree load (inside the tree debian12? Leave it first)\n',
  );
});

test('the name of a tree may be a path', () => {
  const s = site('chos 1\ntree /os/100%\n', { '%2Fos%2F100%25': stay });
  assert.is(chos(s, ['/os/100%', 'printenv', 'CHOS']).out, '/os/100%\n');
  assert.ok(existsSync(join(s.place, 'entries/%2Fos%2F100%25')));
});

test('--explain is the work of the command beside it', () => {
  const s = site();
  const place = mkdtempSync(join(scratch, 'bin-'));
  const copy = join(place, 'chos');
  copyFileSync(executable, copy);
  assert.is(
    error(chos(s, ['--explain'], { file: copy })),
    `chos: execute ${place}/chos-runtime: No such file or directory\n`,
  );
  writeFileSync(join(place, 'chos-runtime'), '#!/bin/sh\necho "$@"\nexit 9\n', { mode: 0o755 });
  assert.equal(chos(s, ['--explain', 'alma9'], { file: copy }), {
    status: 9,
    out: 'tree entry alma9\n',
    err: '',
  });
  assert.is(chos(s, ['--explain'], { file: copy }).out, 'tree entry debian12\n');
  assert.match(error(chos(s, ['--explain', 'alma8'], { file: copy })), 'did you mean alma9?');
});

test('whatever the list holds, it ends by itself', () => {
  const list = `${two}keep A*\nunset B\nrefused x\\n\\\\\nuser 0 alma9\ngroup root debian12\nhost * alma9\n`;
  let seed = 12;
  // Park and Miller's generator: the same each time.
  const below = (limit: number): number => {
    seed = (seed * 48271) % 2147483647;
    return seed % limit;
  };
  const pieces = ['\n', ' ', '\\', 'tree ', 'env ', 'default ', '*', '=', '\0', 'user ', 'x'.repeat(5000)];
  for (let round = 0; round < 150; round++) {
    let text = list;
    for (let change = 0; change <= below(3); change++) {
      const at = below(text.length);
      const piece = pieces[below(pieces.length)] ?? '';
      text = text.slice(0, at) + piece + text.slice(at + below(8));
    }
    const s = site(text);
    for (const args of [['--list'], ['--which'], ['alma9', 'true']]) {
      const { status } = chos(s, args);
      assert.ok(
        status === 0 || status === 125,
        `${args.join(' ')} of ${JSON.stringify(text)} ends with ${status}`,
      );
    }
  }
});

test('for want of descriptors it says so, whatever it is at, and nothing else', () => {
  const s = site();
  const calls = [['/', 'true'], ['alma9', 'true'], ['--which'], ['--list'], ['--set', 'alma9']];
  for (const args of calls)
    for (let limit = 0; limit < 12; limit++) {
      const { status, out, err } = chos(s, args, { shell: `ulimit -n ${limit}; exec "$@"` });
      if (status === 0) assert.not.match(out, 'not prepared');
      else assert.match(err, /^chos: (open|read) [^:]+: Too many open files\n$/, `${args} with ${limit}`);
    }
  assert.is(
    error(chos(s, ['/', 'true'], { shell: 'ulimit -n 3; exec "$@"' })),
    'chos: open /etc/passwd: Too many open files\n',
  );
});

test('arguments that it does not know', () => {
  const s = site();
  for (const args of [
    ['--lst'],
    ['--list', 'x'],
    ['--set'],
    ['--set', 'a', 'b'],
    ['--which', 'a', 'b'],
    ['-x', 'alma9'],
  ])
    assert.is(error(chos(s, args)), `chos: does not know these arguments (see chos --help): ${args[0]}\n`);
  assert.match(chos(s, ['--help']).out, /^usage: chos \[NAME\]/);
  assert.match(chos(s, ['--version']).out, /^chos version \d/);
});

test.run();
