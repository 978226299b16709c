import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { commands } from '../commands.js';
import { namespaces, unsupported } from '../features.js';
import { PAGES_WITH_BLOCKS, withBlocks } from './limits.js';

const schema = JSON.parse(readFileSync('spec/oci/config.schema.json', 'utf8'));

test('the lists of what is refused are up to date (make limits)', () => {
  for (const page of PAGES_WITH_BLOCKS) {
    const text = readFileSync(page, 'utf8');
    assert.is(text, withBlocks(text), page);
    for (const { feature } of unsupported) assert.ok(text.includes(feature), `${page}: ${feature}`);
    for (const { name, support } of commands)
      if (support === 'later') assert.ok(text.includes(`\`${name}\``), `${page}: ${name}`);
  }
});

test('a block that nobody makes is a mistake', () => {
  assert.throws(
    () => withBlocks('<!-- limit: made by hand -->\n<!-- /limit -->'),
    /no block is called limit/,
  );
});

test('namespaces: those of the schema', () => {
  const all: readonly string[] = schema.definitions.LinuxNamespaceType.enum;
  assert.equal([...namespaces].sort(), [...all].sort());
});

test.run();
