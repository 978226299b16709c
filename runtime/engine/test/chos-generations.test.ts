/** NAME@N of `chos`: what logins and jobs enter, and only what this machine has. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chos, error, type Site, site, two, which } from './chos-command.js';

const generation = (name: string): string =>
  `chos: ${name} is a generation, which logins and jobs enter: chos --set ${name}, then ssh localhost or su - $USER; or srun --chos=${name}\n`;

/** Their public records. */
function prepared({ place }: Site, ...names: readonly string[]): void {
  mkdirSync(`${place}-trees.public`, { recursive: true, mode: 0o755 });
  for (const name of names) writeFileSync(join(`${place}-trees.public`, name), 'boot\n', { mode: 0o644 });
}

test('a choice of the host, and of a generation, is for logins too', () => {
  const s = site();
  assert.is(chos(s, ['--set', '/']).status, 0);
  assert.is(which(s).out, '/ (~/.chos)\n');
  assert.is(chos(s, ['--', 'sh', '-c', 'echo on the host $CHOS']).out, 'on the host\n');
  prepared(s, 'alma9@3');
  assert.equal(chos(s, ['--set', 'alma9@3']), { status: 0, out: '', err: '' });
  assert.is(error(which(s)), generation('alma9@3'));
  assert.is(error(chos(s, ['alma9@3', 'true'])), generation('alma9@3'));
  assert.match(error(chos(s, ['--set', 'alma@3'])), 'there is no tree "alma"; did you mean alma9?');
});

test('a generation that this machine has not got is chosen by nobody', () => {
  const s = site(`${two}tree /ostrees/classic\n`);
  const missing = (name: string, more: string): string =>
    `chos: this machine has no generation "${name}"${more}\n`;
  writeFileSync(join(s.home, '.chos'), 'debian12\n');
  const refused = (name: string, more: string): void => {
    assert.is(error(chos(s, ['--set', name])), missing(name, more));
    assert.is(error(chos(s, [name, 'true'])), missing(name, more));
    assert.is(readFileSync(join(s.home, '.chos'), 'utf8'), 'debian12\n');
  };
  refused('alma9@1', ', it has none of alma9');
  prepared(s, 'debian12@2', 'alma9@x', 'alma99@7', '%2Fchos.json');
  refused('alma9@1', ', it has none of alma9');
  prepared(s, 'alma9@3', 'alma9@12');
  refused('alma9@99', ', the newest is alma9@12');
  refused('alma9@03', ', the newest is alma9@12');
  prepared(s, '%2Fostrees%2Fclassic@4');
  refused('/ostrees/classic@5', ', the newest is /ostrees/classic@4');
  assert.is(chos(s, ['--set', '/ostrees/classic@4']).status, 0);
  // That of another machine, or of an earlier boot.
  writeFileSync(join(s.home, '.chos'), 'alma9@9\n');
  assert.is(error(which(s)), missing('alma9@9', ', chosen by ~/.chos, the newest is alma9@12'));
});

test('generations are told of by root alone', () => {
  const s = site();
  prepared(s, 'alma9@3');
  chmodSync(`${s.place}-trees.public`, 0o777);
  assert.is(
    error(chos(s, ['--set', 'alma9@3'])),
    `chos: refuses ${basename(s.place)}-trees.public below ${s.place}-trees.public: owner 0, mode 777; only root may own it, and nobody else write to it\n`,
  );
});

test.run();
