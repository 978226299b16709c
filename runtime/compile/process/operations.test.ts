/** What a site can test of a process before it starts: the records of its operations. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Operation, OperationKind, OperationOf } from '../../../spec/operations/index.js';
import { compileLaunch } from '../compile.js';
import { inputOf } from '../test/input.js';

type Json = Readonly<Record<string, unknown>>;

function operationsOf(config: Json): readonly Operation[] {
  const compiled = compileLaunch(inputOf({ config }));
  if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.refusals));
  return compiled.program.tracks.flatMap(track => track.actions.map(({ operation }) => operation));
}

/** Without why they are there. */
function all<K extends OperationKind>(config: Json, kind: K): readonly object[] {
  return operationsOf(config)
    .filter((o): o is Operation & OperationOf<K> => o.kind === kind)
    .map(({ kind: _, because: __, ...fields }) => fields);
}

test('who the command runs as', () => {
  const user = { uid: 1000, gid: 100, additionalGids: [7, 8], umask: 0o77 };
  const config = { process: { user, cwd: '/srv' } };
  assert.equal(all(config, 'become-user'), [{ uid: 1000, gid: 100, groups: [7, 8], keepsGroups: false }]);
  assert.equal(all(config, 'set-umask').at(-1), { mode: 0o77 });
  assert.equal(all(config, 'change-directory'), [{ path: '/srv' }]);
  assert.equal(all(config, 'check-directory'), [{ path: '/srv' }]);
  assert.equal(all(config, 'own-streams'), [{ uid: 1000 }]);
  assert.equal(all({ process: { user: { uid: 0, gid: 0 } } }, 'own-streams'), []);
});

test('what it may do: capabilities by their names, as the kernel gets them', () => {
  const both = ['CAP_CHOWN', 'cap_kill'];
  const capabilities = { bounding: both, permitted: both, effective: ['CAP_CHOWN'], ambient: ['CAP_KILL'] };
  const config = { process: { capabilities } };
  const [dropped] = all(config, 'drop-capabilities') as readonly OperationOf<'drop-capabilities'>[];
  assert.equal(dropped?.bounding, ['CAP_CHOWN', 'CAP_KILL']);
  assert.equal(all(config, 'keep-capabilities'), [
    {
      permitted: ['CAP_CHOWN', 'CAP_KILL'],
      effective: ['CAP_CHOWN'],
      inheritable: [],
      ambient: [],
      held: [],
    },
  ]);
  assert.equal(all({}, 'set-no-new-privileges'), []);
  assert.equal(all({ process: { noNewPrivileges: true } }, 'set-no-new-privileges'), [{}]);
});

test('limits as numbers', () => {
  const rlimits = [
    { type: 'RLIMIT_NOFILE', soft: 8, hard: 1024 },
    { type: 'RLIMIT_NICE', soft: 1, hard: 2 },
  ];
  const config = { process: { rlimits, oomScoreAdj: -5 } };
  const number = (value: unknown): bigint => BigInt(value as bigint);
  const set = all(config, 'set-limit') as readonly OperationOf<'set-limit'>[];
  assert.equal(
    set.map(({ type, soft, hard }) => [type, number(soft), number(hard)]),
    [
      ['RLIMIT_NICE', 1n, 2n],
      ['RLIMIT_NOFILE', 8n, 1024n],
    ],
  );
  const reserved = all(config, 'reserve-limit') as readonly OperationOf<'reserve-limit'>[];
  assert.equal(
    reserved.map(({ type, hard }) => [type, number(hard)]),
    [['RLIMIT_NOFILE', 1024n]],
  );
  assert.equal(all(config, 'set-oom-score'), [{ score: -5 }]);
});

test('how it is scheduled', () => {
  const config = {
    process: {
      scheduler: { policy: 'SCHED_BATCH', nice: 3, flags: ['SCHED_FLAG_RESET_ON_FORK'] },
      ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 4 },
    },
    linux: { personality: { domain: 'LINUX32' } },
  };
  const [scheduler] = all(config, 'set-scheduler') as readonly OperationOf<'set-scheduler'>[];
  assert.equal(
    [scheduler?.policy, scheduler?.nice, scheduler?.flags, Number(scheduler?.runtime)],
    ['SCHED_BATCH', 3, ['SCHED_FLAG_RESET_ON_FORK'], 0],
  );
  assert.equal(all(config, 'set-io-priority'), [{ class: 'IOPRIO_CLASS_BE', priority: 4 }]);
  assert.equal(all(config, 'set-personality'), [{ domain: 'LINUX32' }]);
  const memoryPolicy = { mode: 'MPOL_BIND', nodes: '0-1', flags: ['MPOL_F_STATIC_NODES', ''] };
  assert.equal(all({ linux: { memoryPolicy } }, 'set-memory-policy'), [
    { mode: 'MPOL_BIND', nodes: '0-1', flags: ['MPOL_F_STATIC_NODES'] },
  ]);
});

test('what is executed, under which filter', () => {
  const process = { args: ['ls', '-l'], env: ['PATH=/bin:/usr/bin', 'HOME=/'] };
  const seccomp = { defaultAction: 'SCMP_ACT_ALLOW', flags: ['SECCOMP_FILTER_FLAG_LOG'] };
  const config = { process, linux: { seccomp } };
  assert.equal(all(config, 'find-executable'), [{ file: 'ls', path: '/bin:/usr/bin' }]);
  assert.equal(all(config, 'execute'), [{ args: ['ls', '-l'] }]);
  assert.equal(all(config, 'look-up-home'), []);
  const [filter] = all(config, 'load-seccomp-filter') as readonly OperationOf<'load-seccomp-filter'>[];
  assert.equal(filter?.flags, ['SECCOMP_FILTER_FLAG_LOG']);
  assert.ok((filter?.instructions ?? 0) > 0);
  assert.equal(all({ process: { user: { uid: 7, gid: 7 } } }, 'look-up-home'), [{ uid: 7 }]);
});

test.run();
