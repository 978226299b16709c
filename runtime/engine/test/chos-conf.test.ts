/** /etc/chos.conf of a tree: what a login shell finds of its caller's environment. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chos, into, site, two } from './chos-command.js';
import { scratch } from './engine.js';

const root = mkdtempSync(join(scratch, 'tree-'));
const conf = join(root, 'etc/chos.conf');
for (const name of ['bin', 'etc']) mkdirSync(join(root, name));
for (const name of ['bin/sh', 'bin/env']) copyFileSync('/usr/bin/busybox', join(root, name));
const shell = (script: string): void =>
  writeFileSync(join(root, 'bin/bash'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
shell('exec /bin/env');

/** In the place of what is there, whatever that is: nothing is written through a link. */
function put(text: string): void {
  rmSync(conf, { recursive: true, force: true });
  writeFileSync(conf, text, { flag: 'wx' });
}

const environment = { SHELL: '/bin/bash', TERM: 'dumb', EDITOR: 'vi', LANG: 'C', _X1: '1', SITE_OS: 'host' };
const ignored =
  'chos: warning: /etc/chos.conf of the tree is not used: it is no regular file of at most 64 KiB of text\n';

function names(list: string, command: readonly string[] = []) {
  const at = site(list, { alma9: into(root) });
  const { out, err } = chos({ ...at, home: '/' }, ['alma9', ...command], {
    cwd: '/',
    environment,
  });
  return [
    out
      .split('\n')
      .map(entry => entry.split('=')[0] ?? '')
      .filter(name => !['', 'PWD', 'SHLVL', 'OLDPWD'].includes(name))
      .sort()
      .join(' '),
    err,
  ];
}
const all = 'CHOS CHOS_PUBLIC EDITOR HOME LANG PATH SHELL SITE_OS TERM _X1';

test('without it all stays; with %ENV what it names, what every program takes for granted, and what the registry sets', () => {
  assert.equal(names(two), [all, '']);
  put('# of 2004\nLANG\n%SHELLS\nLANG\n%ENV\n EDITOR\t# why\n_X1 1X L* PATH=/x\n%OTHER\nLANG\n');
  assert.equal(names(two), ['CHOS EDITOR HOME PATH SHELL SITE_OS TERM _X1', '']);
  put('%ENV');
  assert.equal(names(two), ['CHOS HOME PATH SHELL SITE_OS TERM', '']);
  // A feature's libraries, too.
  const feature = two.replace('tree debian12', 'prepend LD_LIBRARY_PATH=/opt/lib\ntree debian12');
  assert.equal(names(feature), ['CHOS HOME LD_LIBRARY_PATH PATH SHELL SITE_OS TERM', '']);
  put('nothing\n%BEH\nLANG\n');
  assert.equal(names(two), [all, '']);
});

test('a command gets what the registry says alone, and its keep is in the place of %ENV', () => {
  put('%ENV\nEDITOR\n');
  assert.equal(names(two, ['/bin/env']), [all, '']);
  const keep = two.replace('tree debian12', 'keep LANG\nkeep =\ntree debian12');
  assert.equal(names(keep), ['CHOS HOME LANG PATH SHELL SITE_OS TERM', '']);
});

test('%BEH BASHLOGIN: what stands in the place of bash learns of it by its arguments', () => {
  shell('echo "got $*"');
  const shown = () => {
    const at = site(two, { alma9: into(root) });
    return chos({ ...at, home: '/' }, ['alma9'], { cwd: '/', environment }).out;
  };
  put('%BEH\nOTHER BASHLOGIN\n');
  assert.is(shown(), 'got -l\n');
  put('%ENV\nBASHLOGIN\n');
  assert.is(shown(), 'got \n');
  shell('exec /bin/env');
});

test('what is no file that can be believed changes nothing, and keeps nobody out', () => {
  const unusable = (make: () => void) => {
    rmSync(conf, { recursive: true, force: true });
    make();
    const got = names(two);
    rmSync(conf, { recursive: true });
    assert.equal(got, [all, ignored]);
  };
  writeFileSync(join(root, 'etc/other'), '%ENV\n');
  unusable(() => symlinkSync('other', conf));
  unusable(() => mkdirSync(conf));
  unusable(() => put(`%ENV\n${'x\n'.repeat(40_000)}`));
  unusable(() => put('%ENV\n\0\n'));
  unusable(() => assert.is(spawnSync('mkfifo', [conf]).status, 0));
});

test('whatever is in it, it ends by itself', () => {
  let seed = 4;
  const below = (limit: number): number => {
    seed = (seed * 48271) % 2147483647;
    return seed % limit;
  };
  const pieces = [
    '%ENV',
    '%BEH',
    '%',
    '#',
    ' ',
    '\n',
    '\t',
    '\r',
    'LANG',
    'BASHLOGIN',
    '\x1b',
    'x'.repeat(3000),
  ];
  for (let round = 0; round < 60; round++) {
    put(Array.from({ length: below(40) }, () => pieces[below(pieces.length)]).join(''));
    assert.match(names(two)[0] ?? '', 'CHOS');
  }
  rmSync(conf);
});

test.run();
