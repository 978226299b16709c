import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import type { Running } from '../../harness/processes.js';
import { type Driver, test } from '../case.js';
import { isReport, jsonLines, type Report } from '../report.js';

function withTerminal(c: Config): void {
  c.process.terminal = true;
  c.process.capabilities = { bounding: [], effective: [], permitted: [] };
}

interface Received {
  readonly payload: number;
  readonly descriptors: number;
  readonly master: boolean;
  readonly rows: number;
  readonly columns: number;
}

/** A listening --console-socket that shows what it is sent. */
export async function listen(t: Driver): Promise<{ socket: string; console: Running }> {
  const socket = join(t.dir, 'console.sock');
  const console = t.helper([t.programs.outside, 'console', socket]);
  await console.printed('ready');
  return { socket, console };
}

function reportIn(output: string): Report {
  const found = jsonLines(output).find(isReport);
  if (found === undefined) throw new Error(`no report in ${output}`);
  return found;
}

test('terminal/console-socket-gets-one-master', {
  config: withTerminal,
  drive: async t => {
    const { socket, console } = await listen(t);
    await t.create(['--console-socket', socket]);
    await t.start();
    const output = await console.printed('hangup');
    const received = jsonLines(output)[0] as Received;
    assert.is(received.descriptors, 1);
    assert.is(received.master, true);
    assert.ok(received.payload > 0 && received.payload < 4096, String(received.payload));
    const { tty } = reportIn(output);
    assert.equal([tty.stdin, tty.stdout, tty.stderr, tty.controlling], [true, true, true, true]);
  },
});

test('terminal/size-from-the-configuration', {
  config: c => {
    withTerminal(c);
    c.process.consoleSize = { height: 31, width: 97 };
  },
  drive: async t => {
    const { socket, console } = await listen(t);
    await t.create(['--console-socket', socket]);
    await t.start();
    const { tty } = reportIn(await console.printed('hangup'));
    assert.equal([tty.rows, tty.columns], [31, 97]);
  },
});

test('terminal/dev-console-is-it', {
  config: c => {
    withTerminal(c);
    const probes = ['stat', '/dev/console', ',', 'fstat', '0', ',', 'open', '/dev/console', 'rw'];
    c.process.args = ['/bin/reporter', ...probes];
  },
  drive: async t => {
    const { socket, console } = await listen(t);
    await t.create(['--console-socket', socket]);
    await t.start();
    const output = await console.printed('hangup');
    const [device, standardInput, opened] = jsonLines(output).slice(1) as { rdev: string; error: string }[];
    assert.is(device?.rdev, standardInput?.rdev);
    assert.is(opened?.error, '');
  },
});

test('terminal/belongs-to-the-user', {
  config: c => {
    withTerminal(c);
    c.process.user = { uid: 1000, gid: 1000 };
    c.process.args = ['/bin/reporter', 'fstat', '0', ',', 'open', '/dev/tty', 'rw'];
  },
  drive: async t => {
    const { socket, console } = await listen(t);
    await t.create(['--console-socket', socket]);
    await t.start();
    const [terminal, opened] = jsonLines(await console.printed('hangup')).slice(1) as {
      uid: number;
      error: string;
    }[];
    assert.is(terminal?.uid, 1000);
    assert.is(opened?.error, '');
  },
});

test('terminal/in-the-containers-devpts', {
  config: withTerminal,
  drive: async t => {
    const { socket, console } = await listen(t);
    await t.create(['--console-socket', socket]);
    await t.start();
    const { tty } = reportIn(await console.printed('hangup'));
    assert.match(tty.name ?? '', /^\/dev\/(pts\/0|console)$/);
  },
});

test('terminal/create-without-socket-is-refused', { config: withTerminal, refused: /console|terminal|tty/i });

test('terminal/socket-that-nobody-listens-on-is-refused', {
  config: withTerminal,
  drive: async t => {
    const socket = join(t.dir, 'nobody.sock');
    const finished = await t.call('create', ['--bundle', t.bundle.dir, '--console-socket', socket, t.id]);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /nobody\.sock|console|socket|connect/i);
  },
});

/** `run` for a person at a terminal of 33 rows and 77 columns. */
function onTerminal(t: Driver, args: readonly string[], input?: string): Running {
  const runtime = [t.runtime.path, '--root', t.root, ...args];
  return t.helper([t.programs.outside, 'pty', '33', '77', ...runtime], {
    cwd: t.bundle.dir,
    ...(input === undefined ? {} : { stdin: input }),
  });
}

test('terminal/run-without-socket', {
  config: c => {
    withTerminal(c);
    c.process.args = ['/bin/reporter', 'report', ',', 'exit', '5'];
  },
  drive: async t => {
    const finished = await onTerminal(t, ['run', t.id]).done;
    assert.is(finished.code, 5, finished.stdout);
    const { tty } = reportIn(finished.stdout);
    assert.equal([tty.stdin, tty.controlling, tty.rows, tty.columns], [true, true, 33, 77]);
  },
});

test('terminal/run-follows-the-window-size', {
  // Twice: a runtime that copies the first size late makes a signal of that as well, which has its case above.
  config: c => {
    withTerminal(c);
    const once = ['wait', ',', 'winsize'];
    c.process.args = ['/bin/reporter', ...once, ',', ...once];
  },
  drive: async t => {
    const running = onTerminal(t, ['run', t.id]);
    await running.printed('ready');
    running.kill('SIGUSR1');
    await running.printed('"rows":34,"columns":78');
  },
});

test('terminal/run-passes-what-is-typed', {
  config: c => {
    withTerminal(c);
    c.process.args = ['/bin/sh', '-c', 'read line; echo "got <$line>"'];
  },
  files: ({ dir }) => writeFileSync(join(dir, 'typed'), 'hello there\n'),
  drive: async t => {
    const finished = await onTerminal(t, ['run', t.id], join(t.bundle.dir, 'typed')).done;
    assert.match(finished.stdout, 'got <hello there>');
  },
});

test('terminal/exec-on-a-terminal', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    await t.create();
    await t.start();
    const finished = await onTerminal(t, ['exec', '-t', t.id, '/bin/reporter', 'report', ',', 'exit', '6'])
      .done;
    assert.is(finished.code, 6, finished.stdout);
    const { tty } = reportIn(finished.stdout);
    assert.equal([tty.stdin, tty.controlling, tty.rows, tty.columns], [true, true, 33, 77]);
  },
});

test('terminal/exec-with-console-socket', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    await t.create();
    await t.start();
    const { socket, console } = await listen(t);
    const pidFile = join(t.dir, 'exec.pid');
    const flags = ['-t', '-d', '--console-socket', socket, '--pid-file', pidFile];
    const finished = await t.exec([...flags, t.id, '/bin/reporter', 'report']);
    assert.is(finished.code, 0, finished.stderr);
    assert.match(readFileSync(pidFile, 'utf8'), /^\d+$/);
    const { tty } = reportIn(await console.printed('hangup'));
    assert.equal([tty.stdin, tty.stdout, tty.controlling], [true, true, true]);
  },
});

test('terminal/absent-without-being-asked-for', {
  inside: ({ report }) =>
    assert.equal([report.tty.stdin, report.tty.stdout, report.tty.controlling], [false, false, false]),
});
