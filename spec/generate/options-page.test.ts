import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { namedOptions } from '../effects/options.js';
import { OPTIONS_PAGE, optionsPage } from './options-page.js';
import { propertiesOf } from './property-paths.js';

const page = optionsPage();

test('docs/options.md is up to date (make docs/options.md)', () => {
  assert.is(readFileSync(OPTIONS_PAGE, 'utf8'), page);
});

test('a row for every option, property and key', () => {
  const wanted = [
    ...namedOptions().map(({ name }) => name),
    ...propertiesOf('spec/oci/config.schema.json').map(({ path }) => path),
    ...propertiesOf('spec/registry.schema.json').map(({ path }) => path),
  ];
  for (const name of wanted) assert.ok(page.includes(`\n| \`${name}\` |`), name);
  assert.is(page.includes('not proved'), false);
});

test('properties: references, lists, maps and lists of lists are followed', () => {
  const paths = new Map(
    propertiesOf('spec/oci/config.schema.json').map(({ path, description }) => [path, description]),
  );
  for (const path of [
    'ociVersion',
    'process.consoleSize.height',
    'linux.rdma.*.hcaHandles',
    'linux.seccomp.syscalls[].args[].index',
    'annotations.*',
  ])
    assert.is(paths.has(path), !path.startsWith('linux.rdma'), path);
  assert.ok(paths.has('linux.resources.rdma.*.hcaHandles'));
  assert.is(paths.get('hooks.poststop[].timeout'), 'Seconds.');
});

test.run();
