import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Driver, test } from '../case.js';

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

async function failedCreate(
  t: Driver,
  args: readonly string[] = [],
  global: readonly string[] = [],
): Promise<string> {
  const finished = await t.call('create', ['--bundle', t.bundle.dir, ...args, t.id], { global });
  assert.is.not(finished.code, 0);
  return finished.stderr;
}

test('errors/command-not-in-path', {
  config: c => {
    c.process.args = ['no-such-command'];
  },
  refused: /no-such-command.*executable file not found in|executable file `?no-such-command.*not found in/i,
});

test('errors/command-missing-by-path', {
  config: c => {
    c.process.args = ['/bin/nowhere'];
  },
  refused: /\/bin\/nowhere.*no such file or directory/i,
});

test('errors/command-not-executable', {
  config: c => {
    c.process.args = ['/bin/not-executable'];
  },
  refused: /permission denied/i,
});

test('errors/command-is-a-directory', {
  config: c => {
    c.process.args = ['/data'];
  },
  refused: /permission denied|is a directory|operation not permitted/i,
});

test('errors/no-args', {
  config: c => {
    c.process.args = [];
  },
  refused: /args|invalid argument/i,
});

test('errors/on-one-line', {
  config: c => {
    c.process.args = ['no-such-command'];
  },
  drive: async t => {
    const lines = (await failedCreate(t)).trim().split('\n');
    assert.is(lines.length, 1, lines.join(' | '));
  },
});

test('errors/json-log-has-exactly-one-object', {
  config: c => {
    c.process.args = ['no-such-command'];
  },
  drive: async t => {
    const log = join(t.dir, 'log.json');
    const stderr = await failedCreate(t, [], ['--log', log, '--log-format', 'json']);
    const { level, msg, time } = JSON.parse(readFileSync(log, 'utf8'));
    assert.is(level, 'error');
    assert.match(msg, /no-such-command/);
    assert.match(time, rfc3339);
    assert.match(stderr, /no-such-command/, 'standard error gets it too');
  },
});

test('errors/json-log-with-equals-sign', {
  config: c => {
    c.process.args = ['no-such-command'];
  },
  drive: async t => {
    const log = join(t.dir, 'log.json');
    await failedCreate(t, [], [`--log=${log}`, '--log-format=json']);
    assert.is(JSON.parse(readFileSync(log, 'utf8')).level, 'error');
  },
});

test('errors/text-log', {
  config: c => {
    c.process.args = ['no-such-command'];
  },
  drive: async t => {
    const log = join(t.dir, 'log');
    await failedCreate(t, [], ['--log', log]);
    assert.match(readFileSync(log, 'utf8'), /no-such-command/);
  },
});

test('errors/good-create-is-silent', {
  drive: async t => {
    const log = join(t.dir, 'log.json');
    const global = ['--log', log, '--log-format', 'json'];
    const finished = await t.call('create', ['--bundle', t.bundle.dir, t.id], { global });
    assert.equal([finished.code, finished.stdout, finished.stderr], [0, '', '']);
    assert.is(readIfThere(log), '');
  },
});

test('errors/duplicate-id', {
  drive: async t => {
    await t.create();
    const again = await t.call('create', ['--bundle', t.bundle.dir, t.id]);
    assert.is.not(again.code, 0);
    assert.match(again.stderr, /already exists|exists already/);
    assert.is((await t.state()).status, 'created');
  },
});

test('errors/duplicate-id-of-a-stopped-container', {
  drive: async t => {
    const created = await t.create();
    await t.start();
    await created.ended();
    const again = await t.call('run', ['--bundle', t.bundle.dir, t.id]);
    assert.is.not(again.code, 0);
    assert.match(again.stderr, /already exists|exists already/);
    assert.is((await t.state()).status, 'stopped', 'and it is still there');
  },
});

for (const [name, id] of [
  ['empty', ''],
  ['dots', '..'],
  ['with-slash', 'a/b'],
  ['climbing', '../escape'],
  ['with-blank', 'a b'],
  ['with-newline', 'a\nb'],
] as const) {
  test(`errors/id-${name}`, {
    drive: async t => {
      const finished = await t.call('create', ['--bundle', t.bundle.dir, id]);
      if (finished.code === 0) await t.call('delete', ['--force', id]);
      assert.is.not(finished.code, 0);
      assert.match(finished.stderr, /./);
    },
  });
}

test('errors/id-of-255-letters-and-no-more', {
  drive: async t => {
    const longest = `${t.anotherId()}-`.padEnd(255, 'x');
    const finished = await t.call('create', ['--bundle', t.bundle.dir, longest]);
    const state = await t.call('state', [longest]);
    assert.is((await t.call('delete', ['--force', longest])).code, 0);
    assert.equal([finished.code, state.code], [0, 0], finished.stderr);
    for (const command of ['create', 'state', 'start', 'kill', 'exec']) {
      const longer = await t.call(command, [`${longest}x`]);
      assert.is.not(longer.code, 0, command);
    }
  },
});

test('errors/id-of-slurm-is-fine', {
  drive: async t => {
    const id = `${t.anotherId()}.alice.42+0_x.-1`;
    const finished = await t.call('create', ['--bundle', t.bundle.dir, id]);
    assert.is((await t.call('delete', ['--force', id])).code, 0);
    assert.is(finished.code, 0, finished.stderr);
  },
});

test('errors/missing-bundle', {
  drive: async t => {
    const finished = await t.call('create', ['--bundle', join(t.dir, 'nowhere'), t.id]);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /nowhere|no such file|config\.json/i);
  },
});

test('errors/missing-config', {
  drive: async t => {
    rmSync(join(t.bundle.dir, 'config.json'));
    assert.match(await failedCreate(t), /config\.json/);
  },
});

/** Text of config.json that no runtime may take. */
const broken: readonly (readonly [name: string, change: (text: string) => string])[] = [
  ['empty', () => ''],
  ['cut-off', text => text.slice(0, text.length / 2)],
  ['not-json', () => 'hello'],
  ['an-array', () => '[]'],
  ['no-root', text => JSON.stringify({ ...JSON.parse(text), root: undefined })],
  ['no-process', text => JSON.stringify({ ...JSON.parse(text), process: undefined })],
  ['wrong-type', text => JSON.stringify({ ...JSON.parse(text), root: 'rootfs' })],
  ['negative-uid', text => text.replace('"uid": 0', '"uid": -1')],
];

for (const [name, change] of broken) {
  test(`errors/config-${name}`, {
    drive: async t => {
      const file = join(t.bundle.dir, 'config.json');
      writeFileSync(file, change(readFileSync(file, 'utf8')));
      assert.match(await failedCreate(t), /./);
    },
  });
}

test('errors/unknown-properties-are-ignored', {
  drive: async t => {
    const file = join(t.bundle.dir, 'config.json');
    const config = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(
      file,
      JSON.stringify({ ...config, 'x-future': { a: [1] }, linux: { ...config.linux, future: 1 } }),
    );
    const finished = await t.run();
    assert.is(finished.code, 0, finished.stderr);
    assert.match(finished.stdout, '"probe":"report"');
  },
});

test('errors/start-twice', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    await t.create();
    await t.start();
    const again = await t.call('start', [t.id]);
    assert.is.not(again.code, 0);
    assert.match(again.stderr, /running|created|start/i);
  },
});

test('errors/start-unknown', {
  drive: async t => {
    const finished = await t.call('start', [t.id]);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /does not exist|no such file/i);
  },
});

test('errors/start-after-init-was-killed', {
  drive: async t => {
    const created = await t.create();
    process.kill(created.pid, 'SIGKILL');
    await created.ended();
    const finished = await t.call('start', [t.id]);
    assert.is.not(finished.code, 0, 'start of a dead container');
  },
});

test('errors/unknown-command', {
  drive: async t => {
    const finished = await t.call('nonsense', []);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr + finished.stdout, /nonsense/);
  },
});

test('errors/unknown-option', {
  drive: async t => {
    const finished = await t.call('create', ['--nonsense', t.id]);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr + finished.stdout, /nonsense/);
  },
});

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
