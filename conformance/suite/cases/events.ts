/** `events`: statistics in the form that runc gave them, and the notice that memory ran out. crun has no such command. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { type Driver, test } from '../case.js';

const skip = (runtime: string): string | undefined =>
  runtime === 'crun' ? 'crun has no events (contract A3)' : undefined;

function sleeping(c: Config): void {
  c.process.args = ['/bin/reporter', 'sleep'];
}

async function running(t: Driver): Promise<Awaited<ReturnType<Driver['create']>>> {
  const created = await t.create();
  await t.start();
  await created.printed('ready');
  return created;
}

interface Event {
  readonly type: string;
  readonly id: string;
  readonly data?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const eventsOf = (text: string): readonly Event[] =>
  text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Event);

test('events/stats', {
  skip,
  config: sleeping,
  drive: async t => {
    await running(t);
    const finished = await t.call('events', ['--stats', t.id]);
    assert.is(finished.code, 0, finished.stderr);
    const [event, ...more] = eventsOf(finished.stdout);
    assert.equal([event?.type, event?.id, more.length], ['stats', t.id, 0]);
    const data = event?.data ?? {};
    assert.equal(Object.keys(data).sort(), [
      ...['blkio', 'cpu', 'cpuset', 'hugetlb', 'intel_rdt', 'memory', 'network_interfaces', 'pids'],
    ]);
    assert.is(data.network_interfaces, null);
    assert.equal(data.pids, { current: 1 });
    assert.equal(Object.keys(data.cpu?.usage ?? {}).sort(), [
      ...['kernel', 'percpu', 'percpu_kernel', 'percpu_user', 'total', 'user'],
    ]);
    const memory = data.memory as Readonly<Record<string, Readonly<Record<string, number>>>>;
    assert.equal(
      Object.keys(memory).filter(key => key !== 'cache'),
      ['usage', 'swap', 'kernel', 'kernelTCP', 'raw'],
    );
    const file = readFileSync(`/sys/fs/cgroup/memory/${t.id}/memory.limit_in_bytes`, 'utf8');
    assert.is(memory.usage?.limit, Number(file));
    assert.ok((memory.usage?.usage ?? 0) > 0);
    assert.ok('total_rss' in (memory.raw ?? {}));
    assert.is(data.cpuset?.sched_relax_domain_level, -1);
  },
});

test('events/again-and-again-until-it-ends', {
  skip,
  config: sleeping,
  drive: async t => {
    const created = await running(t);
    const stream = t.begin('events', ['--interval', '100ms', t.id]);
    await stream.printed('}}\n{"type":"stats"');
    await t.call('kill', [t.id, 'KILL']);
    await created.ended();
    await t.call('delete', [t.id]);
    const finished = await stream.done;
    assert.is(finished.code, 0, finished.stderr);
    for (const { type, id } of eventsOf(finished.stdout)) assert.equal([type, id], ['stats', t.id]);
  },
});

test('events/out-of-memory', {
  skip,
  config: c => {
    sleeping(c);
    c.linux.resources = { ...c.linux.resources, memory: { limit: 12_582_912, swap: 12_582_912 } };
  },
  drive: async t => {
    await running(t);
    const stream = t.begin('events', ['--interval', '100ms', t.id]);
    await stream.printed('"type":"stats"');
    await t.exec([t.id, '/bin/busybox', 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=40M', 'count=1']);
    const text = await stream.printed('"oom"');
    assert.match(text, `{"type":"oom","id":"${t.id}"}\n`);
    await t.call('delete', ['--force', t.id]);
    await stream.done;
  },
});

test('events/end-with-a-signal', {
  skip: runtime => skip(runtime) ?? (runtime === 'runc' ? 'runc has nothing but itself to end' : undefined),
  config: sleeping,
  drive: async t => {
    await running(t);
    const stream = t.begin('events', ['--interval', '100ms', t.id]);
    await stream.printed('"type":"stats"');
    stream.kill('SIGTERM');
    assert.is((await stream.done).code, 128 + 15);
    // Node goes with it: what it wrote to is closed by all.
    const lines = readFileSync(stream.stdoutFile, 'utf8');
    assert.ok(lines.endsWith('\n'));
  },
});

for (const [name, args] of [
  ['nothing', ['0s']],
  ['less-than-nothing', ['-5s']],
  ['no-duration', ['soon']],
] as const)
  test(`events/interval-of-${name}`, {
    skip,
    config: sleeping,
    drive: async t => {
      await running(t);
      const finished = await t.call('events', [`--interval=${args[0]}`, t.id]);
      assert.is.not(finished.code, 0);
      assert.match(finished.stderr, /duration|interval/);
    },
  });

test('events/of-one-that-has-ended-and-of-nobody', {
  skip,
  config: sleeping,
  drive: async t => {
    const created = await running(t);
    await t.call('kill', [t.id, 'KILL']);
    await created.ended();
    const ended = await t.call('events', [t.id]);
    assert.is.not(ended.code, 0);
    assert.match(ended.stderr, /not running/);
    const nobody = await t.call('events', ['--stats', t.anotherId()]);
    assert.is.not(nobody.code, 0);
    assert.match(nobody.stderr, /does not exist/);
  },
});
