/** NOTIFY_SOCKET in the environment of the runtime (sd_notify(3)): a service of systemd's that runs the runtime itself. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { defaultEnv, type Running } from '../../harness/processes.js';
import { type Driver, test } from '../case.js';

/** Prints each message with the pid of its sender, as SCM_CREDENTIALS (2) has it. */
const manager = `
import json, os, socket, struct, sys
listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listening.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
listening.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
print("ready", flush=True)
while True:
    data, extra, _, _ = listening.recvmsg(4096, 1000)
    # BARRIER=1 waits until what comes with it is closed.
    for level, kind, fds in extra:
        if kind == socket.SCM_RIGHTS:
            for at in range(0, len(fds) - 3, 4):
                os.close(struct.unpack_from("i", fds, at)[0])
    extra = [one for one in extra if one[1] == 2]
    print(json.dumps({"lines": [line for line in data.decode().split() if line != "BARRIER=1"], "pid": struct.unpack("iii", extra[0][2])[0]}), flush=True)
`;

const oneMessage = `
import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"END=1", sys.argv[1])
`;

interface Told {
  readonly lines: readonly string[];
  readonly pid: number;
}

interface Manager {
  /** Options of a call with the variable. */
  readonly called: { readonly env: typeof defaultEnv & { readonly NOTIFY_SOCKET: string } };
  readonly listening: Running;
}

async function listen(t: Driver): Promise<Manager> {
  const socket = join(t.dir, 'manager.sock');
  const listening = t.helper(['python3', '-c', manager, socket]);
  await listening.printed('ready');
  const env = { ...defaultEnv, NOTIFY_SOCKET: socket };
  return { called: { env }, listening };
}

/** What it has heard once it has heard `last`. */
async function heard(
  { listening }: Manager,
  last: string,
): Promise<{ lines: readonly string[]; pids: readonly number[] }> {
  const text = await listening.printed(last);
  const all = text
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line) as Told)
    .filter(({ lines }) => lines.length > 0);
  return { lines: all.flatMap(({ lines }) => lines), pids: all.map(({ pid }) => pid) };
}

/** All that it has heard, up to a message of our own: they arrive in order. */
async function heardUpTo(t: Driver, socket: Manager): Promise<readonly string[]> {
  const end = t.helper(['python3', '-c', oneMessage, socket.called.env.NOTIFY_SOCKET]);
  assert.is((await end.done).code, 0);
  return (await heard(socket, 'END=1')).lines;
}

const ready = ['notify', 'STATUS=soon', ',', 'notify', 'READY=1', 'STATUS=up'];

test('notify-socket/the-command-that-stays-tells-it', {
  config: c => {
    c.process.args = ['/bin/reporter', ...ready, ',', 'wait'];
  },
  drive: async t => {
    const socket = await listen(t);
    const run = t.begin('run', [t.id], socket.called);
    const { lines, pids } = await heard(socket, 'READY=1');
    // runc names init in a message of its own, which may have come by now.
    assert.equal(
      lines.filter(line => !line.startsWith('MAINPID=')),
      ['READY=1'],
    );
    // Whoever was started is believed.
    assert.equal([...new Set(pids)], [run.pid]);
    await run.printed('"ready"');
    const killed = await t.call('kill', [t.id, 'TERM']);
    assert.is(killed.code, 0, killed.stderr);
    await run.done;
  },
});

test('notify-socket/ready-in-a-later-line', {
  config: c => {
    c.process.args = ['/bin/reporter', 'notify', 'STATUS=up', 'READY=1', ',', 'report'];
  },
  drive: async t => {
    const socket = await listen(t);
    const run = await t.run([], socket.called);
    assert.is(run.code, 0, run.stderr);
    assert.equal((await heard(socket, 'READY=1')).lines, ['READY=1']);
  },
});

test('notify-socket/the-command-that-goes-names-init', {
  config: c => {
    c.process.args = ['/bin/reporter', ...ready, ',', 'sleep'];
  },
  drive: async t => {
    const socket = await listen(t);
    const pidFile = join(t.dir, 'pid');
    const run = await t.call('run', ['--detach', '--pid-file', pidFile, t.id], socket.called);
    assert.is(run.code, 0, run.stderr);
    const { lines } = await heard(socket, 'MAINPID=');
    assert.equal(lines, ['READY=1', `MAINPID=${readFileSync(pidFile, 'utf8').trim()}`]);
  },
});

test('notify-socket/start-waits-and-names-init', {
  config: c => {
    c.process.args = ['/bin/reporter', ...ready, ',', 'sleep'];
  },
  drive: async t => {
    const socket = await listen(t);
    const { pid } = await t.create([], socket.called);
    const started = await t.call('start', [t.id], socket.called);
    assert.is(started.code, 0, started.stderr);
    const { lines } = await heard(socket, 'MAINPID=');
    assert.equal(lines, ['READY=1', `MAINPID=${pid}`]);
  },
});

test('notify-socket/start-without-it-does-not-wait', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    const socket = await listen(t);
    await t.create([], socket.called);
    await t.start();
  },
});

test('notify-socket/who-ends-without-a-word-is-not-waited-for', {
  drive: async t => {
    const socket = await listen(t);
    const run = await t.call('run', ['--detach', t.id], socket.called);
    assert.is(run.code, 0, run.stderr);
    assert.equal(await heardUpTo(t, socket), ['END=1']);
  },
});

test('notify-socket/signals-arrive-before-it-is-ready', {
  config: c => {
    c.process.args = ['/bin/reporter', 'wait'];
  },
  drive: async t => {
    const socket = await listen(t);
    const run = t.begin('run', [t.id], socket.called);
    await run.printed('"ready"');
    run.kill('SIGUSR1');
    assert.match((await run.done).stdout, '"signal":10');
  },
});

test('notify-socket/who-floods-it-keeps-no-signal-away', {
  config: c => {
    c.process.args = ['/bin/reporter', 'flood'];
  },
  drive: async t => {
    const socket = await listen(t);
    const run = t.begin('run', [t.id], { ...socket.called, deadlineMs: 5_000 });
    await run.printed('"ready"');
    run.kill('SIGTERM');
    const { code, timedOut, stdout } = await run.done;
    assert.equal([timedOut, code], [false, 0], stdout);
  },
});

/** Returns when it has stopped. */
function stop({ pid, kill }: Running): void {
  kill('SIGSTOP');
  const deadline = Date.now() + 5_000;
  while (!/^State:\tT/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')))
    if (Date.now() > deadline) throw new Error(`process ${pid} does not stop`);
}

test('notify-socket/signal-comes-before-the-message-that-waits-with-it', {
  config: c => {
    c.process.args = ['/bin/reporter', 'wait', ',', 'notify', 'READY=1', ',', 'sleep'];
  },
  drive: async t => {
    const socket = await listen(t);
    const pidFile = join(t.dir, 'pid');
    const options = { ...socket.called, deadlineMs: 5_000 };
    const run = t.begin('run', ['--detach', '--pid-file', pidFile, t.id], options);
    await run.printed('"ready"');
    stop(run);
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGUSR1');
    await run.printed('"notify"');
    run.kill('SIGTERM');
    run.kill('SIGCONT');
    const { code, timedOut } = await run.done;
    assert.is(timedOut, false);
    // It was interrupted, and has told nobody.
    assert.is.not(code, 0);
    assert.equal(await heardUpTo(t, socket), ['END=1']);
  },
});

test('notify-socket/is-open-to-the-user-whatever-the-umask', {
  config: c => {
    c.process.user = { ...c.process.user, uid: 1000, gid: 1000 };
    c.process.args = ['/bin/reporter', 'notify', 'READY=1', ',', 'report'];
  },
  drive: async t => {
    const socket = await listen(t);
    const through = ['/bin/sh', '-c', 'umask 077; exec "$0" "$@"'];
    const run = await t.run([], { ...socket.called, through, deadlineMs: 5_000 });
    assert.is(run.code, 0, run.stderr);
    assert.match(run.stdout, '"probe":"notify","error":""');
  },
});

test('notify-socket/start-whose-manager-cannot-be-told', {
  config: c => {
    c.process.args = ['/bin/reporter', ...ready, ',', 'sleep'];
  },
  drive: async t => {
    const socket = await listen(t);
    for (const NOTIFY_SOCKET of ['nobody.sock', `/${'x'.repeat(107)}`, `/${'x'.repeat(5000)}`, 'vsock:2:1']) {
      await t.create([], socket.called);
      const started = await t.call('start', [t.id], { env: { ...defaultEnv, NOTIFY_SOCKET } });
      assert.is(started.code, 0, started.stderr);
      assert.match(started.stderr, /^[^\n]*NOTIFY_SOCKET[^\n]*\n$/);
      assert.is((await t.state()).status, 'running');
      assert.is((await t.call('delete', ['--force', t.id])).code, 0);
    }
  },
});

test('notify-socket/variable-that-is-left-over', {
  drive: async t => {
    const env = { ...defaultEnv, NOTIFY_SOCKET: join(t.dir, 'nobody.sock') };
    const run = await t.call('run', ['--detach', t.id], { env });
    assert.is(run.code, 0, run.stderr);
  },
});
