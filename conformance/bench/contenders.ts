/** The runtimes of the race: how each is called for the same duty. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from './plan.js';

export const names = ['compiled', 'cold', 'floor', 'crun', 'runc'] as const;
export type Name = (typeof names)[number];

export interface Tools {
  readonly chos: string;
  readonly floor: string;
  readonly timer: string;
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
const pidFile = (name: Name): string => `/run/bench-${name}.pid`;
const id = (name: Name): string => `chosbench-${name}`;

/** Why a contender cannot take part on this machine, or undefined. */
export const absence = (name: Name, tools: Tools): string | undefined => {
  const path = { compiled: tools.chos, cold: tools.chos, floor: tools.floor, crun, runc }[name];
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

const program = (name: Name, tools: Tools): string =>
  ({ compiled: tools.chos, cold: tools.chos, floor: tools.floor, crun, runc })[name];

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
  const argv = {
    compiled: [executable(duty), '--id', id(name)],
    cold: [tools.chos, ...driver(name, duty), 'run', '--bundle', duty.bundle, id(name)],
    floor: [tools.floor, ...floorOptions(duty), 'run', duty.rootfs, id(name), ...duty.args],
    crun: [crun, ...driver(name, duty), 'run', '--bundle', duty.bundle, id(name)],
    runc: [runc, 'run', '--bundle', duty.bundle, id(name)],
  }[name];
  return [
    ...preparation(name, tools, duty),
    { kind: 'time', label: 'run', argv },
    { kind: 'finish', argv: deleteArgv(name, tools, ['--force']) },
  ];
};

const deleteArgv = (name: Name, tools: Tools, options: readonly string[]): readonly string[] => [
  program(name, tools),
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
        program(name, tools),
        ...driver(name, duty),
        'create',
        '--bundle',
        duty.bundle,
        '--pid-file',
        pidFile(name),
        id(name),
      ];

/** create + start + delete as one figure: the timer's rows of one label are added up. */
export const cycleSteps = (name: Name, tools: Tools, duty: Duty): readonly Step[] => [
  { kind: 'time', label: 'create', argv: createArgv(name, tools, duty) },
  { kind: 'time', label: 'start', argv: [program(name, tools), 'start', id(name)] },
  { kind: 'await', pidFile: pidFile(name) },
  { kind: 'time', label: 'delete', argv: deleteArgv(name, tools, []) },
  { kind: 'finish', argv: deleteArgv(name, tools, ['--force']) },
];

/** Every command on a container that goes on running, and what its init costs while it waits for `start`. */
export const commandSteps = (name: Name, tools: Tools, duty: Duty): readonly Step[] => {
  const tool = program(name, tools);
  return [
    { kind: 'time', label: 'create', argv: createArgv(name, tools, duty) },
    { kind: 'resident', label: 'init', pidFile: pidFile(name) },
    { kind: 'time', label: 'start', argv: [tool, 'start', id(name)] },
    { kind: 'time', label: 'state', argv: [tool, 'state', id(name)] },
    { kind: 'time', label: 'kill', argv: [tool, 'kill', id(name), '9'] },
    { kind: 'await', pidFile: pidFile(name) },
    { kind: 'time', label: 'delete', argv: deleteArgv(name, tools, []) },
    { kind: 'finish', argv: deleteArgv(name, tools, ['--force']) },
  ];
};

/** Only create is measured. */
export const createSteps = (name: Name, tools: Tools, duty: Duty): readonly Step[] => [
  { kind: 'time', label: 'create', argv: createArgv(name, tools, duty) },
  { kind: 'quiet', argv: deleteArgv(name, tools, ['--force']) },
  { kind: 'finish', argv: deleteArgv(name, tools, ['--force']) },
];
