/** Starts while the compiler runs as a service, on either JavaScript engine; and what becomes of that service. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICE_SCRATCH, SERVICE_SOCKET } from '../../spec/wire.js';
import {
  burstSteps,
  createSteps,
  crun,
  cycleSteps,
  firstExecSteps,
  listSteps,
  type Name,
  newCreateSteps,
  newCycleSteps,
  program,
  seriesStep,
  type Tools,
} from './contenders.js';
import type { Step } from './plan.js';
import {
  type Context,
  duty,
  newBundles,
  ofPodman,
  type Race,
  race,
  type Scenario,
  type Steps,
  type Wish,
} from './race.js';

const place = '/run/chos-runtime';
const services = { warm: 'node', 'warm, Bun': 'bun' } as const;
type Warm = keyof typeof services;
export const warmNames: readonly Name[] = [
  'warm',
  'warm, Bun',
  'crun',
  'crun, Debian 13',
  'crun, sid',
  'runc',
];

const isWarm = (name: string): name is Warm => name in services;
const socketOf = (name: Warm): string => join(place, `${services[name]}.sock`);
const pidFileOf = (name: Warm): string => `/run/bench-service-${services[name]}.pid`;

/**
 * Both services, each from when it has warmed up, in the namespaces of the callers; they end with them. Each has a socket of its own afterwards, which is the one that
 * is looked for during the turn of its contender.
 */
const script = (tools: Tools): string =>
  [
    'serve() { "$1" serve </dev/null >/dev/null 2>&1 & echo $! >"$3"',
    `while "$1" --debug list 2>&1 | grep -q 'was not used'; do kill -0 $! || exit 1; done`,
    `while [ "$(ls -A ${join(place, SERVICE_SCRATCH)})" ]; do kill -0 $! || exit 1; sleep 0.1; done`,
    `mv ${join(place, SERVICE_SOCKET)} "$2"`,
    '}',
    ...(['warm', 'warm, Bun'] as const)
      .map(name => [...program(name, tools), socketOf(name), pidFileOf(name)])
      .filter(([path = '']) => existsSync(path))
      .map(words => `serve ${words.join(' ')}`),
  ].join('; ');

export const withServices = ({ tools }: Pick<Context, 'tools'>): readonly (readonly string[])[] => [
  ['setup', '/bin/sh', '-c', script(tools)],
];

/** The turn of a contender that has a service; afterwards, that the service answered. */
export const inTurn = (name: string, tools: Tools, steps: readonly Step[]): readonly Step[] => {
  if (!isWarm(name)) return steps;
  const [chos = ''] = program(name, tools);
  return [
    { kind: 'quiet', argv: ['/bin/ln', '-f', socketOf(name), join(place, SERVICE_SOCKET)] },
    ...steps.map(step =>
      // Before the first round nobody has had a turn.
      step.kind === 'once'
        ? {
            ...step,
            argv: [
              '/bin/sh',
              '-c',
              `ln -f ${socketOf(name)} ${join(place, SERVICE_SOCKET)} && ${step.argv.join(' ')}`,
            ],
          }
        : step,
    ),
    { kind: 'quiet', argv: ['/bin/sh', '-c', `! ${chos} --debug list 2>&1 | grep 'was not used' >&2`] },
  ];
};

const warmly =
  (steps: Steps): Steps =>
  (name, tools, duty) =>
    inTurn(name, tools, steps(name, tools, duty));

/** Cold and warm do not run side by side: whoever finds the service is answered. */
const warm = (id: string, title: string, rounds: number, wish: Wish, steps: Steps): Scenario => ({
  id,
  title,
  rounds,
  set: context => ({
    ...race(context.tools, duty(id, context, wish), warmly(steps), warmNames),
    prepare: withServices(context),
  }),
});

const sleeping: Wish = { args: ['/bin/sleep', '1000'] };
const sleepingOfPodman: Wish = { ...sleeping, ...ofPodman };

/** As Podman asks: no start is quite like one before it. */
const neverSeen = (id: string, title: string, rounds: number, wish: Wish, steps: Steps): Scenario => ({
  id,
  title,
  rounds,
  set: context => {
    const one = duty(id, context, wish);
    return {
      ...race(context.tools, { ...one, bundle: newBundles(one, context) }, warmly(steps), warmNames),
      prepare: withServices(context),
    };
  },
});

const burst = (count: number, rounds: number): Scenario =>
  warm(`warm-${count}`, `${count} at once, warm`, rounds, { cgroups: true }, burstSteps(count));

/** So many of ours, and as many of crun's: each lists its own. */
const ALIVE = 500;
const alive = (context: Context): Race => {
  const { tools } = context;
  const count = context.quick ? 20 : ALIVE;
  const one = duty('alive', context, sleeping);
  const populate = (chos: string, options: string): string =>
    `for i in $(seq ${count}); do ${chos} ${options} create --bundle ${one.bundle} alive-$i && ${chos} start alive-$i || exit 1; done`;
  const all = [tools.chos, crun].filter(existsSync).map(path => populate(path, '--cgroup-manager=disabled'));
  const steps: Steps = (name, tools_, duty_) => [
    ...listSteps(name, tools_, duty_),
    ...createSteps(name, tools_, duty_),
  ];
  return {
    ...race(
      tools,
      one,
      warmly(steps),
      warmNames.filter(name => name !== 'runc'),
    ),
    prepare: [...withServices(context), ['setup', '/bin/sh', '-c', all.join('; ')]],
  };
};

/** What /proc says of a service. */
const memory = {
  resident: 'VmRSS:',
  'anonymous, resident': 'RssAnon:',
  'of files, resident': 'RssFile:',
  'its share (Pss)': 'Pss:',
};
const memorySteps = (name: Warm, kind: 'status' | 'last', when: string): readonly Step[] =>
  Object.entries(memory).map(([what, key]) => ({
    kind,
    label: `${when}: ${what}`,
    key,
    pidFile: pidFileOf(name),
  }));

/** One service gets all of them one after the other; crun gets fewer, which tells as much of one. */
const manySteps =
  (first: number, later: number): Steps =>
  (name, tools, duty_) => {
    const step = (label: string, count: number): readonly Step[] =>
      seriesStep(name, tools, duty_, label, count);
    if (!isWarm(name)) return [...step('the first', first), ...step('the later', first)];
    return [
      ...step('the first', first),
      ...memorySteps(name, 'status', `after ${first}`),
      ...step('the later', later),
      ...memorySteps(name, 'status', `after ${first + later}`),
      { kind: 'finish', argv: ['/bin/sleep', '4'] },
      ...memorySteps(name, 'last', 'at rest'),
      { kind: 'last', label: 'the most: resident', key: 'VmHWM:', pidFile: pidFileOf(name) },
    ];
  };

const many: Scenario = {
  id: 'service-10000',
  title: '10000 starts, one service',
  rounds: 1,
  apart: true,
  set: context => ({
    ...race(
      context.tools,
      duty('service-10000', context, {}),
      warmly(context.quick ? manySteps(20, 80) : manySteps(1000, 9000)),
      warmNames.filter(name => name !== 'runc'),
    ),
    prepare: withServices(context),
  }),
};

export const warmScenarios: readonly Scenario[] = [
  warm('warm-create', 'warm create, the same again', 30, sleeping, createSteps),
  neverSeen('warm-create-new', 'warm create, a bundle never seen', 30, sleeping, newCreateSteps),
  neverSeen(
    'warm-create-podman',
    'warm create, a bundle of Podman never seen, v1 cgroups',
    40,
    sleepingOfPodman,
    newCreateSteps,
  ),
  warm('cycle-warm', 'create + start + delete, warm, cgroups', 40, { cgroups: true }, cycleSteps),
  neverSeen(
    'cycle-podman-warm',
    'create + start + delete, warm, a bundle of Podman never seen, v1 cgroups',
    40,
    ofPodman,
    newCycleSteps,
  ),
  warm('warm-exec', 'warm exec of true, the first in its container', 30, sleeping, firstExecSteps),
  warm(
    'warm-exec-podman',
    'warm exec of true, the first in its container of Podman',
    30,
    sleepingOfPodman,
    firstExecSteps,
  ),
  burst(1, 60),
  burst(8, 25),
  burst(32, 15),
  { id: 'warm-alive', title: `${ALIVE} alive, warm`, rounds: 20, set: alive },
  many,
];
