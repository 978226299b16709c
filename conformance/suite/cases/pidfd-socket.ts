import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Running } from '../../harness/processes.js';
import { type Driver, test } from '../case.js';

/** Takes one connection and one message; prints what came, with the pid that the kernel shows for the pidfd. */
const receiver = `
import json, re, socket, sys
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
listening.listen()
print("ready", flush=True)
connection, _ = listening.accept()
payload, fds, flags, _ = socket.recv_fds(connection, 4096, 8)
pids = [int(re.search(r"^Pid:\\s*(-?\\d+)$", open(f"/proc/self/fdinfo/{fd}").read(), re.M)[1]) for fd in fds]
rest = connection.recv(1)
print(json.dumps({"payload": payload.decode(), "pids": pids, "rest": len(rest)}), flush=True)
`;

export async function listen(t: Driver): Promise<{ socket: string; receiving: Running }> {
  const socket = join(t.dir, 'pidfd.sock');
  const receiving = t.helper(['python3', '-c', receiver, socket]);
  await receiving.printed('ready');
  return { socket, receiving };
}

export async function received(receiving: Running): Promise<unknown> {
  const { stdout } = await receiving.done;
  return JSON.parse(stdout.split('\n')[1] ?? '');
}

test('pidfd-socket/create-sends-that-of-init', {
  drive: async t => {
    const { socket, receiving } = await listen(t);
    const { pid } = await t.create(['--pidfd-socket', socket]);
    assert.equal(await received(receiving), { payload: 'standard', pids: [pid], rest: 0 });
  },
});

test('pidfd-socket/run-in-the-foreground', {
  drive: async t => {
    const { socket, receiving } = await listen(t);
    const pidFile = join(t.dir, 'pid');
    const finished = await t.run(['--pidfd-socket', socket, '--pid-file', pidFile]);
    assert.is(finished.code, 0, finished.stderr);
    const { pids } = (await received(receiving)) as { pids: readonly number[] };
    assert.is(pids.length, 1);
  },
});

test('pidfd-socket/exec-sends-that-of-the-new-process', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    const created = await t.create();
    await t.start();
    const { socket, receiving } = await listen(t);
    const pidFile = join(t.dir, 'exec.pid');
    const args = [
      '--pidfd-socket',
      socket,
      '--pid-file',
      pidFile,
      '--detach',
      t.id,
      '/bin/reporter',
      'sleep',
    ];
    const finished = await t.exec(args);
    assert.is(finished.code, 0, finished.stderr);
    const { payload, pids } = (await received(receiving)) as { payload: string; pids: readonly number[] };
    assert.is(payload, 'setns');
    assert.is.not(pids[0], created.pid);
  },
});

test('pidfd-socket/nobody-listens', {
  drive: async t => {
    const socket = join(t.dir, 'nowhere.sock');
    const pidFile = join(t.dir, 'pid');
    const args = ['--bundle', t.bundle.dir, '--pid-file', pidFile, '--pidfd-socket', socket, t.id];
    const finished = await t.call('create', args);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, `send a pidfd to the socket ${socket}: No such file or directory`);
    assert.not.ok(existsSync(pidFile), 'a pid file after failure');
    assert.not.ok(existsSync(join(t.root, t.id)), 'the container is left');
  },
});
