import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stillRuns } from '../host/peer-credentials.js';
import { descriptorOf } from './connection.js';
import { strangerAt } from './peer.js';

const directory = mkdtempSync(join(tmpdir(), 'chos-peer-'));
const path = join(directory, 's');

/** What is seen of whoever connects by `ask`, which may end meanwhile. */
function seen<T>(ask: () => Socket | null, look: (fd: number) => T): Promise<T> {
  return new Promise(resolve => {
    let asking: Socket | null = null;
    const server = createServer(socket => {
      const found = look(descriptorOf(socket));
      socket.destroy();
      asking?.destroy();
      server.close(() => resolve(found));
    }).listen(path, () => {
      asking = ask();
    });
  });
}

test('a process like us is served, as long as it runs', async () => {
  const found = await seen(
    () => connect(path),
    fd => [strangerAt(fd), stillRuns(fd)],
  );
  assert.equal(found, [{ pid: process.pid, why: null }, true]);
});

test('one that has ended is not', async () => {
  const script = `require('node:net').connect(${JSON.stringify(path)}, () => process.exit())`;
  const found = await seen(
    () => {
      spawnSync(process.execPath, ['-e', script]);
      return null;
    },
    fd => [strangerAt(fd).why ?? '', `${stillRuns(fd)}`],
  );
  assert.match(found[0] ?? '', /has ended|does not tell it/);
  // Before Linux 6.5 the kernel does not tell, and /proc alone does.
  const told = spawnSync('uname', ['-r'], { encoding: 'utf8' }).stdout;
  const [major = 0, minor = 0] = told.split('.').map(Number);
  assert.is(found[1], `${major < 6 || (major === 6 && minor < 5)}`);
});

test.after(() => rmSync(directory, { recursive: true }));
test.run();
