/**
 * What every concern of a launch shares: the input, and the cells of memory by which the actions of one concern reach those of another.
 */
import type { CgroupDriverName } from '../../../spec/cgroup-drivers.js';
import type { AddedFeature, Environment } from '../../../spec/environment.js';
import type { HostFacts } from '../../../spec/host-facts.js';
import { type OpenFlags, openFlags } from '../../../spec/kernel.js';
import {
  type HookKind,
  hookKinds,
  type Namespaces,
  type NormalConfig,
  type NormalHook,
  type NormalProcess,
} from '../../../spec/normal-config.js';
import type { HostPath } from '../../../spec/paths.js';
import { type SystemdInstance, systemInstance } from '../../../spec/systemd.js';
import type { AdmittedProcess, AdmittedSpec } from '../../admit/admit.js';
import { type Because, COMMAND_LINE, PROCESS_FILE, rule } from '../../program/action.js';
import { buffer, type Data, type Slot, slot, slots, text, vector } from '../../program/operand.js';
import { createInterrupts, type Interrupts } from '../idioms/interrupts.js';
import { compileSeccomp } from '../seccomp/filter.js';
import { withNotifySocket } from './notify-socket.js';
import { withOwnUsers } from './own-users.js';
import { ordinary, type Placement } from './placement.js';

export { rule } from '../../program/action.js';

/** Whether an option was given; `at-run` if only the run will tell (asked.ts). */
export type Asked = boolean | 'at-run';

/** Of the start of any process. */
export interface ProcessOptions {
  readonly noNewKeyring: boolean;
  /** Entries such as LISTEN_FDS=2 that are added to the process's environment. */
  readonly environmentEntries: readonly string[];
}

export interface LaunchOptions extends ProcessOptions {
  readonly entry: 'create' | 'run';
  readonly cgroupManager: CgroupDriverName;
  /** Which systemd is asked, if it is to make the cgroups. */
  readonly systemd: SystemdInstance;
  readonly noPivot: boolean;
  /** --console-socket was given. */
  readonly console: Asked;
  /** --pidfd-socket was given. */
  readonly pidfdSocket: Asked;
  /** Directory of a socket that is shown to the container in the place of the caller's NOTIFY_SOCKET: absolute; null: the caller has none. */
  readonly notify: HostPath | null;
  /** `compile`: the program is kept, and runs when nobody knows what has changed since. */
  readonly kept: boolean;
  /** --detach, or create: nobody stays in the foreground. */
  readonly detach: Asked;
  /** Absolute path of the bundle. */
  readonly bundle: string;
  /** config.json as it was read: kept in the state directory. */
  readonly configText: string;
}

/** Those of a command without options, but for what every command has. */
export const noOptions: Omit<LaunchOptions, 'entry' | 'detach' | 'bundle'> = {
  cgroupManager: 'cgroupfs',
  systemd: systemInstance,
  noPivot: false,
  noNewKeyring: false,
  notify: null,
  kept: false,
  console: false,
  pidfdSocket: false,
  configText: '',
  environmentEntries: [],
};

export interface LaunchInput {
  readonly spec: AdmittedSpec;
  readonly facts: HostFacts;
  /** The environment (tree + shares) that was chosen, or null for an ordinary bundle. */
  readonly environment: Environment | null;
  readonly options: LaunchOptions;
  /** Of hooks of config.json, by their place in it (`hooks.poststop[0]`): the file of hooks.d that Podman or CRI-O may have them from. */
  readonly hookFiles?: ReadonlyMap<string, string>;
  readonly compileFilter?: CompileFilter;
}

/** compileSeccomp(), which remembers nothing, or one that knows what came out of it before. */
export type CompileFilter = typeof compileSeccomp;

/** Slots of a launch program, by purpose. Descriptors are -1 until they are open. */
export interface Cells {
  readonly id: Slot;
  readonly root: Slot;
  readonly pidFile: Slot;
  readonly consoleSocket: Slot;
  readonly pidfdSocket: Slot;
  readonly notifySocket: Slot;
  readonly preserveFds: Slot;
  readonly args: Slot;
  readonly arg0: Slot;
  readonly environ: Slot;
  readonly keep: Slot;
  readonly detach: Slot;
  /** ROOT/ID */
  readonly stateDir: Slot;
  readonly stateFd: Slot;
  /** The host's end and init's end of the channel between the two tracks. */
  readonly hostEnd: Slot;
  readonly initEnd: Slot;
  readonly pid: Slot;
  readonly pidfd: Slot;
  readonly pidStart: Slot;
  /** Start gate: init reads one byte here, and writes what went wrong there. */
  readonly gate: Slot;
  readonly gateError: Slot;
  /** Of `create`, where `start` has something to say after it has opened the gate: the reading end alone, so that its death is heard. */
  readonly gateReply: Slot;
  /** Seconds and nanoseconds of the creation. */
  readonly created: Slot;
  /** The container's root directory, as a mount that is not yet or already in place. */
  readonly rootFd: Slot;
  /** Terminal master, where init made one. */
  readonly consoleFd: Slot;
  /** The exit code of a command in the foreground. */
  readonly exitCode: Slot;
  readonly interrupts: Interrupts;
  /** 1: the lock is not held, so that the container may have been deleted meanwhile. */
  readonly unlocked: Slot;
  /** 1: all that was made is removed. */
  readonly removed: Slot;
  /** A scratch result that nobody reads later. */
  readonly result: Slot;
  /** Init's message to the host: one byte is a signal between the two, more is the text of a failure. */
  readonly message: Data;
  readonly messageSize: Slot;
}

/** What it is about: the config.json of a container, and the process of it that is started. */
export interface Subject {
  /** With the hooks of the registry. */
  readonly config: NormalConfig;
  /** Of config.json, or of `exec`. */
  readonly process: NormalProcess;
  /** As config.json has them, and what the environment adds. */
  readonly namespaces: Namespaces;
  /** `{kind: 'config'}` for a property path. */
  because(...path: readonly (string | number)[]): Because;
}

/** Where it happens. */
export interface Target {
  readonly facts: HostFacts;
  readonly open: OpenFlags;
}

/** The start of one process: the first of a container, or one more (`exec`). */
export interface ProcessLaunch extends Subject, Target {
  readonly cells: Cells;
  readonly options: ProcessOptions;
  /** What the registry sets in its environment. */
  readonly variables: readonly string[];
  readonly compileFilter: CompileFilter;
}

/** The making of a container. */
export interface Launch extends ProcessLaunch {
  readonly environment: Environment | null;
  readonly options: LaunchOptions;
  readonly placement: Placement;
  readonly hookFiles: ReadonlyMap<string, string>;
}

export function formatPath(path: readonly (string | number)[]): string {
  return path.map((p, i) => (typeof p === 'number' ? `[${p}]` : i === 0 ? p : `.${p}`)).join('');
}

function createCells({ args }: NormalProcess): Cells {
  return {
    id: slots('id', 2),
    root: slots('root', 2),
    pidFile: slots('pid_file', 2, -1),
    consoleSocket: slots('console_socket', 2, -1),
    pidfdSocket: slots('pidfd_socket', 2, -1),
    notifySocket: slots('notify_socket', 2, -1),
    preserveFds: slot('preserve_fds'),
    args: slot('args', vector('arguments', args)),
    arg0: slots('arg0', 2, text(args[0])),
    environ: slot('environ', -1),
    keep: slot('keep'),
    detach: slot('detach'),
    stateDir: slots('state_dir', 2),
    stateFd: slot('state_fd', -1),
    hostEnd: slot('host_end', -1),
    initEnd: slot('init_end', -1),
    pid: slot('pid'),
    pidfd: slot('pidfd', -1),
    pidStart: slots('pid_start', 2),
    gate: slot('gate', -1),
    gateError: slot('gate_error', -1),
    gateReply: slot('gate_reply', -1),
    created: slots('created', 2),
    rootFd: slot('root_fd', -1),
    consoleFd: slot('console_fd', -1),
    exitCode: slot('exit_code'),
    interrupts: createInterrupts(),
    unlocked: slot('unlocked'),
    removed: slot('removed'),
    result: slots('result', 2),
    message: buffer('message', 4096),
    messageSize: slots('message_size', 2),
  };
}

/** Those of the registry first: what a site prepares, config.json may rely on. */
function withHooks(config: NormalConfig, environment: Environment | null): NormalConfig {
  const own = environment?.hooks;
  if (own === undefined) return config;
  const all = (kind: HookKind): readonly NormalHook[] => [...own[kind], ...config.hooks[kind]];
  return {
    ...config,
    hooks: {
      prestart: all('prestart'),
      createRuntime: all('createRuntime'),
      createContainer: all('createContainer'),
      startContainer: all('startContainer'),
      poststart: all('poststart'),
      poststop: all('poststop'),
    },
  };
}

const isHookKind = (name: unknown): name is HookKind => hookKinds.some(kind => kind === name);

type Path = readonly (string | number)[];

function because(file: string, line: number, path: Path): Extract<Because, { kind: 'config' }> {
  return { kind: 'config', file, line, path: formatPath(path) };
}

/** The one that has added the entry of a list to which a path leads. */
function featureBehind(
  [root, one, other]: Path,
  environment: LaunchInput['environment'],
): AddedFeature | undefined {
  const [list, index] =
    root === 'mounts'
      ? (['mounts', one] as const)
      : root === 'linux' && one === 'devices'
        ? (['devices', other] as const)
        : ([null, null] as const);
  if (list === null || typeof index !== 'number') return undefined;
  return environment?.features?.find(feature => index >= feature[list].from && index < feature[list].to);
}

export function createLaunch(input: LaunchInput): Launch {
  const {
    spec,
    facts,
    environment,
    options: given,
    hookFiles = new Map(),
    compileFilter = compileSeccomp,
  } = input;
  const { config, options } = withNotifySocket(withOwnUsers(spec.config, facts), given);
  return {
    config: withHooks(config, environment),
    process: config.process,
    namespaces: config.linux.namespaces,
    because(...path) {
      const [root, kind, index] = path;
      const own = featureBehind(path, environment);
      if (own !== undefined)
        return { kind: 'policy', file: own.file, line: own.line, path: `features.${own.name}` };
      if (root === 'mounts' && Number(kind) >= spec.config.mounts.length) return rule('NOTIFY_SOCKET');
      if (root === 'hooks' && environment?.hooks && isHookKind(kind) && typeof index === 'number') {
        const own = environment.hooks[kind].length;
        const { file, line, tree } = environment;
        if (index < own) return { kind: 'policy', file, line, path: `trees.${tree}.${formatPath(path)}` };
        return hook(['hooks', kind, index - own]);
      }
      if (root === 'hooks') return hook(path);
      return placed(path);
    },
    facts: factsInside(facts, config.linux.namespaces),
    open: openFlags(facts.arch),
    cells: createCells(spec.config.process),
    variables: environment?.variables ?? [],
    environment,
    options,
    placement: ordinary,
    hookFiles,
    compileFilter,
  };
  function placed(path: Path): Because {
    return because(spec.file, spec.place(path).line, path);
  }
  function hook(path: Path): Because {
    const { line, column } = spec.place(path);
    return { ...because(spec.file, line, path), column };
  }
}

export interface ProcessLaunchInput {
  /** Of the container. */
  readonly spec: AdmittedSpec;
  /** Of `exec`, from a file of its own. */
  readonly process: AdmittedProcess;
  readonly facts: HostFacts;
  readonly options: ProcessOptions;
  readonly compileFilter?: CompileFilter | undefined;
}

export function createProcessLaunch(input: ProcessLaunchInput): ProcessLaunch {
  const { spec, process, facts, options, compileFilter = compileSeccomp } = input;
  const config = withOwnUsers(spec.config, facts);
  const shown = process.file === COMMAND_LINE ? {} : { shown: PROCESS_FILE };
  return {
    config,
    process: process.process,
    namespaces: config.linux.namespaces,
    because: (...path) =>
      path[0] === 'process'
        ? { ...because(process.file, process.place(path.slice(1)).line, path), ...shown }
        : because(spec.file, spec.place(path).line, path),
    facts: factsInside(facts, config.linux.namespaces),
    open: openFlags(facts.arch),
    cells: createCells(process.process),
    options,
    variables: [],
    compileFilter,
  };
}

/** It makes a user namespace, in which init is not root of the host. */
export function makesUsers({ namespaces }: Pick<Subject, 'namespaces'>): boolean {
  return namespaces.get('user') === 'new';
}

/** It makes or joins one. */
export function hasUsers({ namespaces }: Pick<Subject, 'namespaces'>): boolean {
  return namespaces.has('user');
}

/** Whoever enters a user namespace has all capabilities there (user_namespaces(7)), whatever the runtime itself has. */
function factsInside(facts: HostFacts, namespaces: Namespaces): HostFacts {
  if (!namespaces.has('user')) return facts;
  return { ...facts, capabilities: Array.from({ length: facts.lastCapability + 1 }, (_, number) => number) };
}

/** Others see its processes, who may have rights over them without being the caller or root of the host. */
export function joinsPids({ namespaces }: Pick<Subject, 'namespaces'>): boolean {
  return namespaces.has('pid') && namespaces.get('pid') !== 'new';
}

/** The launch makes or joins a mount namespace of its own. */
export function hasMountNamespace({ namespaces }: Pick<Subject, 'namespaces'>): boolean {
  return namespaces.has('mount');
}
