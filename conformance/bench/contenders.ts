/** The runtimes of the race: how each is called for the same duty. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from './plan.js';

export const names = [
  'compiled',
  'cold',
  'cold, Bun',
  'warm',
  'warm, Bun',
  'floor',
  'crun',
  'crun, Debian 13',
  'crun, sid',
  'runc',
] as const;
export type Name = (typeof names)[number];

/** The suites of Debian whose crun takes part, too, and the contender that it is. */
export const suites = { 'crun, Debian 13': 'trixie', 'crun, sid': 'sid' } as const;

export interface Tools {
  readonly chos: string;
  /** The same with Bun in the place of Node. */
  readonly bun: string;
  /** Node with the flags that the engine gives it. */
  readonly node: readonly string[];
  /** An empty program compiled by Bun. */
  readonly emptyBun: string;
  readonly floor: string;
  readonly timer: string;
  /** What `crun-of` has made, by suite; what is not there could not be made. */
  readonly trees: Readonly<Partial<Record<(typeof suites)[keyof typeof suites], string>>>;
}

/** One duty of one scenario, as all contenders get it. */
export interface Duty {
  readonly directory: string;
  readonly bundle: string;
  readonly rootfs: string;
  readonly args: readonly string[];
  readonly cgroups: boolean;
  readonly seccomp: boolean;
  readonly sharesFile?: string;
}

export const crun = '/usr/bin/crun';
export const runc = '/usr/bin/runc';
const plain = (name: Name): string => name.replace(/[^a-z0-9]+/gi, '-');
const pidFile = (name: Name): string => `/run/bench-${plain(name)}.pid`;
const id = (name: Name): string => `chosbench-${plain(name)}`;

/** crun of another suite, run by the loader of its tree: nothing of it is installed. */
const inTree = (tree: string | undefined): readonly string[] => {
  const of = (path: string): string => join(tree ?? '/nonexistent', 'tree/usr', path);
  const libraries = of('lib/x86_64-linux-gnu');
  return [join(libraries, 'ld-linux-x86-64.so.2'), '--library-path', libraries, of('bin/crun')];
};

/** The command, as far as it is the same for all that is asked of it. */
export const program = (name: Name, { chos, bun, floor, trees }: Tools): readonly string[] =>
  ({
    compiled: [chos],
    cold: [chos],
    'cold, Bun': [bun],
    warm: [chos],
    'warm, Bun': [bun],
    floor: [floor],
    crun: [crun],
    'crun, Debian 13': inTree(trees.trixie),
    'crun, sid': inTree(trees.sid),
    runc: [runc],
  })[name];

/** Why a contender cannot take part on this machine, or undefined. */
export const absence = (name: Name, tools: Tools): string | undefined => {
  const path = program(name, tools).at(-1) ?? '';
  return existsSync(path) ? undefined : `${path}: not there`;
};

/** runc has no way to leave cgroups alone: it runs with its own default. */
const driver = (name: Name, duty: Duty): readonly string[] =>
  duty.cgroups || name === 'runc' || name === 'floor' ? [] : ['--cgroup-manager', 'disabled'];

const floorOptions = (duty: Duty): readonly string[] => [
  ...(duty.cgroups ? ['--cgroups'] : []),
  ...(duty.seccomp ? ['--seccomp', join(duty.directory, 'filter.bpf')] : []),
  ...(duty.sharesFile ? ['--shares', duty.sharesFile] : []),
];

/** The floor loads the very filter that crun and libseccomp make of the profile: crun leaves it in its state. */
const takeFilter = (duty: Duty): Step => {
  const state = '/run/crun/chosbench-filter';
  const make = `${crun} --cgroup-manager=disabled create --bundle ${duty.bundle} chosbench-filter`;
  const copy = `cp ${state}/seccomp.bpf ${join(duty.directory, 'filter.bpf')}`;
  return {
    kind: 'once',
    argv: ['/bin/sh', '-c', `${make} && ${copy}; ${crun} delete --force chosbench-filter`],
  };
};

const executable = (duty: Duty): string => `${duty.bundle}.run`;

const compileOnce = (tools: Tools, duty: Duty): Step => ({
  kind: 'once',
  argv: [tools.chos, ...driver('compiled', duty), 'compile', duty.bundle, '-o', executable(duty)],
});

const preparation = (name: Name, tools: Tools, duty: Duty): readonly Step[] => {
  if (name === 'compiled') return [compileOnce(tools, duty)];
  return name === 'floor' && duty.seccomp ? [takeFilter(duty)] : [];
};

/** `run`, from nothing to the end of the container's process. */
export const runSteps = (name: Name, tools: Tools, duty: Duty): readonly Step[] => {
  const command = [...program(name, tools), ...driver(name, duty), 'run', '--bundle', duty.bundle, id(name)];
  const own: Partial<Record<Name, readonly string[]>> = {
    compiled: [executable(duty), '--id', id(name)],
    floor: [tools.floor, ...floorOptions(duty), 'run', duty.rootfs, id(name), ...duty.args],
  };
  const argv = own[name] ?? command;
  return [
    ...preparation(name, tools, duty),
    { kind: 'time', label: 'run', argv },
    { kind: 'finish', argv: deleteArgv(name, tools, ['--force']) },
  ];
};

const deleteArgv = (name: Name, tools: Tools, options: readonly string[]): readonly string[] => [
  ...program(name, tools),
  'delete',
  ...(name === 'floor' ? [] : options),
  id(name),
];

export const createArgv = (name: Name, tools: Tools, duty: Duty): readonly string[] =>
  name === 'floor'
    ? [
        tools.floor,
        ...floorOptions(duty),
        '--pid-file',
        pidFile(name),
        'create',
        duty.rootfs,
        id(name),
        ...duty.args,
      ]
    : [
        ...program(name, tools),
        ...driver(name, duty),
        'create',
        '--bundle',
        duty.bundle,
        '--pid-file',
        pidFile(name),
        id(name),
      ];

/** So many at the same moment. */
export const burstSteps =
  (count: number): ((name: Name, tools: Tools, duty: Duty) => readonly Step[]) =>
  (name, tools, duty) => {
    const tool = program(name, tools);
    const run = [...tool, ...driver(name, duty), 'run', '--bundle', duty.bundle, `${id(name)}-{i}`];
    const remove = deleteArgv(name, tools, ['--force']).join(' ');
    return [
      { kind: 'burst', label: 'one', count, argv: run },
      { kind: 'finish', argv: ['/bin/sh', '-c', `for i in $(seq 0 ${count - 1}); do ${remove}-$i; done`] },
    ];
  };

/** So many one after the other. */
export const seriesStep = (
  name: Name,
  tools: Tools,
  duty: Duty,
  label: string,
  count: number,
): readonly Step[] => [
  {
    kind: 'series',
    label,
    count,
    argv: [...program(name, tools), ...driver(name, duty), 'run', '--bundle', duty.bundle, `${id(name)}-{i}`],
  },
];

/** Every command on a container that goes on running, and what its init costs while it waits for `start`. */
export const commandSteps = (name: Name, tools: Tools, duty: Duty): readonly Step[] => {
  const tool = program(name, tools);
  return [
    { kind: 'time', label: 'create', argv: createArgv(name, tools, duty) },
    { kind: 'resident', label: 'init', pidFile: pidFile(name) },
    { kind: 'time', label: 'start', argv: [...tool, 'start', id(name)] },
    { kind: 'time', label: 'state', argv: [...tool, 'state', id(name)] },
    { kind: 'time', label: 'kill', argv: [...tool, 'kill', id(name), '9'] },
    { kind: 'await', pidFile: pidFile(name) },
    { kind: 'time', label: 'delete', argv: deleteArgv(name, tools, []) },
    { kind: 'finish', argv: deleteArgv(name, tools, ['--force']) },
  ];
};

/** `argv` with what follows the name of the container, its last word. */
const followed = (argv: readonly string[], again: string): readonly string[] => [
  ...argv.slice(0, -1),
  `${argv.at(-1)}${again}`,
];

/** create + start + delete as one figure: the timer's rows of one label are added up. `again`: what follows the name of the container. */
const lifeSteps = (name: Name, tools: Tools, duty: Duty, again: string): readonly Step[] => [
  ...preparation(name, tools, duty),
  { kind: 'time', label: 'create', argv: followed(createArgv(name, tools, duty), again) },
  { kind: 'time', label: 'start', argv: [...program(name, tools), 'start', `${id(name)}${again}`] },
  { kind: 'await', pidFile: pidFile(name) },
  { kind: 'time', label: 'delete', argv: followed(deleteArgv(name, tools, []), again) },
  { kind: 'finish', argv: followed(deleteArgv(name, tools, ['--force']), again) },
];

export const cycleSteps: Steps = (name, tools, duty) => lifeSteps(name, tools, duty, '');

export const newCycleSteps: Steps = (name, tools, duty) => lifeSteps(name, tools, duty, '-{n}');

/** Only create is measured. `again`: what follows the name of the container. */
const createdSteps = (name: Name, tools: Tools, duty: Duty, again: string): readonly Step[] => {
  const remove = followed(deleteArgv(name, tools, ['--force']), again);
  return [
    { kind: 'time', label: 'create', argv: followed(createArgv(name, tools, duty), again) },
    { kind: 'quiet', argv: remove },
    { kind: 'finish', argv: remove },
  ];
};

type Steps = (name: Name, tools: Tools, duty: Duty) => readonly Step[];

export const createSteps: Steps = (name, tools, duty) => createdSteps(name, tools, duty, '');

/** Each round another name and, where the duty's bundle has the number of the round in its path, another bundle. */
export const newCreateSteps: Steps = (name, tools, duty) => createdSteps(name, tools, duty, '-{n}');

export const listSteps: Steps = (name, tools) => [
  { kind: 'time', label: 'list', argv: [...program(name, tools), 'list'] },
];

/** One more process in a container that runs. */
const startedSteps = (
  name: Name,
  tools: Tools,
  duty: Duty,
  ...command: readonly string[]
): readonly Step[] => {
  const tool = program(name, tools);
  return [
    { kind: 'once', argv: createArgv(name, tools, duty) },
    { kind: 'once', argv: [...tool, 'start', id(name)] },
    { kind: 'time', label: 'exec', argv: [...tool, 'exec', id(name), ...command] },
    { kind: 'finish', argv: deleteArgv(name, tools, ['--force']) },
  ];
};

export const execSteps: Steps = (name, tools, duty) => startedSteps(name, tools, duty, '/bin/true');

/** The first in its container, which is another each round. */
export const firstExecSteps: Steps = (name, tools, duty) => {
  const tool = program(name, tools);
  const remove = deleteArgv(name, tools, ['--force']);
  return [
    { kind: 'quiet', argv: createArgv(name, tools, duty) },
    { kind: 'quiet', argv: [...tool, 'start', id(name)] },
    { kind: 'time', label: 'exec', argv: [...tool, 'exec', id(name), '/bin/true'] },
    { kind: 'quiet', argv: remove },
    { kind: 'finish', argv: remove },
  ];
};

/** Each round another command. */
export const newExecSteps: Steps = (name, tools, duty) => startedSteps(name, tools, duty, '/bin/true', '{n}');
