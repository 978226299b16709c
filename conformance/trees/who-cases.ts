/** `chos-runtime who`: every process that is in a tree, by whatever way, and nobody else. */
import * as assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { withDeadShareOn } from '../harness/dead-share.js';
import { caseList, good } from './case.js';
import { base, chos, current, pins, runtime, scratch, sleeping } from './machine.js';

const { cases, test } = caseList('who: ');

interface Row {
  readonly pid: number;
  readonly uid: number;
  readonly tree: string;
  readonly generation: string | null;
  readonly digest: string | null;
  readonly backEnd: string;
  readonly container: { readonly id: string; readonly root: string } | null;
  readonly start: string;
  readonly command: string;
}

/** Of `tree list`, by spec/tree-list.schema.json. */
interface Listed {
  readonly name: string;
  readonly system: string | null;
  readonly stale: string | null;
  readonly holders: number;
  readonly users: readonly { readonly uid: number; readonly name: string | null }[];
  readonly shares: readonly { readonly path: string; readonly answer: string }[];
}

const validate = new Ajv({ allowUnionTypes: true }).compile(
  JSON.parse(readFileSync('spec/tree-list.schema.json', 'utf8')),
);

const who = (...args: readonly string[]): readonly Row[] => JSON.parse(good(chos('who', '--json', ...args)));
const pidOf = (id: string): number => JSON.parse(good(chos('state', id))).pid;

test('processes of a generation, by whatever way they are in it', async () => {
  good(chos('tree', 'prepare', 'one'));
  const generation = current('one');
  const [shared, own] = [sleeping({ tree: 'one' }), sleeping({ tree: 'one', own: true })];
  // Nobody recorded this one.
  const stranger = spawn(
    'nsenter',
    [`--mount=${pins}/${generation}`, 'sh', '-c', 'echo in; exec sleep 1000'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  await new Promise(resolve => stranger.stdout.once('data', resolve));
  try {
    const rows = who('one');
    const seen = new Map(rows.map(row => [row.pid, row]));
    for (const id of [shared, own]) assert.equal(seen.get(pidOf(id))?.container?.id, id);
    assert.equal(seen.get(stranger.pid ?? 0)?.container, null);
    assert.deepEqual(
      [...new Set(rows.map(row => `${row.tree} ${row.generation} ${row.backEnd}`))],
      [`one ${generation} pinned`],
    );
    const listed = JSON.parse(good(chos('tree', 'list', '--format', 'json')));
    assert.equal(listed.find(({ name }: { name: string }) => name === 'one').holders, rows.length);
    assert.match(
      good(chos('who', String(stranger.pid))),
      new RegExp(`^${stranger.pid} +\\S+ +one +${generation} `, 'm'),
    );
    for (const { start } of rows) assert.ok(Math.abs(Date.parse(start) - Date.now()) < 60_000, start);
  } finally {
    stranger.kill('SIGKILL');
  }
});

test('containers with mounts of their own, of any state root that is named', () => {
  chos('tree', 'release', '--force', 'three');
  const id = sleeping({ tree: 'three' });
  const [row] = who('three');
  assert.deepEqual(
    [row?.pid, row?.tree, row?.generation, row?.backEnd, row?.container?.id],
    [pidOf(id), 'three', null, 'private', id],
  );
  const elsewhere = spawnSync(runtime, ['--root', `${base}/nobody`, 'who', '--json', 'three'], {
    encoding: 'utf8',
  });
  // Its mounts tell where it is, not what it is called.
  const [seen, ...more]: readonly Row[] = JSON.parse(good(elsewhere));
  assert.deepEqual(
    [seen?.pid, seen?.tree, seen?.generation, seen?.backEnd, seen?.container, more],
    [pidOf(id), 'three', null, 'private', null, []],
  );
});

test('a share that is dead keeps nobody from seeing trees, users and ages', async () => {
  good(chos('tree', 'prepare', 'one'));
  sleeping({ tree: 'one' });
  await withDeadShareOn(scratch, () => {
    assert.match(good(chos('who', 'one')), /^\d+ +root +one +one@/m);
    const listed: readonly Listed[] = JSON.parse(good(chos('tree', 'list', '--format', 'json')));
    assert.ok(validate(listed), JSON.stringify(validate.errors));
    const one = listed.find(({ name }) => name === 'one');
    assert.equal(one?.stale, `not looked at, because ${scratch} does not answer`);
    assert.equal(one?.shares.find(({ path }) => path === scratch)?.answer, 'silent');
    assert.deepEqual([one?.holders, one?.users], [1, [{ uid: 0, name: 'root' }]]);
    assert.match(good(chos('tree', 'show', 'one')), /not looked at, because/);
    assert.equal(listed.find(({ name }) => name === 'two')?.system, 'Tree two');
  });
  const table = good(chos('tree', 'list'));
  assert.match(table, /^NAME .* PREPARED +AGE +HOLDERS +USERS +KERNEL$/m);
  assert.match(table, /^one .* one@\d+ +\d+s +1 +root +-$/m);
  chos('tree', 'release', '--force', 'one');
});

test('who is in none, and a name that is none', () => {
  const own = chos('who', String(process.pid));
  assert.equal(own.status, 1);
  assert.match(own.stdout, /^PID .*\n$/);
  const wrong = chos('who', 'nosuch');
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /nosuch/);
  assert.ok(!who().some(({ pid }) => pid === process.pid));
});

test('the digest that tree-digest made of the generation', () => {
  good(chos('tree', 'prepare', 'two'));
  sleeping({ tree: 'two' });
  assert.equal(who('two')[0]?.digest, null);
  mkdirSync('/run/chos-hooks/tree-digest', { recursive: true });
  const file = `/run/chos-hooks/tree-digest/${current('two')}`;
  writeFileSync(file, JSON.stringify({ digest: 'sha256:1234' }));
  assert.equal(who('two')[0]?.digest, 'sha256:1234');
  rmSync(file);
});

test('a user sees his own, and what is said of others is not guessed', () => {
  sleeping({ tree: 'one' });
  const user = ['--reuid', '1000', '--regid', '1000', '--clear-groups', 'env', '-i', runtime];
  const ran = spawnSync('setpriv', [...user, '--root', `${base}/none`, 'who', '--json'], {
    encoding: 'utf8',
  });
  assert.deepEqual(JSON.parse(good(ran)), []);
});

export const whoCases = cases;
