/** A driver is a file and a row in the table: this one has its groups made by somebody else, by messages about a process that is there. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CgroupDriverName } from '../../../spec/cgroup-drivers.js';
import { admitProcess } from '../../admit/admit.js';
import type { Action, Program } from '../../program/action.js';
import { buffer, ref, type Slot, slot, text } from '../../program/operand.js';
import { recv, send, store, sys } from '../../program/step.js';
import { action } from '../../program/test/action.js';
import { compileExec, compileLaunch } from '../compile.js';
import { createLaunch, type Launch, rule } from '../launch/launch.js';
import { compileRestore } from '../restore.js';
import { compileLifecycle } from '../stored/lifecycle.js';
import { inputOf, layouts } from '../test/input.js';
import { directoryGroups } from './directory-groups.js';
import type { CgroupDriver } from './driver.js';
import { drivers } from './drivers.js';
import { birthAnywhere } from './enter.js';
import { joinGroups } from './join.js';
import { planCgroups } from './plan.js';

const NAME = 'double' as CgroupDriverName;
const because = rule('a test');

/** Its own way to remove them; the rest by their directories. */
function groupsOf(launch: Launch, id: Slot) {
  const groups = directoryGroups(launch, NAME, planCgroups(launch.facts.cgroup, '/its.slice/box.scope', id));
  const bus = slot('double_bus', -1);
  return { ...groups, remove: () => [send(bus, text('stop'), 4), ...groups.remove()] };
}

const double: CgroupDriver = {
  create: launch => {
    const bus = slot('double_bus', -1);
    const request = buffer('double_request', 64);
    const answer = buffer('double_answer', 64);
    const size = slot('double_size');
    const adopt = (pid: Slot): Action =>
      action({ title: 'double: have it adopted', because }, [
        store('U32', request, 0, pid),
        send(bus, request, 64),
        recv(bus, answer, { to: size }),
      ]);
    const limit = action({ title: 'double: limit', because }, []);
    return {
      ...groupsOf(launch, launch.cells.id),
      check: [action({ title: 'double: connect', because }, [sys('socket', [1, 1, 0], { to: bus })])],
      make: [],
      limit: [],
      birth: birthAnywhere,
      letGo: [sys('close', [bus])],
      adopt: pid => [adopt(pid), limit],
      adoptMaker: pid => ({ adopt: [adopt(pid)], limit: [limit] }),
      enter: [action({ title: 'double: enter', because }, [])],
    };
  },
  find: (launch, { id }) => groupsOf(launch, id),
  join: (launch, given, refuse) => {
    const joined = joinGroups(launch, given, refuse);
    return { ...joined, open: [action({ title: 'double: find', because }, []), ...joined.open] };
  },
  update: (_launch, { id }) => [
    action({ title: 'double: limit', because }, [send(slot('double_bus', -1), ref(id), 4)]),
  ],
};

/** The table with one row more. */
const table = drivers as Record<CgroupDriverName, CgroupDriver>;
test.before(() => {
  table[NAME] = double;
});
test.after(() => {
  delete (table as Partial<typeof table>)[NAME];
});

const input = inputOf({
  config: { linux: { namespaces: [] } },
  facts: { cgroup: layouts.v2 },
  options: { cgroupManager: NAME },
});
const foreground = { ...input, options: { ...input.options, entry: 'run', detach: false } } as const;

function programOf(compiled: ReturnType<typeof compileLaunch>): Program {
  if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.refusals));
  return compiled.program;
}

const actionsOf = ({ tracks }: Program, name: string): readonly Action[] =>
  tracks.find(track => track.name === name)?.actions ?? [];
const titlesOf = (program: Program, name: string): readonly string[] =>
  actionsOf(program, name).map(({ title }) => title);

function inOrder(all: readonly string[], titles: readonly string[]): void {
  assert.equal(
    all.filter(title => titles.includes(title)),
    titles,
    all.join('\n'),
  );
}

test('its messages stand between clone and go, and init enters behind them', () => {
  const program = programOf(compileLaunch(input));
  inOrder(titlesOf(program, 'create'), [
    'double: connect',
    'make the state directory',
    'start init',
    'double: have it adopted',
    'double: limit',
    'record init in state.json',
    'let init go on',
  ]);
  inOrder(titlesOf(program, 'init'), [
    'begin as init',
    'wait until the host has recorded this process',
    'double: enter',
    'start a new session',
  ]);
});

test('of a restore CRIU is adopted before it begins, and limits come when it has done its work', () => {
  const { environment: _, ...rest } = input;
  const asked = {
    program: '/usr/sbin/criu',
    images: '/images',
    work: '/images',
    flags: [],
    cgroupMode: 'soft',
    emptyNamespaces: [],
    tcpClose: false,
    lsmProfile: null,
    lsmMountContext: null,
    streams: [],
  } as const;
  const program = programOf(compileRestore({ ...rest, id: 'box', root: '/bundle/rootfs', asked }));
  inOrder(titlesOf(program, 'run'), [
    'double: connect',
    'make the state directory',
    'start /usr/sbin/criu',
    'double: have it adopted',
    'let CRIU begin',
    'ask CRIU for the restore',
    'record init in state.json',
    'wait for CRIU: post-restore',
    'double: limit',
  ]);
  inOrder(titlesOf(program, 'criu'), [
    'begin as CRIU',
    'wait for the cgroups',
    'double: enter',
    'execute /usr/sbin/criu',
  ]);
});

test('no other driver makes anything beside it', () => {
  const program = programOf(compileLaunch(input));
  const made = titlesOf(program, 'create').filter(title => /cgroup|scope/.test(title));
  assert.equal(made, []);
});

test('state.json names it, and the directories', () => {
  const record = actionsOf(programOf(compileLaunch(input)), 'create').find(
    ({ title }) => title === 'record init in state.json',
  );
  const written = record?.lines.flatMap(line => (line.kind === 'step' ? (line.template ?? []) : [])).join('');
  assert.match(
    written ?? '',
    '"chos":{"cgroupManager":"double","cgroups":["/sys/fs/cgroup/its.slice/box.scope"]',
  );
});

/** How many messages an action sends. */
const sent = (program: Program, track: string, title: string): number =>
  actionsOf(program, track)
    .filter(one => one.title === title)
    .flatMap(({ lines }) => lines)
    .filter(line => line.kind === 'step' && line.op === 'SEND').length;

test('it removes what it made: delete, and the end of a run in the foreground', () => {
  assert.is(sent(compileLifecycle(createLaunch(input)), 'delete', 'remove the cgroups'), 1);
  assert.is(sent(programOf(compileLaunch(foreground)), 'run', 'stay in the foreground'), 1);
});

test('exec asks the driver that state.json names', () => {
  const { config } = input.spec;
  const admitted = admitProcess({ file: 'process.json', text: JSON.stringify(config.process) });
  if (admitted.kind === 'refused') throw new Error('refused');
  const exec = (cgroupManager: CgroupDriverName): Program => {
    const chos = { cgroupManager, cgroups: [], backEnd: 'private', link: null, shared: false };
    return programOf(
      compileExec({
        config: input.spec,
        process: admitted.spec,
        facts: input.facts,
        state: { id: 'box', pid: 7, pidStart: '9', bundle: '/bundle', annotations: {}, chos },
        options: {
          console: false,
          pidfdSocket: false,
          detach: true,
          ignorePaused: false,
          environmentEntries: [],
          cgroups: [],
        },
      }),
    );
  };
  assert.ok(titlesOf(exec(NAME), 'exec').includes('double: find'));
  assert.not(titlesOf(exec('cgroupfs'), 'exec').includes('double: find'));
});

test.run();
