/**
 * `checkpoint`: CRIU saves the processes of a container. Whatever it says, the container is afterwards what it was before, or it is saved and gone: CRIU thaws
 * and lets go of it when something fails.
 */

import type { CgroupDriverName } from '../../spec/cgroup-drivers.js';
import { CriuRequest, logFiles, STREAMS_FILE } from '../../spec/criu.js';
import type { DumpFacts } from '../../spec/dump-facts.js';
import { errnos } from '../../spec/errno.js';
import type { HostFacts } from '../../spec/host-facts.js';
import type { SystemdInstance } from '../../spec/systemd.js';
import type { AdmittedSpec } from '../admit/admit.js';
import type { Action, Program } from '../program/action.js';
import { when } from '../program/control.js';
import { characters, slot } from '../program/operand.js';
import { exit, guard, waitReadable } from '../program/step.js';
import { openDirectories } from './criu/directories.js';
import { foreignMounts, foreignNamespaces, foreignStreams, streamsText } from './criu/external.js';
import { type CheckpointAsked, checkpointOptions } from './criu/options.js';
import { criuWorker } from './criu/worker.js';
import { hookActions, hookContext } from './hooks/hooks.js';
import { operation } from './idioms/operation.js';
import { writeWhole } from './idioms/whole.js';
import { createLaunch, type Launch, noOptions, rule } from './launch/launch.js';
import { type Compiled, compiled, createJudgement, type Refuse } from './launch/refusal.js';
import { checkStatus, entryTrack, idOf, lock, openContainer, readStatus } from './stored/container.js';
import { createContext, Status } from './stored/context.js';
import { removeContainer } from './stored/remove.js';
import { createLifecycle, type Lifecycle } from './stored/subroutines.js';

export interface CheckpointInput {
  /** The container's saved config.json. */
  readonly config: AdmittedSpec;
  readonly state: {
    readonly pid: number;
    readonly id: string;
    readonly bundle: string;
    readonly chos: {
      readonly cgroupManager: CgroupDriverName;
      readonly cgroups: readonly string[];
    };
  };
  readonly facts: HostFacts;
  readonly systemd: SystemdInstance;
  readonly dump: DumpFacts;
  readonly asked: CheckpointAsked;
}

export function compileCheckpoint(input: CheckpointInput): Compiled {
  const { config, facts, state } = input;
  const launch = createLaunch({
    spec: config,
    facts,
    environment: null,
    options: {
      ...noOptions,
      cgroupManager: state.chos.cgroupManager,
      systemd: input.systemd,
      entry: 'create',
      detach: true,
      bundle: state.bundle,
    },
  });
  const judgement = createJudgement();
  const external = externalOf(launch, input.dump, judgement.refuse);
  return compiled(judgement, () => programOf(launch, input, external));
}

function externalOf(launch: Launch, dump: DumpFacts, refuse: Refuse): readonly string[] {
  const { config, process } = launch;
  const mounts = foreignMounts(config, dump);
  for (const destination of mounts.unknown)
    refuse(rule('checkpoint'), { kind: 'mount-of-unknown-source', destination });
  return [...mounts.external, ...foreignNamespaces(config, dump), ...foreignStreams(dump, process.terminal)];
}

/** By which CRIU makes all processes stand still at once: the freezer of v1, else the group of v2. */
function freezerOf({ groups }: Lifecycle): string | null {
  const { directories } = groups;
  const found =
    directories.find(
      ({ version, hierarchy }) => version === 1 && hierarchy.controllers.includes('freezer'),
    ) ?? directories.find(({ version }) => version === 2);
  return found === undefined ? null : found.path.filter(part => typeof part === 'string').join('');
}

function programOf(launch: Launch, input: CheckpointInput, external: readonly string[]): Program {
  const { asked, state, facts } = input;
  const c = createLifecycle(createContext(launch, state.chos.cgroups));
  const context = hookContext(launch, c, { who: 'command', interrupts: c.interrupts });
  const poststop = hookActions(context, 'poststop', launch.config.hooks.poststop, 'stopped', {
    tolerant: true,
  });
  const { actions: opening, directories } = openDirectories(launch.open, asked, 'checkpoint');
  const worker = criuWorker({
    task: 'checkpoint',
    program: asked.program,
    log: `${asked.work}/${logFiles.checkpoint}`,
    open: launch.open,
    interrupts: null,
    given: [],
    pid: slot('saved_pid'),
    console: slot('saved_terminal'),
  });
  const options = checkpointOptions(asked, directories, {
    pid: state.pid,
    terminal: launch.process.terminal,
    external,
    freezer: freezerOf(c),
  });
  const text = characters('streams', streamsText(input.dump, launch.process.terminal));
  const ends = !asked.leaveRunning && !asked.preDump;
  const actions: readonly Action[] = [
    openContainer(c),
    lock(c),
    readStatus(c),
    checkStatus(c, 'checkpoint', [Status.RUNNING, Status.PAUSED]),
    operation(
      { kind: 'check-init', pid: state.pid, because: rule('state.json') },
      [guard(c.pid, 'EQ', state.pid, errnos.ESRCH.number)],
      idOf(c),
    ),
    ...opening,
    operation({ kind: 'record-streams', path: STREAMS_FILE, because: rule('checkpoint') }, [
      ...writeWhole(launch.open, directories.images, STREAMS_FILE, text, text.size, 0o600),
    ]),
    // CRIU that is killed, for want of memory or by somebody, leaves the freezer as it is.
    worker.start(null, when(c.status, 'EQ', Status.RUNNING, c.groups.thaw())),
    worker.ask(asked.preDump ? CriuRequest.SINGLE_PRE_DUMP : CriuRequest.DUMP, options),
    worker.expect(null),
    worker.end,
    ...(ends ? [awaitEnd(c), ...removeContainer(c, slot('cgroups_untaken'), poststop)] : []),
    operation({ kind: 'end', because: rule('checkpoint') }, [exit(0)]),
  ];
  return {
    arch: facts.arch,
    joins: false,
    tracks: [entryTrack('host', actions), worker.track([]), ...(ends ? poststop.tracks : [])],
    entries: [{ entry: 'host', track: 'host' }],
    parameters: new Map([
      ['ID', c.id],
      ['STATE_DIR', c.stateDir],
      ['ENVIRON', c.environ],
    ]),
  };
}

/** CRIU kills what it has saved. */
function awaitEnd(c: Lifecycle): Action {
  return operation(
    { kind: 'await-end-of-saved', because: rule('checkpoint') },
    [waitReadable(c.pidfd, 10_000, {})],
    idOf(c),
  );
}
