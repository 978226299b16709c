/** Compiled executables: every option of `run` and every global one works, is documented as without effect, or is refused. Only chos-runtime has them. */
import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { commands, globalOptions } from '../../../spec/commands.js';
import type { Config } from '../../harness/config.js';
import type { Finished } from '../../harness/processes.js';
import { type Case, type Driver, test } from '../case.js';
import { isReport, jsonLines } from '../report.js';

const skip = (runtime: string) => (['crun', 'runc'].includes(runtime) ? 'it has no compile' : undefined);

interface Compiled {
  run(args: readonly string[], descriptors?: readonly string[]): Promise<Finished>;
}

async function compiled(t: Driver): Promise<Compiled> {
  const file = join(t.dir, 'program');
  const made = await t.call('compile', [t.bundle.dir, '-o', file]);
  assert.is(made.code, 0, made.stderr);
  return {
    run: (args, descriptors = []) =>
      t.helper([file, '--root', t.root, '--id', t.id, ...args], { descriptors }).done,
  };
}

function compiledTest(
  name: string,
  drive: (t: Driver, program: Compiled) => Promise<void>,
  more: Pick<Case, 'config'> = {},
): void {
  test(`compiled/${name}`, { skip, ...more, drive: async t => drive(t, await compiled(t)) });
}

const withTerminal = (c: Config): void => {
  c.process.terminal = true;
  c.process.args = ['/bin/sh', '-c', 'echo on a terminal'];
};

compiledTest('runs-and-leaves-nothing', async (t, program) => {
  const finished = await program.run([]);
  assert.is(finished.code, 0, finished.stderr);
  assert.is(jsonLines(finished.stdout).find(isReport)?.pid, 1);
  assert.not.ok(existsSync(join(t.root, t.id)));
});

compiledTest('not-over-what-is-no-file', async t => {
  const fifo = join(t.dir, 'fifo');
  const link = join(t.dir, 'link');
  assert.is((await t.helper(['mkfifo', fifo]).done).code, 0);
  symlinkSync(fifo, link);
  for (const [file, words] of [
    [fifo, 'File exists'],
    [link, 'File exists'],
    [t.dir, 'Is a directory'],
  ] as const) {
    const made = await t.call('compile', [t.bundle.dir, '-o', file]);
    assert.is(made.code, 1);
    assert.ok(made.stderr.includes(`write \`${file}\`: ${words}`), made.stderr);
  }
  assert.ok(lstatSync(fifo).isFIFO() && lstatSync(link).isSymbolicLink());
  assert.equal(
    readdirSync(t.dir).filter(name => name.endsWith('.new')),
    [],
  );
});

compiledTest('detach', async (t, program) => {
  const pidFile = join(t.dir, 'pid');
  const finished = await program.run(['--detach', '--pid-file', pidFile, '--', '/bin/reporter', 'sleep']);
  assert.is(finished.code, 0, finished.stderr);
  const { status, pid } = await t.state();
  assert.equal([status, String(pid)], ['running', readFileSync(pidFile, 'utf8')]);
});

compiledTest('detach-in-one-letter', async (t, program) => {
  assert.is((await program.run(['-d', '--', '/bin/reporter', 'sleep'])).code, 0);
  assert.is((await t.state()).status, 'running');
});

compiledTest('not-detached-in-words', async (_, program) => {
  const finished = await program.run(['--detach=false', '--', '/bin/reporter', 'exit', '7']);
  assert.is(finished.code, 7, finished.stderr);
});

compiledTest('keep', async (t, program) => {
  assert.is((await program.run(['--keep', '--', '/bin/reporter', 'exit', '7'])).code, 7);
  assert.is((await t.state()).status, 'stopped');
});

compiledTest('preserve-fds', async (t, program) => {
  const finished = await program.run(['--preserve-fds=1'], [join(t.bundle.dir, 'config.json')]);
  assert.is(finished.code, 0, finished.stderr);
  assert.equal(Object.keys(jsonLines(finished.stdout).find(isReport)?.fds ?? {}), ['0', '1', '2', '3']);
});

for (const count of ['9223372036854775807', '18446744073709551616', '1048577', '-1', 'x']) {
  compiledTest(`preserve-fds-${count}-is-refused`, async (_, program) => {
    const finished = await program.run([`--preserve-fds=${count}`]);
    assert.equal([finished.code, finished.stdout], [1, '']);
    assert.match(finished.stderr, /--preserve-fds/);
  });
}

for (const detach of [[], ['--detach']]) {
  compiledTest(
    `console-socket${detach.length > 0 ? '-detached' : ''}`,
    async (t, program) => {
      const socket = join(t.dir, 'console.sock');
      const console = t.helper([t.programs.outside, 'console', socket]);
      await console.printed('ready');
      const finished = await program.run(['--console-socket', socket, ...detach]);
      assert.is(finished.code, 0, finished.stderr);
      await console.printed('on a terminal');
    },
    { config: withTerminal },
  );
}

compiledTest('console-socket-without-a-terminal', async (_, program) => {
  const finished = await program.run(['--console-socket', '/nowhere']);
  assert.is(finished.code, 1);
  assert.match(finished.stderr, /process.terminal false/);
});

compiledTest(
  'detach-with-a-terminal-for-nobody',
  async (_, program) => {
    const finished = await program.run(['--detach']);
    assert.is(finished.code, 1);
    assert.match(finished.stderr, /give --console-socket/);
  },
  { config: withTerminal },
);

const receiver = `
import socket, sys
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
listening.listen()
print("ready", flush=True)
payload, fds, _, _ = socket.recv_fds(listening.accept()[0], 4096, 8)
print(payload.decode(), len(fds), flush=True)
`;

compiledTest('pidfd-socket', async (t, program) => {
  const socket = join(t.dir, 'pidfd.sock');
  const receiving = t.helper(['python3', '-c', receiver, socket]);
  await receiving.printed('ready');
  assert.is((await program.run(['--pidfd-socket', socket])).code, 0);
  await receiving.printed('standard 1');
});

compiledTest('log-in-json', async (t, program) => {
  const log = join(t.dir, 'log');
  const finished = await program.run(['--log', log, '--log-format=json', '--', 'nosuch']);
  assert.is(finished.code, 1);
  assert.is(JSON.parse(readFileSync(log, 'utf8')).level, 'error');
});

/** What the cases above show to work, and what the table itself calls ignored. */
const works = new Set([
  ...['root', 'log', 'log-format', 'log-level', 'debug', 'help'],
  ...['detach', 'keep', 'pid-file', 'console-socket', 'pidfd-socket', 'preserve-fds'],
]);

compiledTest('every-other-option-is-refused', async (_, program) => {
  const all = [...globalOptions, ...(commands.find(({ name }) => name === 'run')?.options ?? [])];
  for (const { long, kind } of all.filter(option => !works.has(option.long))) {
    const finished = await program.run([
      kind === 'text' ? `--${long}=x` : `--${long}`,
      ...(kind === 'ignored-text' ? ['x'] : []),
    ]);
    if (kind.startsWith('ignored')) assert.is(finished.code, 0, `${long}: ${finished.stderr}`);
    else {
      assert.equal([finished.code, finished.stdout], [1, ''], long);
      assert.match(finished.stderr, new RegExp(`does not know this argument.*--${long}`), long);
    }
  }
});
