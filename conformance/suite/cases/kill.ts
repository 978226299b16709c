import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { descendants } from '../../harness/processes.js';
import { test } from '../case.js';

function waiting(c: Config): void {
  c.process.args = ['/bin/reporter', 'wait'];
}

for (const [word, number] of [
  ['TERM', 15],
  ['SIGHUP', 1],
  ['usr1', 10],
  ['SigUsr2', 12],
  ['12', 12],
  ['WINCH', 28],
  ['64', 64],
] as const) {
  test(`kill/signal-${word}`, {
    config: waiting,
    drive: async t => {
      const created = await t.create();
      await t.start();
      await created.printed('ready');
      const finished = await t.call('kill', [t.id, word]);
      assert.is(finished.code, 0, finished.stderr);
      assert.is(await created.ended(), 0);
      assert.match(created.output(), `"signal":${number}`);
    },
  });
}

test('kill/no-signal-means-term', {
  config: waiting,
  drive: async t => {
    const created = await t.create();
    await t.start();
    await created.printed('ready');
    assert.is((await t.call('kill', [t.id])).code, 0);
    await created.ended();
    assert.match(created.output(), '"signal":15');
  },
});

test('kill/kill-ends-it', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    const created = await t.create();
    await t.start();
    assert.is((await t.call('kill', [t.id, 'KILL'])).code, 0);
    assert.is(await created.ended(), 128 + 9);
    assert.is((await t.state()).status, 'stopped');
  },
});

test('kill/a-created-container', {
  drive: async t => {
    const created = await t.create();
    assert.is((await t.call('kill', [t.id, '9'])).code, 0);
    assert.is(await created.ended(), 128 + 9);
  },
});

test('kill/unknown-signal-fails', {
  config: waiting,
  drive: async t => {
    await t.create();
    for (const word of ['NONSENSE', '0x', '-3']) {
      assert.is.not((await t.call('kill', [t.id, word])).code, 0, word);
    }
    assert.is((await t.state()).status, 'created');
  },
});

test('kill/stopped-container-says-so', {
  config: c => {
    c.process.args = ['/bin/reporter', 'exit', '0'];
  },
  drive: async t => {
    const created = await t.create();
    await t.start();
    await created.ended();
    const finished = await t.call('kill', [t.id, 'TERM']);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /container not running|process already finished|no such process/i);
  },
});

test('kill/unknown-container-says-so', {
  drive: async t => {
    const finished = await t.call('kill', [t.id, 'TERM']);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /does not exist/);
  },
});

for (const flag of ['--all', '-a']) {
  test(`kill/${flag}-reaches-every-process`, {
    // Without a pid namespace nothing but the cgroup tells what belongs to the container.
    config: c => {
      c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== 'pid');
      c.process.args = ['/bin/reporter', 'spawn', ',', 'spawn', ',', 'sleep'];
    },
    drive: async t => {
      const created = await t.create();
      await t.start();
      await created.printed('ready');
      const before = descendants(t.supervisor, process.pid);
      assert.is(before.length, 3);
      assert.is((await t.call('kill', [flag, t.id, 'KILL'])).code, 0);
      for (const { pid } of before) assert.is(await t.orphans.exited(pid), 128 + 9);
    },
  });
}

test('kill/signal-0-asks-whether-it-is-there', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    await t.create();
    await t.start();
    assert.is((await t.call('kill', [t.id, '0'])).code, 0);
    assert.is((await t.state()).status, 'running');
    assert.is.not((await t.call('kill', [t.id, '65'])).code, 0);
    assert.is.not((await t.call('kill', [t.id, '-1'])).code, 0);
  },
});
