import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { holdersOf, placesBehind } from './held.js';

test('where the links of processes cannot be read nobody is taken for gone', async () => {
  const directory = mkdtempSync(`${tmpdir()}/chos-held-`);
  // It is there, and open(2) refuses it for everybody.
  const file = `${directory}/setchos`;
  const server = createServer();
  await new Promise<void>(resolve => server.listen(file, resolve));
  try {
    assert.equal(holdersOf(`${directory}/1`, file), ['processes whose link of the kernel cannot be read']);
    assert.equal(holdersOf(`${directory}/1`, `${directory}/none`), []);
  } finally {
    server.close();
    rmSync(directory, { recursive: true });
  }
});

test('what the kernel names is the version in use, whichever way the store is named', () => {
  const directory = realpathSync(mkdtempSync(`${tmpdir()}/chos-held-`));
  const [store, other] = [`${directory}/store`, `${directory}/link`];
  try {
    mkdirSync(`${store}/os/2`, { recursive: true });
    symlinkSync('2', `${store}/os/current`);
    symlinkSync('store', other);
    // How the kernel names it, and how it is asked for.
    for (const [named, asked] of [
      [store, store],
      [store, other],
      [other, other],
    ])
      assert.is(placesBehind(`${asked}/os/2`)(`${named}/os/current`), `${store}/os/2`);
    // Of another tree.
    assert.is(placesBehind(`${store}/os/2`)(`${store}/oss/current`), `${store}/oss/current`);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.run();
