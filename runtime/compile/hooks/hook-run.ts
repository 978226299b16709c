/**
 * What the hooks of one process have in common: to become one, to wait for one, and the words for one that failed. Subroutines, laid down once.
 */
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import {
  CLD_EXITED,
  CLOSE_RANGE_CLOEXEC,
  P_PIDFD,
  Prctl,
  SIGKILL,
  Siginfo,
  WEXITED,
} from '../../../spec/kernel.js';
import {
  buffer,
  cell,
  field,
  label,
  type Slot,
  slot,
  slots,
  type Template,
  text,
} from '../../program/operand.js';
import {
  alu,
  branch,
  call,
  exit,
  failVerbatim,
  format,
  jump,
  type Line,
  load,
  move,
  type Subroutine,
  subroutine,
  sys,
  waitReadable,
  warn,
} from '../../program/step.js';
import { hookEnds, NAMED } from '../../report/operations/hooks.js';
import type { Interrupts } from '../idioms/interrupts.js';
import { resetSignals } from '../process/process.js';
import { type HookOutput, QUOTED } from './hook-output.js';

/** Who waits for the hooks: the command, which signals end, or init, which ends when the host's end of the channel does. */
export type Waiting =
  | { readonly who: 'command'; readonly interrupts: Interrupts }
  | { readonly who: 'init'; readonly channel: Slot };

export interface HookRun {
  /** Of the hook at work. Text: its kind, index and path; its place in config.json; what is said if it is too slow. */
  readonly name: Slot;
  readonly place: Slot;
  readonly late: Slot;
  readonly milliseconds: Slot;
  readonly stdin: Slot;
  readonly pid: Slot;
  readonly pidfd: Slot;
  /** In the child, up to execve(2). */
  readonly become: Subroutine;
  /** Wait for it; if it fails, so does the caller. */
  readonly finish: Subroutine;
  /** Wait for it; if it fails, a warning says so. */
  readonly finishAnyhow: Subroutine;
}

export function hookRun(output: HookOutput, waiting: Waiting): HookRun {
  const slotsOfHook = {
    name: slot('hook_name', text('')),
    place: slot('hook_place', text('')),
    late: slot('hook_too_slow', text('')),
    milliseconds: slot('hook_milliseconds', -1),
    stdin: slot('hook_stdin', -1),
    pid: slot('hook_pid'),
    pidfd: slot('hook_pidfd', -1),
  };
  const judge = judgement(slotsOfHook, output, waiting);
  const words = buffer('hook_words', 2 * NAMED + QUOTED + 400);
  const size = slot('hook_words_size');
  const end = (failed: readonly Line[]): readonly Line[] => {
    const good = label('hook_succeeded');
    return [
      call(judge.sub),
      branch(judge.failed, 'EQ', 0, good),
      format(words, judge.words, { to: size }),
      ...failed,
      good,
    ];
  };
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
    finishAnyhow: subroutine('finish_hook_anyhow', end([warn(words, size)])),
  };
}

interface Judgement {
  readonly sub: Subroutine;
  /** Not 0: `words` say why. */
  readonly failed: Slot;
  readonly words: Template;
}

/** How a hook has ended, and what ended it. */
function judgement(
  h: Pick<HookRun, 'name' | 'place' | 'late' | 'milliseconds' | 'stdin' | 'pid' | 'pidfd'>,
  output: HookOutput,
  waiting: Waiting,
): Judgement {
  const failed = slot('hook_failed');
  const which = slot('hook_ready');
  const info = buffer('hook_info', 128);
  const code = slot('hook_code');
  const status = slot('hook_status');
  const said = slots('hook_said', 2);
  const saidText = buffer('hook_said_text', 200);
  const separator = slot('hook_separator', text(''));
  const late = label('hook_is_late');
  const stopped = label('hook_is_stopped');
  const kill = label('kill_hook');
  const reap = label('reap_hook');
  const exited = label('hook_exited');
  const executed = label('hook_was_executed');
  const bad = label('hook_is_bad');
  const quoted = label('hook_is_quoted');
  const say = (template: Template): readonly Line[] => [
    format(saidText, template, { to: cell(said, 1) }),
    move(said, saidText),
  ];
  const ended = waiting.who === 'command' ? waiting.interrupts.fd : waiting.channel;
  const sub = subroutine('wait_for_hook', [
    move(failed, 0),
    sys('close', [h.stdin]),
    waitReadable(h.pidfd, h.milliseconds, { to: which, on: [['ETIMEDOUT'], late] }, ended),
    branch(which, 'EQ', 2, stopped),
    jump(reap),
    late,
    move(failed, 1),
    ...say([field(TemplateField.STRING, h.late)]),
    jump(kill),
    stopped,
    move(failed, 1),
    ...(waiting.who === 'command'
      ? [
          call(waiting.interrupts.take),
          ...say(hookEnds.interrupted(field(TemplateField.STRING, waiting.interrupts.name))),
        ]
      : [move(failed, 2)]),
    kill,
    ...killGroup(h.pid, h.pidfd),
    reap,
    sys('waitid', [P_PIDFD, h.pidfd, info, WEXITED, 0]),
    sys('close', [h.pidfd]),
    // The host has gone: nobody is there to be told, and init is not to go on.
    ...(waiting.who === 'init' ? hostGone(failed) : []),
    branch(failed, 'NE', 0, bad),
    load(code, 'I32', info, Siginfo.CODE),
    load(status, 'I32', info, Siginfo.STATUS),
    branch(code, 'EQ', CLD_EXITED, exited),
    move(failed, 1),
    ...say(hookEnds.killed(field(TemplateField.DECIMAL, status))),
    jump(bad),
    exited,
    move(failed, status),
    branch(status, 'EQ', 0, quoted),
    ...say(hookEnds.exited(field(TemplateField.DECIMAL, status))),
    call(output.readFault),
    branch(cell(output.quoted, 1), 'EQ', 0, bad),
    ...say(hookEnds.notExecuted),
    jump(executed),
    bad,
    call(output.quote),
    executed,
    move(separator, text('')),
    branch(cell(output.quoted, 1), 'EQ', 0, quoted),
    move(separator, text(': ')),
    quoted,
  ]);
  return {
    sub,
    failed,
    words: [
      field(TemplateField.STRING, h.name),
      ' ',
      field(TemplateField.BYTES, said),
      field(TemplateField.STRING, separator),
      field(TemplateField.BYTES, output.quoted),
      field(TemplateField.STRING, h.place),
    ],
  };
}

function hostGone(failed: Slot): readonly Line[] {
  const there = label('host_is_there');
  return [branch(failed, 'NE', 2, there), exit(1), there];
}

/** Whatever is in the hook's group; the hook alone too, for the moment before it has made one. */
function killGroup(pid: Slot, pidfd: Slot): readonly Line[] {
  const group = slot('hook_group');
  const alone = label('hook_has_no_group');
  const gone = label('hook_has_ended');
  return [
    alu(group, 0, 'SUB', pid),
    sys('kill', [group, SIGKILL], { on: [['ESRCH', 'EPERM'], alone] }),
    alone,
    sys('pidfd_send_signal', [pidfd, SIGKILL, 0, 0], { on: [['ESRCH'], gone] }),
    gone,
  ];
}
