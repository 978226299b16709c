/** The list of scenarios: what is prepared, who takes part, how often. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  commandSteps,
  createSteps,
  cycleSteps,
  execSteps,
  firstExecSteps,
  type Name,
  names,
  newCreateSteps,
  newCycleSteps,
  newExecSteps,
  runSteps,
  type Tools,
} from './contenders.js';
import { importScenarios } from './imports.js';
import { pinnedScenarios } from './pinned.js';
import type { Contestant } from './plan.js';
import { podmanScenarios } from './podman.js';
import { duty, namedBundles, ofPodman, race, type Scenario, type Wish } from './race.js';
import { usersScenario } from './users.js';
import { warmScenarios } from './warm.js';
import { whoScenarios } from './who.js';

/** Who starts containers with nothing else at work. */
const whole = names.filter(name => !name.startsWith('warm'));

const run = (id: string, title: string, rounds: number, wish: Wish, gap = 0): Scenario => ({
  id,
  title,
  rounds,
  gap,
  set: context => race(context.tools, duty(id, context, wish), runSteps, whole),
});

/** With so many bind mounts more on the host. */
const besideMounts = (count: number, { set, ...rest }: Scenario): Scenario => ({
  ...rest,
  set: context => {
    const { prepare = [], ...all } = set(context);
    return { ...all, prepare: [...prepare, ['binds', join(context.directory, 'shares'), `${count}`]] };
  },
});

const withHostMounts = (count: number): Scenario =>
  besideMounts(count, run(`mounts-${count}`, `run, ${count} more host mounts`, count > 1000 ? 12 : 25, {}));

const living: readonly Name[] = [
  'cold',
  'cold, Bun',
  'floor',
  'crun',
  'crun, Debian 13',
  'crun, sid',
  'runc',
];
const withoutFloor = living.filter(name => name !== 'floor');

const cycle = (id: string, title: string, wish: Wish): Scenario => ({
  id,
  title,
  rounds: 40,
  set: context => race(context.tools, duty(id, context, wish), cycleSteps, living),
});

const sleeping: Wish = { args: ['/bin/sleep', '1000'] };
const ofPodmanSleeping: Wish = { ...sleeping, ...ofPodman };

/**
 * The JavaScript engines themselves beside a cold start, as ours starts them: Node with its flags and nothing to do, and an empty program compiled by Bun. What a cold
 * start takes more is our TypeScript; what they take is the least that it can.
 */
const enginesAlone = ({ node, emptyBun }: Tools): readonly Contestant[] =>
  [
    { name: 'node', argv: [...node, '-e', '0'] },
    ...(existsSync(emptyBun) ? [{ name: 'empty, Bun', argv: [emptyBun] }] : []),
  ].map(({ name, argv }) => ({
    name,
    steps: [{ kind: 'time', label: 'create', argv: ['/usr/bin/env', '-i', ...argv] }],
  }));

/** One command on a container that sleeps. */
const simple = (id: string, title: string, wish: Wish, steps: typeof execSteps): Scenario => ({
  id,
  title,
  rounds: 30,
  set: context => race(context.tools, duty(id, context, wish), steps, withoutFloor),
});

/** As Podman starts containers of one image: each has names of its own. */
const named = (id: string, title: string, wish: Wish, steps: typeof execSteps): Scenario => ({
  id,
  title,
  rounds: 40,
  again: true,
  set: context => {
    const one = duty(id, context, wish);
    return race(context.tools, { ...one, bundle: namedBundles(one, context) }, steps, withoutFloor);
  },
});

export const scenarios: readonly Scenario[] = [
  run('run', 'run, no cgroups', 80, {}),
  run('run-spaced', 'run, no cgroups, every 250 ms', 20, {}, 250),
  run('run-seccomp', "run, no cgroups, Podman's seccomp", 60, { seccomp: true }),
  run('run-cgroups', 'run, cgroups', 60, { cgroups: true }),
  run('run-cgroups-spaced', 'run, cgroups, every 250 ms', 20, { cgroups: true }, 250),
  run('run-cgroups-seccomp', "run, cgroups, Podman's seccomp", 40, { cgroups: true, seccomp: true }),
  run('shares-0', 'run, no bind mounts', 30, {}),
  run('shares-100', 'run, 100 bind mounts', 30, { shares: 100 }),
  run('shares-1000', 'run, 1000 bind mounts', 12, { shares: 1000 }),
  withHostMounts(0),
  withHostMounts(1000),
  withHostMounts(5000),
  cycle('cycle', 'create + start + delete, no cgroups', {}),
  cycle('cycle-cgroups', 'create + start + delete, cgroups', { cgroups: true }),
  {
    ...cycle('cycle-again', 'create + start + delete, again, no service', { cgroups: true }),
    again: true,
  },
  {
    id: 'commands',
    title: 'one command',
    rounds: 40,
    set: context => race(context.tools, duty('commands', context, sleeping), commandSteps, living),
  },
  {
    id: 'cold-create',
    title: 'cold create',
    rounds: 30,
    set: context => {
      const all = race(context.tools, duty('cold-create', context, sleeping), createSteps, withoutFloor);
      return { ...all, contestants: [...all.contestants, ...enginesAlone(context.tools)] };
    },
  },
  {
    ...simple('create-again', 'create, the same again, no service', sleeping, createSteps),
    again: true,
  },
  {
    ...besideMounts(
      1000,
      simple(
        'create-again-mounts',
        'create, the same again, 1000 more host mounts, no service',
        sleeping,
        createSteps,
      ),
    ),
    again: true,
  },
  simple('cold-exec', 'cold exec of true, the first in its container', sleeping, firstExecSteps),
  simple('exec-again', 'exec of true, again, no service', sleeping, execSteps),
  simple('exec-again-new', 'exec of true, again with other arguments, no service', sleeping, newExecSteps),
  simple('cold-create-podman', 'cold create, a bundle of Podman, v1 cgroups', ofPodmanSleeping, createSteps),
  cycle('cycle-podman', 'create + start + delete, a bundle of Podman, v1 cgroups', ofPodman),
  named(
    'create-again-podman',
    'create, a bundle of Podman again, no service',
    ofPodmanSleeping,
    newCreateSteps,
  ),
  named(
    'cycle-again-podman',
    'create + start + delete, a bundle of Podman again, no service',
    ofPodman,
    newCycleSteps,
  ),
  simple(
    'cold-exec-podman',
    'cold exec of true, the first in its container of Podman',
    ofPodmanSleeping,
    firstExecSteps,
  ),
  simple(
    'exec-again-podman',
    'exec of true in a container of Podman, again, no service',
    ofPodmanSleeping,
    execSteps,
  ),
  simple(
    'exec-again-podman-new',
    'exec of true in a container of Podman, again with other arguments, no service',
    ofPodmanSleeping,
    newExecSteps,
  ),
  ...warmScenarios,
  ...podmanScenarios,
  usersScenario,
  ...whoScenarios,
  ...importScenarios,
  ...pinnedScenarios,
];
