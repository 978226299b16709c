/** The list of scenarios: what is prepared, who takes part, how often. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeShares, writeBundle } from './bundle.js';
import {
  absence,
  burstSteps,
  commandSteps,
  createSteps,
  cycleSteps,
  type Duty,
  execSteps,
  type Name,
  names,
  runSteps,
  serveScript,
  type Tools,
} from './contenders.js';
import { importScenarios } from './imports.js';
import { pinnedScenarios } from './pinned.js';
import type { Contestant, Outcome, Step } from './plan.js';
import { podmanScenarios } from './podman.js';
import { usersScenario } from './users.js';
import { whoScenarios } from './who.js';

export interface Context {
  readonly tools: Tools;
  readonly directory: string;
  readonly rootfs: string;
}

export interface Race {
  readonly contestants: readonly Contestant[];
  readonly absent: readonly Outcome[];
  /** Preparation in the private namespace, after the standard one. */
  readonly prepare?: readonly (readonly string[])[];
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** Times each contender runs in a full benchmark. */
  readonly rounds: number;
  /** Pause before each measured command, in milliseconds. */
  readonly gap?: number;
  readonly set: (context: Context) => Race;
  /** Afterwards, on the host. */
  readonly clean?: () => void;
}

type Steps = (name: Name, tools: Tools, duty: Duty) => readonly Step[];

/** Everybody who is there does the same duty. */
const race = (tools: Tools, duty: Duty, steps: Steps, who: readonly Name[]): Race => {
  const absent: Outcome[] = [];
  const contestants: Contestant[] = [];
  for (const name of who) {
    const reason = absence(name, tools);
    if (reason === undefined) contestants.push({ name, steps: steps(name, tools, duty) });
    else absent.push({ name, status: 'absent', reason });
  }
  return { contestants, absent };
};

interface Wish {
  readonly cgroups?: boolean;
  readonly seccomp?: boolean;
  readonly shares?: number;
  readonly args?: readonly string[];
}

const duty = (id: string, context: Context, wish: Wish): Duty => {
  const { directory, rootfs } = context;
  const cgroups = wish.cgroups ?? false;
  const seccomp = wish.seccomp ?? false;
  const args = wish.args ?? ['/bin/true'];
  const shares = makeShares(directory, rootfs, wish.shares ?? 0);
  const sharesFile = join(directory, `${id}.shares`);
  writeFileSync(sharesFile, shares.map(pair => `${pair.join(' ')}\n`).join(''));
  const bundle = writeBundle(directory, id, rootfs, { args, shares, seccomp, pidsLimit: cgroups });
  return {
    directory,
    bundle,
    rootfs,
    args,
    cgroups,
    seccomp,
    ...(shares.length ? { sharesFile } : {}),
  };
};

/** Who starts containers with nothing else at work. */
const whole = names.filter(name => name !== 'warm');

const run = (id: string, title: string, rounds: number, wish: Wish, gap = 0): Scenario => ({
  id,
  title,
  rounds,
  gap,
  set: context => race(context.tools, duty(id, context, wish), runSteps, whole),
});

const withHostMounts = (count: number): Scenario => {
  const id = `mounts-${count}`;
  const { set, ...rest } = run(id, `run, ${count} more host mounts`, count > 1000 ? 12 : 25, {});
  return {
    ...rest,
    set: context => ({
      ...set(context),
      prepare: [['binds', join(context.directory, 'shares'), `${count}`]],
    }),
  };
};

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

/** Bare Node, as the engine starts it, beside a cold start: the difference is what our TypeScript takes. */
const node: Contestant = {
  name: 'node',
  steps: [{ kind: 'time', label: 'create', argv: ['/usr/bin/env', '-i', process.execPath, '-e', '0'] }],
};

/** In the namespaces of the callers; it ends with them. */
const withService = ({ tools }: Context): readonly (readonly string[])[] => [
  ['setup', '/bin/sh', '-c', serveScript(tools.chos)],
];

/** Cold and warm do not run side by side: whoever finds the service is answered. */
const warm = (id: string, title: string, rounds: number, wish: Wish, steps: Steps): Scenario => ({
  id,
  title,
  rounds,
  set: context => ({
    ...race(context.tools, duty(id, context, wish), steps, [
      'warm',
      'crun',
      'crun, Debian 13',
      'crun, sid',
      'runc',
    ]),
    prepare: withService(context),
  }),
});

const warmScenarios: readonly Scenario[] = [
  warm('warm-create', 'warm create', 30, sleeping, createSteps),
  warm('cycle-warm', 'create + start + delete, warm, cgroups', 40, { cgroups: true }, cycleSteps),
  warm('warm-exec', 'warm exec of true', 30, sleeping, execSteps),
  warm('warm-32', '32 at once, warm', 10, { cgroups: true }, burstSteps(32)),
];

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
      return { ...all, contestants: [...all.contestants, node] };
    },
  },
  {
    id: 'cold-exec',
    title: 'cold exec of true',
    rounds: 30,
    set: context => race(context.tools, duty('cold-exec', context, sleeping), execSteps, withoutFloor),
  },
  ...warmScenarios,
  ...podmanScenarios,
  usersScenario,
  ...whoScenarios,
  ...importScenarios,
  ...pinnedScenarios,
];
