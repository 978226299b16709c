/** `kill --regex`, `delete --regex`: crun's way to mean several containers. runc has none. */
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { type Driver, test } from '../case.js';

const skip = (runtime: string): string | undefined =>
  runtime === 'runc' ? 'runc has no --regex (contract A3)' : undefined;

function sleeping(c: Config): void {
  c.process.args = ['/bin/reporter', 'sleep'];
  // Each of them is to have one of its own.
  delete (c.linux as { cgroupsPath?: string }).cgroupsPath;
}

/** Two containers, of this id and of another. */
async function two(t: Driver): Promise<readonly [one: string, other: string]> {
  await t.create();
  const other = t.anotherId();
  const created = await t.call('create', ['--bundle', t.bundle.dir, other]);
  assert.is(created.code, 0, created.stderr);
  return [t.id, other];
}

const statusOf = async (t: Driver, id: string): Promise<string> => {
  const { code, stdout, stderr } = await t.call('state', [id]);
  if (code !== 0) return stderr;
  return (JSON.parse(stdout) as { readonly status: string }).status;
};

const pidOf = async (t: Driver, id: string): Promise<number> =>
  (JSON.parse((await t.call('state', [id])).stdout) as { readonly pid: number }).pid;

/** Matches both ids, and nothing else of the suite. */
const both = (one: string, other: string): string => `^(${one}|${other})$`;

test('regex/delete-forced', {
  skip,
  config: sleeping,
  drive: async t => {
    const [one, other] = await two(t);
    const none = await t.call('delete', ['--regex', '--force', '^no-such-[[:digit:]]+$']);
    assert.is(none.code, 0, none.stderr);
    assert.is(await statusOf(t, other), 'created');
    const finished = await t.call('delete', ['--force', '--regex', both(one, other)]);
    assert.is(finished.code, 0, finished.stderr);
    for (const id of [one, other]) assert.match(await statusOf(t, id), /not exist|No such file/);
  },
});

test('regex/kill', {
  skip,
  config: sleeping,
  drive: async t => {
    const [one, other] = await two(t);
    for (const id of [one, other]) await t.call('start', [id]);
    const pids = await Promise.all([one, other].map(id => pidOf(t, id)));
    const finished = await t.call('kill', ['-r', both(one, other), 'KILL']);
    assert.is(finished.code, 0, finished.stderr);
    for (const pid of pids) assert.is(await t.orphans.exited(pid), 128 + 9);
    for (const id of [one, other]) assert.is(await statusOf(t, id), 'stopped');
  },
});

test('regex/one-that-fails-is-told-and-the-others-have-their-turn', {
  skip: runtime => skip(runtime) ?? (runtime === 'crun' ? 'crun exits with 0' : undefined),
  config: sleeping,
  drive: async t => {
    const [one, other] = await two(t);
    await t.call('start', [one]);
    const finished = await t.call('delete', ['--regex', both(one, other)]);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, `\`${one}\``);
    assert.not.match(finished.stderr, other);
    assert.is(finished.stderr.trim().split('\n').length, 1);
    assert.is(await statusOf(t, one), 'running');
    assert.match(await statusOf(t, other), /not exist/);
  },
});

test('regex/that-is-none', {
  skip,
  drive: async t => {
    const finished = await t.call('kill', ['--regex', 'a(', 'KILL']);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /[Uu]nmatched|regular expression/);
  },
});
