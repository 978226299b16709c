import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { digestOf } from './digest.js';

const place = mkdtempSync(join(tmpdir(), 'chos-digest-'));
mkdirSync(join(place, 'a'));
writeFileSync(join(place, 'a/file'), '');
writeFileSync(join(place, 'other'), '1234');
const most = { entries: 3, bytes: 4, what: 'x.squashfs' };

test('what holds as much as it may has a digest', async () => {
  const found = await digestOf(place, { most });
  assert.is(found.kind, 'ok');
  assert.equal(found, await digestOf(place));
});

test('more entries or bytes than it may have are refused', async () => {
  assert.equal(await digestOf(place, { most: { ...most, entries: 2 } }), {
    kind: 'fault',
    fault: { kind: 'too-many', what: 'x.squashfs', unit: 'entries', most: 2 },
  });
  assert.equal(await digestOf(place, { most: { ...most, bytes: 3 } }), {
    kind: 'fault',
    fault: { kind: 'too-large', what: 'x.squashfs', limit: 3, by: '--limit' },
  });
});

test('a file that claims terabytes is not read for it', async () => {
  truncateSync(join(place, 'a/file'), 2 ** 43);
  const found = await digestOf(place, { most: { ...most, bytes: 2 ** 42 } });
  assert.is(found.kind, 'fault');
});

test.after(() => rmSync(place, { recursive: true }));
test.run();
