/** `chos` in a login that pam_chos has put into an environment: what it takes for one, and what it does there. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chos, type Site, site } from './chos-command.js';

/** Nothing is prepared that could be seen there. */
const inside = site(null);

const inSession = (s: Site, args: readonly string[], name = 'debian12@7', environment = {}) =>
  chos(s, args, {
    shell: `CHOS_SESSION="$(readlink /proc/self/ns/mnt) $(stat -c %Hd:%Ld:%i /) ${name}" exec "$@"`,
    environment: { CHOS: 'debian12', ...environment },
    // That of process 1 is no login's.
    inNamespace: 'exec "$@"',
  });

test('what was entered is there already, under both names, without a list', () => {
  for (const args of [[], ['debian12'], ['debian12@7']]) {
    const ran = inSession(inside, [...args, '--', 'sh', '-c', 'echo in $CHOS; exit 7']);
    assert.equal(ran, { status: 7, out: 'in debian12\n', err: '' }, args.join());
  }
  assert.is(inSession(inside, ['--which']).out, 'debian12@7 (this login)\n');
  assert.is(inSession(inside, ['--which'], 'a b').out, 'a b (this login)\n');
});

test('another one is not entered from there, and there is no way out', () => {
  const line = (...args: readonly string[]) => {
    const { status, out, err } = inSession(inside, args);
    assert.equal([status, out], [125, '']);
    return err;
  };
  const other = (name: string) =>
    `chos: this login is in debian12@7: ${name} is entered from the host, or by a login of its own\n`;
  assert.is(line('debian12@8', 'true'), other('debian12@8'));
  assert.is(line('alma9', 'true'), other('alma9'));
  assert.is(inSession(inside, ['--', 'true'], 'debian12@7', { CHOS: 'alma9' }).err, other('alma9'));
  assert.match(line('/', 'true'), /^chos: leave: this login is in debian12@7 and stays there until it ends/);
});

test('the list is the host’s: a choice is written without a look at it, and nothing else is told', () => {
  const s = site(null);
  const set = inSession(s, ['--set', 'alma9@3']);
  assert.equal([set.status, set.out], [0, '']);
  assert.match(set.err, /^chos: warning: the host's list of trees is not to be seen from here/);
  assert.is(readFileSync(join(s.home, '.chos'), 'utf8'), 'alma9@3\n');
  for (const [name, shown] of [
    ['', ''],
    ['one\ntwo', 'one two'],
    ['\x1b[m', '?[m'],
  ] as const)
    assert.is(inSession(s, ['--set', name]).err, `chos: this is no name of a tree: "${shown}"\n`);
  assert.is(readFileSync(join(s.home, '.chos'), 'utf8'), 'alma9@3\n');
  for (const args of [['--explain', 'alma9'], ['--set'], ['--which', 'alma9']])
    assert.is(
      inSession(s, args).err,
      "chos: this login is in debian12@7: the list of trees is the host's, and not to be seen from here\n",
    );
  const listed = "  debian12@7  (entered; others are the host's, and not to be seen from here)\n";
  assert.is(inSession(s, ['--list']).out, listed);
  // Where /run is shared.
  assert.match(inSession(site(), ['--list']).out, /^\* debian12/m);
  assert.match(inSession(site(), ['--set', 'alm9']).err, /there is no tree "alm9"/);
});

test('a variable that was carried elsewhere says nothing', () => {
  const elsewhere = { environment: { CHOS_SESSION: 'mnt:[1] debian12@7' } };
  assert.match(chos(inside, ['--which'], elsewhere).err, /^chos: no tree is prepared/);
  const s = site();
  writeFileSync(join(s.home, '.chos'), 'alma9\n');
  assert.is(chos(s, ['--which'], elsewhere).out, 'alma9 (~/.chos)\n');
  assert.is(chos(s, ['--which'], { environment: { CHOS_SESSION: '' } }).out, 'alma9 (~/.chos)\n');
});

test.run();
