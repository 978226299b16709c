import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Running } from '../../harness/processes.js';
import { type Driver, test } from '../case.js';
import type { Answer } from '../report.js';

/**
 * An agent: shows each message that comes, how many descriptors came with it and what comes after it, and answers every call with ENOMSG, which
 * no file system gives. SECCOMP_IOCTL_NOTIF_RECV and _SEND with struct seccomp_notif (80 bytes) and seccomp_notif_resp (24 bytes), linux/seccomp.h.
 */
const agent = `
import fcntl, json, select, socket, struct, sys, threading
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
listening.listen()
print("ready", flush=True)
def serve(connection):
    payload, fds, flags, _ = socket.recv_fds(connection, 65536, 8)
    print(json.dumps({"message": json.loads(payload), "descriptors": len(fds)}), flush=True)
    threading.Thread(target=lambda: print(json.dumps({"rest": len(connection.recv(1))}), flush=True), daemon=True).start()
    poll = select.poll()
    poll.register(fds[0], select.POLLIN)
    while True:
        [(_, event)] = poll.poll()
        if not event & select.POLLIN:
            return
        call = bytearray(80)
        fcntl.ioctl(fds[0], 0xc0502100, call)
        number, = struct.unpack_from("Q", call)
        fcntl.ioctl(fds[0], 0xc0182101, bytearray(struct.pack("QqiI", number, 0, -42, 0)))
while True:
    connection, _ = listening.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
`;

interface Message {
  readonly message: {
    readonly ociVersion: string;
    readonly fds: readonly string[];
    readonly pid: number;
    readonly metadata?: string;
    readonly state: {
      readonly id: string;
      readonly status: string;
      readonly pid: number;
      readonly bundle: string;
      readonly annotations?: object;
    };
  };
  readonly descriptors: number;
}

const socketOf = (t: Driver): string => join(t.dir, 'agent.sock');

interface Asked {
  readonly noNewPrivileges?: boolean;
  readonly names?: readonly string[];
  readonly flags?: string[];
  readonly args?: readonly string[];
  readonly annotated?: boolean;
}

function notify(t: Driver, asked: Asked = {}): void {
  t.configure(c => {
    c.process.noNewPrivileges = asked.noNewPrivileges ?? true;
    if (asked.args !== undefined) c.process.args = [...asked.args];
    const path = socketOf(t);
    c.annotations = {
      'org.example.one': '1',
      ...(asked.annotated ? { 'run.oci.seccomp.receiver': path } : {}),
    };
    c.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      ...(asked.annotated ? {} : { listenerPath: path, listenerMetadata: 'of the suite' }),
      ...(asked.flags === undefined ? {} : { flags: asked.flags }),
      syscalls: [{ names: [...(asked.names ?? ['mkdir', 'mkdirat'])], action: 'SCMP_ACT_NOTIFY' }],
    };
  });
}

async function listening(t: Driver): Promise<Running> {
  const running = t.helper(['python3', '-c', agent, socketOf(t)]);
  await running.printed('ready');
  return running;
}

/** The first that has come. */
async function message(running: Running): Promise<Message> {
  const text = await running.printed('"descriptors"');
  return JSON.parse(text.split('\n')[1] ?? '') as Message;
}

const mkdir = ['/bin/reporter', 'mkdir', '/data/made'];

function refusedBySomebody(stdout: string): void {
  const answer = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Answer;
  assert.is(answer.error, 'ENOMSG', stdout);
}

for (const noNewPrivileges of [true, false]) {
  const how = noNewPrivileges ? 'with' : 'without';
  test(`seccomp-notify/run-${how}-no-new-privileges`, {
    drive: async t => {
      notify(t, { noNewPrivileges, args: mkdir });
      await listening(t);
      const finished = await t.run();
      assert.is(finished.code, 0, finished.stderr);
      refusedBySomebody(finished.stdout);
    },
  });

  test(`seccomp-notify/create-start-and-exec-${how}-no-new-privileges`, {
    drive: async t => {
      notify(t, { noNewPrivileges, args: ['/bin/reporter', 'sleep'] });
      const running = await listening(t);
      const { pid } = await t.create();
      await t.start();
      const { message: of, descriptors } = await message(running);
      assert.equal([of.fds, of.pid, of.metadata], [['seccompFd'], pid, 'of the suite']);
      assert.equal([of.state.id, of.state.pid, of.state.bundle], [t.id, pid, t.bundle.dir]);
      assert.equal(of.state.annotations, { 'org.example.one': '1' });
      assert.match(of.state.status, /^creat(ing|ed)$/);
      assert.is(descriptors, 1);
      await running.printed('{"rest": 0}');
      const pidFile = join(t.dir, 'exec.pid');
      const finished = await t.exec(['--pid-file', pidFile, t.id, ...mkdir]);
      assert.is(finished.code, 0, finished.stderr);
      refusedBySomebody(finished.stdout);
    },
  });
}

test('seccomp-notify/all-flags', {
  drive: async t => {
    const flags = ['TSYNC', 'LOG', 'SPEC_ALLOW', 'WAIT_KILLABLE_RECV'].map(
      name => `SECCOMP_FILTER_FLAG_${name}`,
    );
    notify(t, { flags, args: mkdir });
    await listening(t);
    const finished = await t.run();
    assert.is(finished.code, 0, finished.stderr);
    refusedBySomebody(finished.stdout);
  },
});

test('seccomp-notify/the-annotation-names-the-agent', {
  drive: async t => {
    notify(t, { annotated: true, args: mkdir });
    await listening(t);
    const finished = await t.run();
    assert.is(finished.code, 0, finished.stderr);
    refusedBySomebody(finished.stdout);
  },
});

test('seccomp-notify/nobody-listens', {
  drive: async t => {
    notify(t, { args: ['/bin/reporter', 'mkdir', '/data/made-without-agent'] });
    const finished = await t.run();
    assert.is.not(finished.code, 0);
    assert.is(finished.stdout, '', 'the command ran');
    assert.match(finished.stderr, /No such file|no such file/);
  },
});

test('seccomp-notify/an-agent-that-goes-away-before-start', {
  drive: async t => {
    // A socket of which nobody takes connections any more.
    writeFileSync(socketOf(t), '');
    notify(t, { args: ['/bin/reporter', 'sleep'] });
    const created = await t.call('create', ['--bundle', t.bundle.dir, t.id]);
    const started = created.code === 0 ? await t.call('start', [t.id]) : created;
    assert.is.not(started.code, 0);
    // Init ends because nobody answers it any more, which it hears only when `start` has ended.
    while (created.code === 0 && (await t.state()).status !== 'stopped');
  },
});

test('seccomp-notify/of-write-is-refused', {
  drive: async t => {
    notify(t, { names: ['mkdir', 'write'] });
    const created = await t.call('create', ['--bundle', t.bundle.dir, t.id]);
    assert.is.not(created.code, 0);
    assert.match(created.stderr, /write/);
  },
});

test('seccomp-notify/by-default-is-refused', {
  config: c => {
    c.linux.seccomp = { defaultAction: 'SCMP_ACT_NOTIFY', listenerPath: '/run/nobody.sock' };
  },
  refused: /NOTIFY|default/i,
});

test('seccomp-notify/without-a-listener-is-refused', {
  config: c => {
    c.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }],
    };
  },
  refused: /listener|notify/i,
});
