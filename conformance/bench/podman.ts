/** Podman as a whole, with each runtime in turn: what its user waits for. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupsNamed, removeCgroups, withChildren } from '../harness/host-check.js';
import { crun, runc } from './contenders.js';
import type { Contestant, Outcome, Step } from './plan.js';
import type { Context, Race, Scenario } from './race.js';
import { inTurn, withServices } from './warm.js';

const podman = '/usr/bin/podman';
const podmanNames = ['cold', 'cold, Bun', 'crun', 'runc'] as const;
const warmNames = ['warm', 'warm, Bun', 'crun', 'runc'] as const;
type Name = (typeof podmanNames | typeof warmNames)[number];

const GROUP = 'chosbench-podman';
/** Podman never removes the groups that it makes for all its containers; nobody is in them when the timer has ended. */
const removeGroups = (): void => {
  removeCgroups(withChildren(cgroupsNamed(GROUP)));
};

const race = (
  context: Context,
  steps: (call: readonly string[], rest: Rest) => readonly Step[],
  names: readonly Name[] = podmanNames,
): Race => {
  const { tools, directory, rootfs } = context;
  const absent: Outcome[] = [];
  const contestants: Contestant[] = [];
  const { chos, bun } = tools;
  const runtimes: Readonly<Record<Name, string>> = {
    cold: chos,
    'cold, Bun': bun,
    warm: chos,
    'warm, Bun': bun,
    crun,
    runc,
  };
  for (const name of names) {
    const missing = [podman, runtimes[name]].find(path => !existsSync(path));
    if (missing !== undefined) {
      absent.push({ name, status: 'absent', reason: `${missing}: not there` });
      continue;
    }
    const place = join(directory, `podman-${name.replace(/\W+/g, '-')}`);
    const storage = ['root', 'runroot', 'tmpdir'].flatMap(part => {
      mkdirSync(join(place, part), { recursive: true });
      return [`--${part}`, join(place, part)];
    });
    const fixed = [
      '--cgroup-manager=cgroupfs',
      '--events-backend=file',
      '--storage-driver=vfs',
      `--runtime=${runtimes[name]}`,
    ];
    const options = ['--network=none', `--cgroup-parent=${GROUP}`];
    const call = [podman, ...storage, ...fixed];
    contestants.push({ name, steps: inTurn(name, tools, steps(call, { options, rootfs })) });
  }
  return { contestants, absent };
};

interface Rest {
  readonly options: readonly string[];
  readonly rootfs: string;
}

const runSteps = (call: readonly string[], { options, rootfs }: Rest): readonly Step[] => [
  {
    kind: 'time',
    label: 'run',
    argv: [...call, 'run', '--rm', ...options, '--rootfs', rootfs, '/bin/true'],
  },
];

const execSteps = (call: readonly string[], { options, rootfs }: Rest): readonly Step[] => [
  {
    kind: 'once',
    argv: [...call, 'run', '--detach', '--name=bench', ...options, '--rootfs', rootfs, '/bin/sleep', '1000'],
  },
  { kind: 'time', label: 'exec', argv: [...call, 'exec', 'bench', '/bin/true'] },
  { kind: 'finish', argv: [...call, 'rm', '--force', '--time=0', 'bench'] },
];

const cold = (id: string, title: string, steps: typeof runSteps): Scenario => ({
  id,
  title,
  rounds: 30,
  clean: removeGroups,
  set: context => race(context, steps),
});

/** Podman writes the mounts and variables of an image in a dozen orders: until all have been seen. */
const ORDERS = 24;
const againSteps: typeof runSteps = (call, rest) => {
  const steps = runSteps(call, rest);
  const many = steps.flatMap(step =>
    step.kind === 'time'
      ? [
          {
            kind: 'once' as const,
            argv: ['/bin/sh', '-c', `for i in $(seq ${ORDERS}); do ${step.argv.join(' ')}; done`],
          },
        ]
      : [],
  );
  return [...many, ...steps];
};

const warm = (id: string, title: string, steps: typeof runSteps): Scenario => ({
  ...cold(id, title, steps),
  set: context => ({ ...race(context, steps, warmNames), prepare: withServices(context) }),
});

export const podmanScenarios: readonly Scenario[] = [
  cold('podman-run', 'podman run --rm', runSteps),
  { ...cold('podman-run-again', 'podman run --rm, again', againSteps), again: true },
  warm('podman-run-warm', 'podman run --rm, warm', runSteps),
  cold('podman-exec', 'podman exec', execSteps),
  warm('podman-exec-warm', 'podman exec, warm', execSteps),
];
