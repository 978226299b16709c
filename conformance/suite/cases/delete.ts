import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { besideStarts } from '../../harness/left-programs.js';
import { test } from '../case.js';

function sleeping(c: Config): void {
  c.process.args = ['/bin/reporter', 'sleep'];
}

test('delete/forced-unknown-id-is-fine', {
  drive: async t => {
    const finished = await t.call('delete', ['--force', t.id]);
    assert.is(finished.code, 0, finished.stderr);
  },
});

test('delete/unknown-id-fails', {
  drive: async t => {
    const finished = await t.call('delete', [t.id]);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /does not exist/);
  },
});

test('delete/running-is-refused', {
  config: sleeping,
  drive: async t => {
    await t.create();
    await t.start();
    const finished = await t.call('delete', [t.id]);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /running|not stopped|stopped/i);
    assert.is((await t.state()).status, 'running');
  },
});

for (const flag of ['--force', '-f']) {
  test(`delete/${flag}-ends-a-running-one`, {
    config: sleeping,
    drive: async t => {
      const created = await t.create();
      await t.start();
      await created.printed('ready');
      const finished = await t.call('delete', [flag, t.id]);
      assert.is(finished.code, 0, finished.stderr);
      assert.is(await created.ended(), 128 + 9);
    },
  });
}

test('delete/created-one', {
  drive: async t => {
    const created = await t.create();
    assert.is((await t.call('delete', [t.id])).code, 0);
    assert.is(await created.ended(), 128 + 9);
    assert.is(created.output(), '');
  },
});

test('delete/stopped-one-and-the-id-is-free-again', {
  drive: async t => {
    for (let again = 0; again < 2; again++) {
      const created = await t.create();
      await t.start();
      await created.ended();
      assert.is((await t.call('delete', [t.id])).code, 0);
      assert.is.not((await t.call('state', [t.id])).code, 0);
    }
    assert.equal(besideStarts(t.root), []);
  },
});

test('delete/forced-without-pid-namespace-ends-all', {
  config: c => {
    c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== 'pid');
    c.process.args = ['/bin/reporter', 'spawn', ',', 'sleep'];
  },
  drive: async t => {
    const created = await t.create();
    await t.start();
    const output = await created.printed('ready');
    const child = Number(/"pid":(\d+)/.exec(output)?.[1]);
    assert.is((await t.call('delete', ['--force', t.id])).code, 0);
    assert.is(await t.orphans.exited(child), 128 + 9);
  },
});

test('delete/with-the-environment-of-podman', {
  // Podman runs it with XDG_RUNTIME_DIR only, and that may be empty: no PATH.
  drive: async t => {
    await t.create();
    const finished = await t.call('delete', ['--force', t.id], { env: { XDG_RUNTIME_DIR: '' } });
    assert.is(finished.code, 0, finished.stderr);
  },
});
