import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { recipes } from '../../spec/recipes.js';
import { oneLine } from '../report/diagnostic.js';
import { parseRecipe } from './recipe-file.js';

const debian = {
  program: 'mmdebstrap',
  repositories: [{ url: 'http://deb.debian.org/debian', suite: 'trixie' }],
};
const alma = {
  program: 'dnf',
  release: '9',
  repositories: [{ name: 'baseos', url: 'https://a/$releasever/os/', key: 'https://a/key' }],
};

/** The first fault of a file with that content. */
function fault(content: unknown): string {
  const read = parseRecipe('/etc/chos-recipes.d/a.json', JSON.stringify(content));
  return read.kind === 'refused' && read.diagnostics[0] !== undefined ? oneLine(read.diagnostics[0]) : '';
}

test('every file of the directory is a recipe that can be used, by its name', () => {
  const files = readdirSync('spec/recipes').map(file => file.replace(/\.json$/, ''));
  assert.equal(Object.keys(recipes).sort(), files.sort());
  for (const name of files) {
    const text = readFileSync(`spec/recipes/${name}.json`, 'utf8');
    const read = parseRecipe(`${name}.json`, text);
    assert.is(read.kind, 'read', name);
    assert.equal(recipes[name], JSON.parse(text));
  }
});

test('what a program needs must be there', () => {
  assert.is(fault(debian), '');
  assert.is(fault(alma), '');
  assert.match(fault({ ...debian, repositories: [] }), /repositories must not be empty/);
  assert.match(fault({ ...debian, repositories: [{ url: 'http://a' }] }), /repositories\[0\]\.suite/);
  assert.match(fault({ ...alma, release: undefined }), /release/);
  assert.match(fault({ ...alma, repositories: [{ name: 'a', url: 'http://a' }] }), /repositories\[0\]\.key/);
  assert.match(
    fault({ ...alma, repositories: [alma.repositories[0], alma.repositories[0]] }),
    /repositories\[1\]\.name repeats repositories\[0\]\.name/,
  );
  // What the other program would use does nothing.
  for (const name of ['variant', 'suite'])
    assert.match(fault({ ...alma, [name]: 'minbase' }), new RegExp(name));
  assert.match(
    fault({ ...debian, release: '12' }),
    /release is not a property that a recipe for mmdebstrap has/,
  );
  assert.match(
    fault({ ...alma, repositories: [{ ...alma.repositories[0], components: ['main'] }] }),
    /components is not a property that a recipe for dnf has/,
  );
  assert.match(fault({ ...debian, repositories: [{ ...debian.repositories[0], name: 'a' }] }), /name is not/);
  assert.match(fault({ ...debian, program: 'sh' }), /program/);
  assert.match(fault({ ...debian, mirror: 'http://a' }), /mirror/);
  assert.match(fault({ ...debian, repositories: [{ ...debian.repositories[0], sweet: 1 }] }), /sweet/);
});

test('no text of it can be an option, a second line, or a part of something else', () => {
  for (const bad of ['-o', '--setup-hook=reboot', 'a b', 'a\nb', 'a,b', 'a;b', '$(a)', ''])
    assert.match(fault({ ...debian, packages: [bad] }), /packages\[0\] must be a package/, bad);
  for (const bad of ['ftp://a', 'http://a b', 'http://a\ndeb http://b', 'http://a"', '/a', 'http://'])
    assert.match(
      fault({ ...debian, repositories: [{ url: bad, suite: 'a' }] }),
      /url must be an address/,
      bad,
    );
  for (const bad of ['-a', 'a b', 'a\n'])
    assert.match(
      fault({ ...debian, repositories: [{ url: 'http://a', suite: bad }] }),
      /suite must be a suite/,
    );
  assert.match(
    fault({ ...debian, repositories: [{ url: 'http://a', suite: 'a', components: ['main\ndeb'] }] }),
    /components\[0\] must be a component/,
  );
  for (const bad of ['a]', 'a\n[b', '-a'])
    assert.match(
      fault({ ...alma, repositories: [{ ...alma.repositories[0], name: bad }] }),
      /name must be a name/,
    );
  assert.match(fault({ ...alma, release: '9\nx' }), /release must be/);
  assert.match(fault({ ...debian, proxy: 'http://a"; b' }), /proxy must be an address/);
  assert.match(
    fault({ ...debian, repositories: [{ url: 'http://a', suite: 'a', key: 'keys' }] }),
    /key must be an absolute path/,
  );
});

test.run();
