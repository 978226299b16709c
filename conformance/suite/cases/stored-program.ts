/** A container whose stored program another version made, or that is damaged. Only chos-runtime stores programs. */
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Bundle } from '../../harness/bundle.js';
import type { Config } from '../../harness/config.js';
import { type Driver, test } from '../case.js';

const skip = (runtime: string): string | undefined =>
  runtime === 'crun' || runtime === 'runc' ? 'stores no programs' : undefined;

function sleepingWithHook(c: Config, bundle: Bundle): void {
  c.process.args = ['/bin/reporter', 'sleep'];
  c.hooks = { poststop: [{ path: '/bin/sh', args: ['sh', '-c', `cat > ${bundle.dir}/poststop`] }] };
}

const damage: Readonly<Record<string, (path: string) => void>> = {
  'of-another-version': path => {
    const image = readFileSync(path);
    image.writeUInt16LE(1, 4);
    writeFileSync(path, image);
  },
  'that-is-empty': path => truncateSync(path, 0),
  'that-is-cut': path => truncateSync(path, 5000),
  'with-garbage-inside': path => writeFileSync(path, readFileSync(path).fill(0xa5, 200, 4000)),
  'that-is-missing': path => rmSync(path),
};

const file = (t: Driver, name: string) => join(t.root, t.id, name);
const hookRan = (t: Driver) => existsSync(join(t.bundle.dir, 'poststop'));

for (const [name, spoil] of Object.entries(damage)) {
  test(`stored-program/${name}-lets-the-container-be-ended`, {
    config: sleepingWithHook,
    skip,
    drive: async t => {
      const created = await t.create();
      await t.start();
      await created.printed('ready');
      spoil(file(t, 'program'));
      const good = async (command: string, ...args: readonly string[]) => {
        const finished = await t.call(command, args);
        assert.is(finished.code, 0, `${command}: ${finished.stderr}`);
      };
      assert.is((await t.state()).status, 'running');
      await good('pause', t.id);
      assert.is((await t.state()).status, 'paused');
      await good('resume', t.id);
      const early = await t.call('delete', [t.id]);
      assert.is.not(early.code, 0);
      assert.match(early.stderr, /not stopped/);
      await good('kill', t.id, 'KILL');
      await created.ended();
      assert.is((await t.state()).status, 'stopped');
      await good('delete', t.id);
      assert.ok(hookRan(t));
      assert.not.ok(existsSync(join(t.root, t.id)));
    },
  });

  test(`stored-program/${name}-is-not-started-but-deleted`, {
    config: sleepingWithHook,
    skip,
    drive: async t => {
      await t.create();
      spoil(file(t, 'program'));
      const refused = await t.call('start', [t.id]);
      assert.is.not(refused.code, 0);
      assert.match(refused.stderr, /another version of chos-runtime created it, or its program is damaged/);
      const deleted = await t.call('delete', ['--force', t.id]);
      assert.is(deleted.code, 0, deleted.stderr);
      assert.ok(hookRan(t));
    },
  });
}

test('stored-program/with-a-config-that-is-refused-now-keeps-its-hooks', {
  config: sleepingWithHook,
  skip,
  drive: async t => {
    await t.create();
    const config = JSON.parse(readFileSync(file(t, 'config.json'), 'utf8'));
    writeFileSync(file(t, 'config.json'), JSON.stringify({ ...config, hostname: 5, mounts: 'none' }));
    truncateSync(file(t, 'program'), 0);
    const deleted = await t.call('delete', ['--force', t.id]);
    assert.is(deleted.code, 0, deleted.stderr);
    assert.ok(hookRan(t));
  },
});

test('stored-program/with-a-config-that-is-none-is-deleted-with-a-warning', {
  config: sleepingWithHook,
  skip,
  drive: async t => {
    await t.create();
    writeFileSync(file(t, 'config.json'), 'no JSON');
    truncateSync(file(t, 'program'), 0);
    const deleted = await t.call('delete', ['--force', t.id]);
    assert.is(deleted.code, 0);
    assert.match(deleted.stderr, /warning: .*no poststop hook was run/);
  },
});

test('stored-program/and-nothing-else-left-is-deleted-by-force', {
  config: sleepingWithHook,
  skip,
  drive: async t => {
    const created = await t.create();
    truncateSync(file(t, 'program'), 0);
    writeFileSync(file(t, 'state.json'), '{"pid":');
    const plain = await t.call('delete', [t.id]);
    assert.is.not(plain.code, 0);
    assert.match(plain.stderr, /delete --force/);
    const deleted = await t.call('delete', ['--force', t.id]);
    assert.is(deleted.code, 0, deleted.stderr);
    await created.ended();
    assert.ok(hookRan(t));
  },
});

test('stored-program/of-a-version-that-wrote-down-less-ends-what-init-has-left', {
  skip,
  config: c => {
    c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== 'pid');
    c.process.args = ['/bin/reporter', 'spawn', ',', 'sleep'];
  },
  drive: async t => {
    const created = await t.create();
    await t.start();
    const output = await created.printed('ready');
    const child = Number(/"pid":(\d+)/.exec(output)?.[1]);
    process.kill(created.pid, 'SIGKILL');
    await created.ended();
    truncateSync(file(t, 'program'), 0);
    rmSync(file(t, 'cgroups-taken'));
    const deleted = await t.call('delete', [t.id]);
    assert.is(deleted.code, 0, deleted.stderr);
    assert.is(await t.orphans.exited(child), 128 + 9);
  },
});
