import { existsSync, mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ErrnoName } from '../../../spec/errno.js';
import type { ResctrlFacts } from '../../../spec/host-facts.js';
import { AT_FDCWD, Statx } from '../../../spec/kernel.js';
import { arch, engine, imageFile, scratch } from '../../engine/test/engine.js';
import { encode } from '../../program/encode.js';
import { slot, text } from '../../program/operand.js';
import { exit, exitReporting, move, sys } from '../../program/step.js';
import { action } from '../../program/test/action.js';
import { refusalText } from '../../report/compile-refusal.js';
import { createLaunch, type Launch } from '../launch/launch.js';
import { createJudgement } from '../launch/refusal.js';
import { inputOf } from '../test/input.js';
import { walk } from '../test/walk.js';
import { changeSchemata, joinResctrlGroup, newResctrlGroup, removeResctrlGroup } from './resctrl.js';

const empty: ResctrlFacts = { mount: '/resctrl', group: null };
const withGroup = (schemata: string): ResctrlFacts => ({ ...empty, group: { schemata } });

function launchOf(intelRdt: object | undefined, resctrl: ResctrlFacts | null = empty): Launch {
  const config = { linux: { namespaces: [], ...(intelRdt ? { intelRdt } : {}) } };
  return createLaunch(inputOf({ config, facts: resctrl === null ? {} : { resctrl } }));
}

function made(intelRdt: object | undefined, resctrl?: ResctrlFacts | null) {
  const judgement = createJudgement();
  const group = newResctrlGroup(launchOf(intelRdt, resctrl), judgement.refuse);
  return {
    made: group.make.map(({ title }) => title),
    entered: group.enter.map(({ title }) => title),
    refused: judgement.refusals.map(refusalText).join(),
  };
}

test('nothing is touched for who does not ask', () => {
  assert.equal(made(undefined), { made: [], entered: [], refused: '' });
  assert.equal(removeResctrlGroup(launchOf(undefined), slot('dir'), slot('id')), []);
  assert.equal(joinResctrlGroup(launchOf(undefined), 'box'), []);
});

test('without resctrl, or the group that somebody was to make', () => {
  assert.match(made({ closID: 'a' }, null).refused, /resctrl is not mounted/);
  assert.match(made({ closID: 'a' }).refused, /`\/resctrl\/a`: it does not exist/);
});

test('a group of its own is called as the container', () => {
  assert.equal(made({ enableMonitoring: true }).made, [
    'make resctrl group /resctrl/ID',
    'make resctrl group /resctrl/ID/mon_groups/ID',
  ]);
});

test('a group is made with its lines, those of memBwSchema in the place of such in l3CacheSchema, schemata last', () => {
  const asked = {
    closID: 'a',
    l3CacheSchema: 'L3:0=f\nMB:0=10',
    memBwSchema: 'MB:0=20',
    schemata: ['L2:0=1', 'MB:0=30'],
  };
  assert.equal(made(asked).made, [
    'make resctrl group /resctrl/a',
    'set L3:0=f MB:0=20 L2:0=1 MB:0=30 of resctrl group /resctrl/a',
  ]);
});

test('one that is there stays as it is, or is refused', () => {
  const there = withGroup('    L3:0=00f;1=7ff\n');
  assert.equal(made({ closID: 'a', schemata: ['L3:0=f'] }, there), {
    made: [],
    entered: ['enter resctrl group /resctrl/a'],
    refused: '',
  });
  assert.match(made({ closID: 'a', schemata: ['L3:1=f'] }, there).refused, /`L3:1=f` does not hold/);
  assert.equal(made({ closID: '/' }, there).entered, ['enter resctrl group /resctrl']);
});

/** What becomes of the group, by what is there. */
function removal(
  closID: string | undefined,
  answers: Readonly<Record<string, number | ErrnoName>>,
  mode = 0o41755,
): boolean {
  const launch = launchOf({ ...(closID ? { closID } : {}), schemata: ['L3:0=f'] });
  const { calls, end } = walk(removeResctrlGroup(launch, slot('dir', 7), slot('id')), {
    // As the kernel and the record have it: the same number.
    call: name => answers[name] ?? { scan: 1, readlinkat: 5, format: 5 }[name],
    memory: (_, offset) => (offset === Statx.MODE ? mode : 0),
  });
  assert.is(end, 'through');
  return calls.some(call => call.startsWith('unlinkat'));
}

test('what was there before is not removed', () => {
  assert.not.ok(removal('a', { faccessat2: 'ENOENT' }));
});

test('a group whose name others may know is removed when nobody is in it', () => {
  assert.ok(removal('a', { read: 0 }));
  assert.not.ok(removal('a', { read: 1 }));
  assert.not.ok(removal('a', { openat: 'ENOENT' }));
});

test('one that is called as the container is its own, whoever has not been reaped yet', () => {
  assert.ok(removal(undefined, { read: 1 }));
});

test('one with another number is that of somebody else, whatever it is called', () => {
  for (const closID of ['a', undefined]) assert.not.ok(removal(closID, { scan: 0, read: 0 }));
});

test('a launch was killed before it knew the number: by the mark, and if nobody is in it', () => {
  for (const closID of ['a', undefined]) {
    assert.ok(removal(closID, { readlinkat: 'ENOENT', read: 0 }));
    assert.not.ok(removal(closID, { readlinkat: 'ENOENT', read: 1 }));
    assert.not.ok(removal(closID, { readlinkat: 'ENOENT', read: 0 }, 0o40755));
    assert.not.ok(removal(closID, { readlinkat: 'ENOENT', statx: 'ENOENT' }));
  }
});

/**
 * Through the real engine, in the place of resctrl a hierarchy of cgroups without controllers: its directories are of kernfs, too, have a file `tasks`, and go by rmdir(2).
 */
const kernfs = '/sys/fs/cgroup/systemd';
const hasKernfs = process.getuid?.() === 0 && existsSync(`${kernfs}/tasks`);

interface Lab {
  readonly group: string;
  readonly stateDir: string;
  /** `stop`: it is killed before that step of it. */
  run(does: 'make' | 'remove', stop?: number): string;
}

function withLab(closID: string | undefined, use: (lab: Lab) => void): void {
  const mount = mkdtempSync(`${kernfs}/chos-resctrl-test-`);
  const stateDir = mkdtempSync(join(scratch, 'state-'));
  const launch = launchOf({ ...(closID ? { closID } : {}), schemata: ['L3:0=f'] }, { mount, group: null });
  const group = join(mount, closID ?? 'box');
  const because = { kind: 'rule', rule: 'test' } as const;
  const dir = slot('dir');
  const ways = {
    // The group alone: `schemata` is not there.
    make: newResctrlGroup(launch, createJudgement().refuse).make.slice(0, 1),
    remove: [action({ title: 'remove', because }, removeResctrlGroup(launch, dir, launch.cells.id))],
  };
  const images = Object.fromEntries(
    Object.entries(ways).map(([name, actions]) => {
      const open = action({ title: 'open', because }, [
        move(launch.cells.id, text('box')),
        sys('openat', [AT_FDCWD, text(stateDir), launch.open.PATH, 0], { to: launch.cells.stateFd }),
        move(dir, launch.cells.stateFd),
      ]);
      const end = action({ title: 'end', because }, [exit(0)]);
      const track = { name: 'host', actions: [open, ...actions, end], failed: [exitReporting(1)] };
      const entries = [{ entry: 'run', track: 'host' }] as const;
      const image = encode({ arch, joins: false, tracks: [track], entries, parameters: new Map() });
      return [name, imageFile(image)];
    }),
  );
  try {
    use({
      ...{ group, stateDir },
      run(does, stop) {
        const environment = stop === undefined ? {} : { CHOS_STOP: `host:${stop}` };
        const { status, signal, err } = engine(['--engine-run', images[does] ?? '', 'run'], { environment });
        return signal ?? `${status} ${err}`;
      },
    });
  } finally {
    if (existsSync(group)) rmdirSync(group);
    rmdirSync(mount);
  }
}

if (hasKernfs)
  for (const closID of ['a', undefined])
    test(`killed at any step, ${closID ?? 'by the id'}: ours is removed, that of another is not`, () => {
      let stop = 1;
      for (let end = ''; end !== '0 '; stop++)
        withLab(closID, ({ group, run }) => {
          end = run('make', stop);
          assert.ok(end === 'SIGKILL' || end === '0 ', end);
          assert.is(run('remove'), '0 ');
          assert.not.ok(existsSync(group), `stopped before step ${stop}`);
        });
      assert.ok(stop > 8, `${stop} steps`);
      for (let at = 1; at < stop; at++)
        withLab(closID, ({ group, run }) => {
          run('make', at);
          if (existsSync(group)) rmdirSync(group);
          mkdirSync(group);
          assert.is(run('remove'), '0 ');
          assert.ok(existsSync(group), `another’s, after a stop before step ${at}`);
        });
    });

if (hasKernfs)
  test('somebody was quicker: the launch fails, and what takes it back leaves the group alone', () => {
    withLab('a', ({ group, run }) => {
      mkdirSync(group);
      assert.match(run('make'), /^1 .*make resctrl group .*: File exists/);
      assert.is(run('remove'), '0 ');
      assert.ok(existsSync(group));
    });
  });

test('exec and update find the group again', () => {
  const launch = launchOf({ closID: 'a', enableMonitoring: true }, withGroup(''));
  const steps = joinResctrlGroup(launch, 'box').flatMap(({ lines }) => lines);
  assert.equal(
    steps.flatMap(line => (line.kind === 'step' && line.template ? [line.template.join('')] : [])),
    ['/resctrl/a/tasks', '/resctrl/a/mon_groups/box/tasks'],
  );
  const changed = changeSchemata(launch, slot('id'), ['MB:0=20'], { kind: 'rule', rule: 'update' });
  assert.equal(
    changed.map(({ title }) => title),
    ['set MB:0=20 of resctrl group /resctrl/a'],
  );
  assert.equal(changeSchemata(launch, slot('id'), [], { kind: 'rule', rule: 'update' }), []);
});

test.run();
