import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { filePages } from './file-pages.js';
import { escapeRoff, manPages } from './man.js';
import { propertiesOf } from './property-paths.js';

const pages = filePages('1.2.3');
const page = (name: string): string => pages.get(name) ?? '';

test('every key of the schema is on its page, with the values that it may have', () => {
  for (const [name, schema] of [
    ['chos.d.5', 'spec/registry.schema.json'],
    ['chos-recipes.d.5', 'spec/recipe.schema.json'],
  ] as const)
    for (const { path, values = [] } of propertiesOf(schema).filter(one => one.path !== '$schema')) {
      const key = path.replaceAll('.*', '.NAME').replace(/\.hooks\.\w+\[\]/, '.hooks.STAGE[]');
      assert.ok(page(name).includes(`\\fB${escapeRoff(key)}\\fR`), path);
      for (const value of values) assert.ok(page(name).includes(escapeRoff(value)), `${path}: ${value}`);
    }
});

test('stages of hooks are named once', () => {
  assert.match(page('chos.d.5'), 'createRuntime, startContainer, poststart, poststop');
  assert.is(page('chos.d.5').split('hooks.STAGE[].path').length, 2);
});

test('the example of chos.d is a registry', () => {
  const text = /\.nf\n([\s\S]*?)\.fi/.exec(page('chos.d.5'))?.[1] ?? '';
  const example = JSON.parse(text.replaceAll('\\-', '-').replaceAll('\\&', ''));
  assert.equal(Object.keys(example).sort(), ['choices', 'default', 'shares', 'trees']);
});

test('pages that are named are there, or those of others', () => {
  const known = [...pages.keys(), ...manPages('1').keys(), 'chos.1', 'mmdebstrap.1', 'dnf.8'];
  for (const text of pages.values())
    for (const [, name, section] of (text.split('.SH SEE ALSO')[1] ?? '').matchAll(/\\fB(.*?)\\fR\((\d)\)/g))
      assert.ok(known.includes(`${name?.replaceAll('\\-', '-')}.${section}`), name);
});

test('man has no complaint', () => {
  for (const text of pages.values()) {
    const { status, stderr } = spawnSync('man', ['--warnings=w', '-l', '-'], {
      input: text,
      encoding: 'utf8',
      env: { ...process.env, MANWIDTH: '100' },
    });
    assert.equal([status, stderr], [0, '']);
  }
});

test.run();
