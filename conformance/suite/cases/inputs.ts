/** Files that callers name where there is only a pipe: /dev/stdin, process substitution, fifos. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Driver, test } from '../case.js';

const sleeping = (t: { process: { args: string[] } }): void => {
  t.process.args = ['/bin/reporter', 'sleep'];
};

/** A process.json that prints, written beside the bundle. */
function process(t: Driver): string {
  const path = join(t.dir, 'process.json');
  writeFileSync(path, JSON.stringify({ ...t.config.process, args: ['/bin/busybox', 'echo', 'from a pipe'] }));
  return path;
}

/** The runtime behind a shell that reads `file` into a pipe: `$@` is the runtime's command line. */
const piped = (file: string) => ['/bin/bash', '-c', 'cat "$0" | "$@"', file];
const substituted = (file: string, option: string) => [
  '/bin/bash',
  '-c',
  `file=$0; last=\${@: -1}; set -- "\${@:1:$#-1}"; exec "$@" ${option} <(cat "$file") "$last"`,
  file,
];

for (const path of ['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0']) {
  test(`inputs/exec-process-from${path.replaceAll('/', '-')}`, {
    config: sleeping,
    drive: async t => {
      await t.create();
      await t.start();
      const finished = await t.exec(['--process', path, t.id], { through: piped(process(t)) });
      assert.is(finished.code, 0, finished.stderr);
      assert.match(finished.stdout, 'from a pipe');
    },
  });
}

test('inputs/exec-process-substituted', {
  config: sleeping,
  drive: async t => {
    await t.create();
    await t.start();
    // The shell puts the option before the last word.
    const finished = await t.exec([t.id], { through: substituted(process(t), '--process') });
    assert.is(finished.code, 0, finished.stderr);
    assert.match(finished.stdout, 'from a pipe');
  },
});

test('inputs/exec-process-from-a-fifo-whose-writer-comes-later', {
  config: sleeping,
  drive: async t => {
    await t.create();
    await t.start();
    const fifo = join(t.dir, 'fifo');
    execFileSync('mkfifo', ['-m', '666', fifo]);
    const running = t.begin('exec', ['--process', fifo, t.id]);
    // Opening it for writing waits for the reader.
    assert.is((await t.helper(['/bin/sh', '-c', 'cat "$0" > "$1"', process(t), fifo]).done).code, 0);
    const finished = await running.done;
    assert.is(finished.code, 0, finished.stderr);
    assert.match(finished.stdout, 'from a pipe');
  },
});

const noConfig = (runtime: string) => (runtime === 'runc' ? 'it has no --config' : undefined);

test('inputs/config-from-stdin', {
  skip: noConfig,
  drive: async t => {
    const config = join(t.bundle.dir, 'config.json');
    const finished = await t.run(['--config', '/dev/stdin'], { through: piped(config) });
    assert.is(finished.code, 0, finished.stderr);
  },
});

test('inputs/config-substituted', {
  skip: noConfig,
  drive: async t => {
    const config = join(t.bundle.dir, 'config.json');
    const finished = await t.run([], { through: substituted(config, '--config') });
    assert.is(finished.code, 0, finished.stderr);
  },
});

test('inputs/nothing-in-the-pipe', {
  config: sleeping,
  drive: async t => {
    await t.create();
    await t.start();
    const finished = await t.exec(['--process', '/dev/stdin', t.id]);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /./);
  },
});

test('inputs/a-terminal-without-one', {
  config: c => {
    c.process.terminal = true;
    c.process.args = ['/bin/sh', '-i'];
  },
  drive: async t => {
    const finished = await t.run();
    assert.is(finished.code, 1);
    assert.match(finished.stderr, /./);
  },
});

test('inputs/exec-with-a-terminal-without-one', {
  config: sleeping,
  drive: async t => {
    await t.create();
    await t.start();
    const finished = await t.exec(['--tty', t.id, '/bin/sh', '-i']);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /./);
  },
});

const formats = ['--log-format=nonsense', '--log-format=TEXT'];
for (const given of formats) {
  test(`command-line/${given.slice(2)}-is-refused`, {
    drive: async t => {
      for (const args of [['list'], ['state', t.id], ['delete', '--force', t.id], ['kill', t.id, 'KILL']]) {
        const [command = '', ...rest] = args;
        const finished = await t.call(command, rest, { global: [given] });
        assert.is(finished.code, 1, command);
        assert.match(finished.stderr, /log.?format/i, command);
      }
    },
  });
}

for (const level of ['nonsense', 'info', '']) {
  test(`command-line/log-level-${level}-is-refused`, {
    skip: runtime => (['crun', 'runc'].includes(runtime) ? 'crun has it since 1.9, runc has not' : undefined),
    drive: async t => {
      for (const args of [['list'], ['state', t.id], ['run', t.id], ['delete', '-f', t.id]]) {
        const [command = '', ...rest] = args;
        const finished = await t.call(command, rest, { global: [`--log-level=${level}`] });
        assert.is(finished.code, 1, command);
        assert.match(finished.stderr, /`--log-level` takes `error` or `warning` or `debug`/, command);
      }
    },
  });
}
