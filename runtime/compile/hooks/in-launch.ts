/** The hooks of a launch: which there are, where they run, and what of theirs others have to know. */
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import type { Track } from '../../program/action.js';
import { when } from '../../program/control.js';
import { buffer, field, type Slot, slot } from '../../program/operand.js';
import { call, failVerbatim, format, type Line, subroutine } from '../../program/step.js';
import { initEnded, NAMED } from '../../report/operations/hooks.js';
import type { Launch } from '../launch/launch.js';
import type { Contribution } from '../launch/phases.js';
import type { Becoming } from '../process/become.js';
import {
  type HookActions,
  type HookContext,
  hookActions,
  hookContext,
  openOutput,
  outputOf,
} from './hooks.js';

export interface LaunchHooks {
  /** Init and the host take turns while hooks run before the container is created. */
  readonly atCreate: boolean;
  /** Between the gate and the command, or right after it. */
  readonly atStart: boolean;
  /** In init. */
  readonly inInit: boolean;
  /** In the namespaces of the container, while paths are still the host's. */
  readonly container: HookActions;
  /** Tolerant: also for the undoing of a launch. */
  readonly stopped: HookActions;
  /** Steps that may know better why init has ended. */
  readonly why: readonly Line[];
  /** Descriptors that hooks inside write to. */
  readonly output: readonly Slot[];
  readonly tracks: readonly Track[];
  readonly contribution: Contribution;
}

/** Init has ended before it was ready: a hook of the host's, which was told its pid, may have killed it. */
function nameLastHook({ run }: HookContext): readonly Line[] {
  const words = buffer('hook_and_init_words', 2 * NAMED);
  const size = slot('hook_and_init_words_size');
  const name = field(TemplateField.STRING, run.name);
  const place = field(TemplateField.STRING, run.place);
  const say = subroutine(
    'name_last_hook',
    when(run.pid, 'NE', 0, [
      format(words, initEnded(name, place), { to: size }),
      failVerbatim(errnos.ESRCH.number, words, size),
    ]),
  );
  return [call(say)];
}

/** `hostPid`: the slot in which init has the pid that the host sees. */
export function hooksOf(
  launch: Launch,
  hostPid: Slot,
  command: Pick<Becoming, 'environment' | 'confine'>,
): LaunchHooks {
  const { cells, options } = launch;
  const { id, environ, interrupts, pid } = cells;
  const kinds = launch.config.hooks;
  const init = { who: 'init', channel: cells.initEnd } as const;
  const host = hookContext(launch, { id, environ, pid }, { who: 'command', interrupts });
  const inInit = hookContext(launch, { id, environ, pid: hostPid }, init);
  const inside = hookContext(launch, { id, environ, pid: hostPid }, init, true);
  const runtime = [
    hookActions(host, 'prestart', kinds.prestart, 'creating'),
    hookActions(host, 'createRuntime', kinds.createRuntime, 'creating'),
  ];
  const container = hookActions(inInit, 'createContainer', kinds.createContainer, 'creating');
  const startContainer = hookActions(inside, 'startContainer', kinds.startContainer, 'created', {
    inBundle: false,
    environment: command.environment,
    confine: command.confine,
  });
  const started = hookActions(host, 'poststart', kinds.poststart, 'running');
  const stopped = hookActions(host, 'poststop', kinds.poststop, 'stopped', { tolerant: true });
  const startsInside = kinds.startContainer.length > 0;
  const foreground = options.entry === 'run' && options.detach !== true;
  return {
    atCreate: kinds.prestart.length + kinds.createRuntime.length + kinds.createContainer.length > 0,
    why: runtime.some(({ tracks }) => tracks.length > 0) ? nameLastHook(host) : [],
    atStart: startsInside || kinds.poststart.length > 0,
    inInit: startsInside || kinds.createContainer.length > 0,
    container,
    stopped,
    output: startsInside ? outputOf(inside) : [],
    tracks: [
      ...runtime.flatMap(h => h.tracks),
      ...container.tracks,
      ...startContainer.tracks,
      ...started.tracks,
      ...stopped.tracks,
    ],
    contribution: {
      host: {
        hooks: runtime.flatMap(h => h.actions),
        ...(options.entry === 'run' ? { poststart: started.actions } : {}),
        ...(foreground ? { poststop: stopped.actions } : {}),
      },
      init: {
        ...(startsInside ? { 'hook-output': [openOutput(inside)] } : {}),
        'start-container': startContainer.actions,
      },
    },
  };
}
