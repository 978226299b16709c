/**
 * What a cgroup driver is to the rest of the compiler: the whole life of a container's cgroups, whoever makes them. drivers.ts picks one. Whatever a
 * driver does is steps of the program: when they run, no JavaScript does.
 */
import type { CgroupDriverName } from '../../../spec/cgroup-drivers.js';
import type { CgroupHierarchy } from '../../../spec/host-facts.js';
import type { NormalResources } from '../../../spec/normal-resources.js';
import type { Action, Because } from '../../program/action.js';
import type { Data, Operand, Slot, Template } from '../../program/operand.js';
import type { Line, Subroutine } from '../../program/step.js';
import type { Launch, ProcessLaunch } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';

/** The container's directory in one hierarchy. */
export interface CgroupDirectory {
  readonly hierarchy: CgroupHierarchy;
  readonly version: 1 | 2;
  /** Components below the mount; the last one may be the container id. */
  readonly components: readonly string[];
  readonly endsInId: boolean;
  /** Absolute path as a template (with the id filled in at run time). */
  readonly path: Template;
  /** The same in memory, once `name` has run. */
  readonly memory: Data;
  /** The same for a container whose id is known. */
  pathOf(id: string): string;
}

/** How far it is. FREEZING: asked for, but a process still runs. */
export const Frost = { THAWED: 0, FREEZING: 1, FROZEN: 2 } as const;

/** What sees how far the freezing of some groups is. */
export interface FrostSensor {
  readonly see: Subroutine;
  /** One of Frost, once `see` has been called: that of the container, by whichever directory, or one above it. */
  readonly frost: Slot;
}

export interface KillAll {
  readonly kill: Subroutine;
  /** How many processes there were at the last look: 0, or the deadline came first. */
  readonly left: Slot;
}

/** The groups of a container: what any command may do with them. */
export interface Groups {
  /** What state.json says of them, so that whoever comes later finds the same driver and the same directories. */
  readonly record: {
    readonly manager: CgroupDriverName;
    readonly directories: readonly Template[];
    /** The unit of systemd's that they are. */
    readonly unit?: Template;
  };
  /** None: nothing is known of the container but its processes. */
  readonly directories: readonly CgroupDirectory[];
  /** Fills in the paths that hold the id; what else is here relies on it. */
  readonly name: readonly Line[];

  readonly frost: FrostSensor;
  /** Of a process, in whichever group it is by then; null: the host has no way to freeze it. */
  frostOf(pid: Slot): FrostSensor | null;
  /** Ask for it; `otherwise`: there is nothing to ask. */
  freeze(otherwise: readonly Line[]): readonly Line[];
  /** Wait that long until it is complete. */
  untilFrozen(milliseconds: number): readonly Line[];
  /** Thaw the groups themselves, not what the container has made below them. */
  thaw(): readonly Line[];
  /** Those below too: on v1 a frozen process does not die. */
  thawAll(): readonly Line[];

  /** A signal to each process, and how many there were. */
  signal(signal: Operand, sent: Slot): readonly Line[];
  /** SIGKILL to all of them until nothing is left; null: nobody knows who they are. */
  readonly killAll: KillAll | null;
  /** Fails with a sentence if the kernel has killed a process for want of memory. */
  readonly whyKilled: readonly Line[];

  /** 1 into `untaken` if the launch was killed before the groups were its own. `stateDir`: the opened ROOT/ID. */
  seeTaken(stateDir: Slot, untaken: Slot): readonly Line[];
  /** Kill what is left in them, and remove them. */
  remove(): readonly Line[];
  /** Remove those that may be somebody else's: only what is empty. */
  removeUntaken(): readonly Line[];
}

/** Limits, whoever asks for them: `linux.resources` of a launch, or `update`. */
export interface AskedResources {
  readonly resources: NormalResources;
  /** The line that asks for a property, by its path below the resources. */
  readonly because: (...property: readonly (string | number)[]) => Because;
}

/** What config.json asks for. */
export function askedAtCreate({ config, because }: Launch): AskedResources {
  return {
    resources: config.linux.resources,
    because: (...property) => because('linux', 'resources', ...property),
  };
}

/** How a process is started: clone3(2) can put it into a group of v2. */
export interface Birth {
  readonly flags: bigint;
  /** Host track, right before clone3(2): complete its arguments. */
  begin(cloneArguments: Data): readonly Line[];
  /** Host track, right behind it. */
  readonly end: readonly Line[];
}

/** The groups of a container that is being made, in the order of a launch. */
export interface NewGroups extends Groups {
  /** What a mount of cgroups shows, if it is not `directories`. */
  readonly shown?: readonly CgroupDirectory[];
  /** Host track, before anything is made or written down: they must be of use, if they are there. */
  readonly check: readonly Action[];
  /** Host track, the state directory being there: what is made, with what takes it back. */
  readonly make: readonly Action[];
  /** Host track, before init: the limits of what `make` made. */
  readonly limit: readonly Action[];
  readonly birth: Birth;
  /** Init track, first thing: let go of what it has of the host's. */
  readonly letGo: readonly Line[];
  /**
   * Host track, between clone3(2) and what lets init go on: init waits, and its pid (of the host) is in that cell. For a driver that makes groups for a
   * process that is there, by messages to somebody else; with the limits of what exists only then. It is not yet written down who init is: a launch that
   * is killed here leaves one that ends by itself.
   */
  adopt(pid: Slot): readonly Action[];
  /** The same of a process that makes the container's in these groups, and needs more than they may have (CRIU): the limits, also those of `limit`, come when it has done so. */
  adoptMaker(pid: Slot): { readonly adopt: readonly Action[]; readonly limit: readonly Action[] };
  /** Init track, once the host lets it go on, and before any namespace: go into those that nothing else put it into. */
  readonly enter: readonly Action[];
}

/** One --cgroup: a path below the container's cgroup, in the hierarchies of these controllers, or in all if there are none. */
export interface SubCgroup {
  readonly controllers: readonly string[];
  /** Without `..`. */
  readonly path: string;
}

/** A file by which one sees whether a cgroup is frozen (runtime/state/frozen.ts), and what stands in it if it is not, behind so many blanks. */
export interface Thawed {
  readonly file: string;
  readonly blanks: number;
  readonly letter: string;
}

/** What a process of `exec` has to do with the groups of its container. */
export interface JoinedGroups {
  /** Host track: find them, and open what the birth needs. */
  readonly open: readonly Action[];
  /** Host track, behind `open`: fail if they are frozen. */
  readonly insistThawed: readonly Action[];
  /** What is found where they are not, before anything is opened. */
  readonly thawed: readonly Thawed[];
  readonly birth: Birth;
  /** Track of the process, first thing. */
  readonly enter: readonly Action[];
  /** As that of Groups. */
  frostOf(pid: Slot): FrostSensor | null;
}

export interface CgroupDriver {
  /** `create` and `run`. Once for each launch: what is here refers to its own cells. */
  create(launch: Launch, refuse: Refuse): NewGroups;
  /**
   * Every other command. `id`, `dir`: of the container, in its own program, and its opened state directory; `directories`: those that state.json names, where they need not be those that a launch
   * would choose now.
   */
  find(
    launch: Launch,
    container: { readonly id: Slot; readonly dir: Slot },
    directories?: readonly string[],
  ): Groups;
  /** `exec`. `directories`: those of state.json; `pid`: init. */
  join(
    launch: ProcessLaunch,
    input: {
      readonly directories: readonly string[];
      readonly below: readonly SubCgroup[];
      readonly pid: Slot;
    },
    refuse: Refuse,
  ): JoinedGroups;
  /**
   * `update`: other limits for groups that are there, in a program of its own, the container locked. Rules for devices stay as they are. All are judged before the
   * first is set; where one fails, those before it are taken back (`undo`). `directories`: those of state.json.
   */
  update(
    launch: Launch,
    input: { readonly id: Slot; readonly directories: readonly string[]; readonly asked: AskedResources },
    refuse: Refuse,
  ): readonly Action[];
}
