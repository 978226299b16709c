/**
 * What the hooks of one process have in common: to become one, and to finish one (hook-ending.ts). Subroutines, laid down once.
 */
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { CLOSE_RANGE_CLOEXEC, Prctl, SIGKILL } from '../../../spec/kernel.js';
import { when } from '../../program/control.js';
import { buffer, field, slot, struct, type Template, text, u64 } from '../../program/operand.js';
import {
  call,
  failVerbatim,
  format,
  type Line,
  type Subroutine,
  subroutine,
  sys,
  warn,
} from '../../program/step.js';
import { hookEnds, NAMED } from '../../report/operations/hooks.js';
import { resetSignals } from '../idioms/reset-signals.js';
import { type HookCells, judgement, type Waiting } from './hook-ending.js';
import { type HookOutput, QUOTED } from './hook-output.js';

export interface HookRun extends HookCells {
  /** In the child, up to execve(2). */
  readonly become: Subroutine;
  /** Wait for it; if it fails, so does the caller. */
  readonly finish: Subroutine;
  /** Wait for it, if there is one; if it fails, or could not be started, a warning says so. */
  readonly finishAnyhow: Subroutine;
}

const notStarted = ({ name, pid, place }: HookCells): Template => [
  field(TemplateField.STRING, name),
  ' ',
  ...hookEnds.notExecuted,
  ': ',
  field(TemplateField.ERRNO, pid),
  field(TemplateField.STRING, place),
];

export function hookRun(output: HookOutput, waiting: Waiting): HookRun {
  const slotsOfHook = {
    name: slot('hook_name', text('')),
    place: slot('hook_place', text('')),
    late: slot('hook_too_slow', text('')),
    milliseconds: slot('hook_milliseconds', -1),
    stdin: slot('hook_stdin', -1),
    pid: slot('hook_pid'),
    pidfd: slot('hook_pidfd', -1),
    began: struct('hook_began_at', [u64(0), u64(0)]),
  };
  const judge = judgement(slotsOfHook, output, waiting);
  const words = buffer('hook_words', 2 * NAMED + QUOTED + 400);
  const size = slot('hook_words_size');
  const end = (failed: readonly Line[]): readonly Line[] => [
    call(judge.sub),
    ...when(judge.failed, 'NE', 0, [format(words, judge.words, { to: size }), ...failed]),
  ];
  return {
    ...slotsOfHook,
    become: subroutine('become_hook', [
      // A runtime that is killed leaves no hook at work; only what the hook itself has started goes on.
      sys('prctl', [Prctl.SET_PDEATHSIG, SIGKILL, 0, 0, 0]),
      // A group of its own, so that all of it can be ended, and no terminal to ask questions at.
      sys('setsid', []),
      ...resetSignals(),
      sys('dup3', [slotsOfHook.stdin, 0, 0]),
      sys('dup3', [output.stdout, 1, 0]),
      sys('dup3', [output.stderr, 2, 0]),
      sys('close_range', [3, 0xffffffff, CLOSE_RANGE_CLOEXEC]),
    ]),
    finish: subroutine('finish_hook', end([failVerbatim(errnos.ECANCELED.number, words, size)])),
    // While a failure is unwound, what cannot be started is gone past: there may be none, and nothing to be waited for.
    finishAnyhow: subroutine(
      'finish_hook_anyhow',
      when(slotsOfHook.pid, 'GT', 0, end([warn(words, size)]), [
        sys('close', [slotsOfHook.stdin]),
        format(words, notStarted(slotsOfHook), { to: size }),
        warn(words, size),
      ]),
    ),
  };
}
