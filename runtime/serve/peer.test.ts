import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stillRuns } from '../host/peer-credentials.js';
import { descriptorOf } from './connection.js';
import { isConfined, strangerAt } from './peer.js';

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

test('one that may be under Landlock is not', async () => {
  const script = `require('node:net').connect(${JSON.stringify(path)}).on('close', () => process.exit())`;
  const found = await seen(
    () => {
      spawn('setpriv', ['--no-new-privs', process.execPath, '-e', script]);
      return null;
    },
    fd => strangerAt(fd).why,
  );
  // Where process 1 has it everybody has it, and it says nothing.
  const saysNothing = /^NoNewPrivs:\s*1$/m.test(readFileSync('/proc/1/status', 'latin1'));
  assert.is(found, saysNothing ? null : 'the caller has no_new_privs, and may be confined');
});

test('nor one that AppArmor confines, unless as us', () => {
  const confined = (label: string | null): boolean => isConfined(label, '/usr/bin/a (enforce)');
  assert.equal(
    [null, 'unconfined', 'podman (unconfined)', 'b (complain)', '/usr/bin/a (enforce)'].filter(confined),
    [],
  );
  assert.equal(
    ['b (enforce)', 'b (kill)', 'a//&b (mixed)', 'b', ''].filter(one => !confined(one)),
    [],
  );
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

const onlyRoot = process.geteuid?.() === 0 ? test : test.skip;

onlyRoot(
  'where /proc is that of another pid namespace nobody is served, for its numbers are of others',
  () => {
    const engine = `${process.cwd()}/build/chos-runtime`;
    const script = `mount -t tmpfs -o mode=755 none /run || exit 1
"$1" serve </dev/null >/dev/null 2>&1 & service=$!
while kill -0 $service; do
  said=$("$1" --debug list 2>&1 | grep 'was not used')
  case $said in *'nobody listens'* | *'no directory'*) ;; *) break ;; esac
done
kill $service
wait
echo "$said"`;
    const { stdout } = spawnSync(
      'unshare',
      [
        '--mount',
        '--propagation',
        'private',
        '--pid',
        '--fork',
        '--kill-child',
        'sh',
        '-c',
        script,
        'sh',
        engine,
      ],
      { encoding: 'utf8' },
    );
    assert.match(stdout, /was not used: \/proc is that of another pid namespace/);
  },
);

test.after(() => rmSync(directory, { recursive: true }));
test.run();
