import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { holdersOf } from './held.js';

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

test.run();
