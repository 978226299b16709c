import * as assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import type { Recipe } from '../../spec/generated/recipe.js';
import {
  beginPart,
  bytesInTree,
  forgetUnpacked,
  isUnpacked,
  keepMade,
  keepUnpacked,
  madeBefore,
  treeIn,
} from './take-up.js';

const base = mkdtempSync(join(tmpdir(), 'chos-part-'));
const part = `${base}/part`;
test.after(() => rmSync(base, { recursive: true }));
test.before.each(() => beginPart(part, null, false));

const recipe = { program: 'mmdebstrap', repositories: [{ url: 'http://a' }] } as unknown as Recipe;
const what = { layers: ['sha256:a', 'sha256:b'], layered: true, devices: false, places: ['/proc'] };
const names = (): readonly string[] => readdirSync(part).sort();

/** Another text in a file there. */
const edit = (name: string, from: string | RegExp, to: string): void =>
  writeFileSync(`${part}/${name}`, readFileSync(`${part}/${name}`, 'utf8').replace(from, to));

test('a tree is what it was unpacked as, in this boot', () => {
  assert.equal(isUnpacked(part, what), false);
  keepUnpacked(part, what, 70);
  assert.equal(isUnpacked(part, what), false);
  assert.equal(bytesInTree(part), 0);
  mkdirSync(treeIn(part));
  assert.equal(isUnpacked(part, what), true);
  assert.equal(bytesInTree(part), 70);
  for (const other of [
    { ...what, layers: ['sha256:b', 'sha256:a'] },
    { ...what, places: ['/proc', '/sys'] },
    { ...what, layers: ['sha256:a'] },
    { ...what, layered: false },
    { ...what, devices: true },
  ])
    assert.equal(isUnpacked(part, other), false, JSON.stringify(other));
  edit('unpacked.json', readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(), 'another');
  assert.equal(isUnpacked(part, what), false);
  keepUnpacked(part, what, 70);
  forgetUnpacked(part);
  assert.equal(isUnpacked(part, what), false);
});

test('what a recipe has made is that of the same recipe, of one day, and there', () => {
  keepMade(part, recipe, 'sha256:a');
  assert.equal(madeBefore(part, recipe), null);
  writeFileSync(`${part}/made.tar`, '');
  assert.equal(madeBefore(part, recipe), 'sha256:a');
  assert.equal(madeBefore(part, { ...recipe, packages: ['gcc'] }), null);
  const day = 24 * 60 * 60 * 1000;
  for (const by of [-day, day]) {
    keepMade(part, recipe, 'sha256:a');
    edit('made.json', /"at":(\d+)/, `"at":${Date.now() + by}`);
    assert.equal(madeBefore(part, recipe), null);
  }
  writeFileSync(`${part}/made.json`, '{"asked":');
  assert.equal(madeBefore(part, recipe), null);
});

test('nothing else is left', () => {
  keepMade(part, recipe, 'sha256:a');
  keepUnpacked(part, what, 70);
  mkdirSync(treeIn(part));
  for (const name of ['made.tar', 'share', 'container.tar']) writeFileSync(`${part}/${name}`, '');
  for (const name of ['image', 'tmp', 'root/proc']) mkdirSync(`${part}/${name}`, { recursive: true });
  beginPart(part, recipe, true);
  assert.deepEqual(names(), ['made.json', 'made.tar', 'tree', 'unpacked.json']);
  beginPart(part, null, true);
  assert.deepEqual(names(), ['tree', 'unpacked.json']);
  forgetUnpacked(part);
  beginPart(part, null, true);
  assert.deepEqual(names(), []);
  rmSync(part, { recursive: true });
  writeFileSync(part, '');
  beginPart(part, null, true);
  assert.deepEqual(names(), []);
});

test.run();
