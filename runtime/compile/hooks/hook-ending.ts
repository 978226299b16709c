/** How a hook ends: it is waited for, stopped if it must be, and judged. Its words are made here, for whoever fails or warns with them. */
import { TemplateField } from '../../../spec/instructions.js';
import { CLD_EXITED, P_PIDFD, SIGKILL, Siginfo, WEXITED } from '../../../spec/kernel.js';
import { signals } from '../../../spec/signals.js';
import { ignoring, when } from '../../program/control.js';
import {
  buffer,
  bytes,
  cell,
  type Data,
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
  format,
  jump,
  type Line,
  load,
  move,
  type Subroutine,
  subroutine,
  sys,
  waitReadable,
} from '../../program/step.js';
import { hookEnds } from '../../report/operations/hooks.js';
import type { Interrupts } from '../idioms/interrupts.js';
import type { HookOutput } from './hook-output.js';
import { measure, type Took } from './hook-time.js';

/** Who waits for the hooks: the command, which signals end, or init, which ends when the host's end of the channel does. */
export type Waiting =
  | { readonly who: 'command'; readonly interrupts: Interrupts }
  | { readonly who: 'init'; readonly channel: Slot };

export interface HookCells {
  /** Of the hook at work. Text: its kind, index and path; its place in config.json; what is said if it is too slow. */
  readonly name: Slot;
  readonly place: Slot;
  readonly late: Slot;
  readonly milliseconds: Slot;
  readonly stdin: Slot;
  readonly pid: Slot;
  readonly pidfd: Slot;
  /** When it was started: struct timespec. */
  readonly began: Data;
}

export interface Judgement {
  readonly sub: Subroutine;
  /** Not 0: `words` say why. */
  readonly failed: Slot;
  readonly words: Template;
}

/** The hook at work, and what is found out about its end. */
interface Ending {
  readonly hook: HookCells;
  readonly output: HookOutput;
  readonly waiting: Waiting;
  /** 2: the host has gone. */
  readonly failed: Slot;
  /** What ended it: offset and length of `saidText`. */
  readonly said: Slot;
  readonly saidText: Data;
  /** How long it took; of one that was not executed nothing. */
  readonly took: Took;
}

/** How a hook has ended, and what ended it. */
export function judgement(hook: HookCells, output: HookOutput, waiting: Waiting): Judgement {
  const failed = slot('hook_failed');
  const said = slots('hook_said', 2);
  const separator = slot('hook_separator', text(''));
  const took = { words: slots('hook_took', 2), text: buffer('hook_took_text', 64) };
  const ending = { hook, output, waiting, failed, said, saidText: buffer('hook_said_text', 200), took };
  return {
    sub: subroutine('wait_for_hook', [
      move(failed, 0),
      sys('close', [hook.stdin]),
      ...untilEnd(ending),
      ...verdict(ending, separator),
    ]),
    failed,
    words: [
      field(TemplateField.STRING, hook.name),
      ' ',
      field(TemplateField.BYTES, said),
      field(TemplateField.BYTES, took.words),
      field(TemplateField.STRING, separator),
      field(TemplateField.BYTES, output.quoted),
      field(TemplateField.STRING, hook.place),
    ],
  };
}

function say({ said, saidText }: Ending, template: Template): readonly Line[] {
  return [format(saidText, template, { to: cell(said, 1) }), move(said, saidText)];
}

/** Wait for it, for its deadline and for whoever may stop it; it is not left at work. */
function untilEnd(ending: Ending): readonly Line[] {
  const { hook, waiting, failed } = ending;
  const which = slot('hook_ready');
  const [late, stopped, kill, reap] = [
    label('hook_is_late'),
    label('hook_is_stopped'),
    label('kill_hook'),
    label('reap_hook'),
  ];
  const other = waiting.who === 'command' ? waiting.interrupts.fd : waiting.channel;
  return [
    waitReadable(hook.pidfd, hook.milliseconds, { to: which, on: [['ETIMEDOUT'], late] }, other),
    branch(which, 'EQ', 2, stopped),
    jump(reap),
    late,
    move(failed, 1),
    ...say(ending, [field(TemplateField.STRING, hook.late)]),
    jump(kill),
    stopped,
    move(failed, 1),
    ...(waiting.who === 'command'
      ? [
          call(waiting.interrupts.take),
          ...say(ending, hookEnds.interrupted(field(TemplateField.STRING, waiting.interrupts.name))),
        ]
      : [move(failed, 2)]),
    kill,
    ...killGroup(hook.pid, hook.pidfd),
    reap,
  ];
}

/** Reaps it. `separator` stands between what ended it and the words of its own that are quoted. */
function verdict(ending: Ending, separator: Slot): readonly Line[] {
  const { hook, output, waiting, failed } = ending;
  const info = buffer('hook_info', 128);
  const code = slot('hook_code');
  const status = slot('hook_status');
  const executed = label('hook_was_executed');
  const bad = label('hook_is_bad');
  const quoted = label('hook_is_quoted');
  return [
    sys('waitid', [P_PIDFD, hook.pidfd, info, WEXITED, 0]),
    move(cell(ending.took.words, 1), 0),
    sys('close', [hook.pidfd]),
    // The host has gone: nobody is there to be told, and init is not to go on.
    ...(waiting.who === 'init' ? when(failed, 'EQ', 2, [exit(1)]) : []),
    branch(failed, 'NE', 0, bad),
    load(code, 'I32', info, Siginfo.CODE),
    load(status, 'I32', info, Siginfo.STATUS),
    ...when(code, 'NE', CLD_EXITED, [move(failed, 1), ...sayKilled(ending, status), jump(bad)]),
    move(failed, status),
    branch(status, 'EQ', 0, quoted),
    ...say(ending, hookEnds.exited(field(TemplateField.DECIMAL, status))),
    call(output.readFault),
    branch(cell(output.quoted, 1), 'EQ', 0, bad),
    ...say(ending, hookEnds.notExecuted),
    jump(executed),
    bad,
    ...measure(hook.began, ending.took),
    call(output.quote),
    executed,
    move(separator, text('')),
    ...when(cell(output.quoted, 1), 'NE', 0, [move(separator, text(': '))]),
    quoted,
  ];
}

/** Names of the signals that have one, each in a place as long as any. */
const NAME_SIZE = 16;
const NAMED_SIGNALS = 31;

function sayKilled(ending: Ending, status: Slot): readonly Line[] {
  const names = new Uint8Array((NAMED_SIGNALS + 1) * NAME_SIZE);
  for (const [name, number] of Object.entries(signals).reverse())
    names
      .fill(0, number * NAME_SIZE, (number + 1) * NAME_SIZE)
      .set(Buffer.from(`SIG${name}`), number * NAME_SIZE);
  const name = slot('hook_signal');
  const number = field(TemplateField.DECIMAL, status);
  const said = label('hook_signal_said');
  return [
    ...when(status, 'LE', NAMED_SIGNALS, [
      alu(name, status, 'MUL', NAME_SIZE),
      alu(name, name, 'ADD', bytes('signal_names', names)),
      ...say(ending, hookEnds.killed(number, field(TemplateField.STRING, name))),
      jump(said),
    ]),
    ...say(ending, hookEnds.killed(number, null)),
    said,
  ];
}

/** Whatever is in the hook's group; the hook alone too, for the moment before it has made one. */
function killGroup(pid: Slot, pidfd: Slot): readonly Line[] {
  const group = slot('hook_group');
  return [
    alu(group, 0, 'SUB', pid),
    ...ignoring(['ESRCH', 'EPERM'], alone => [sys('kill', [group, SIGKILL], alone)]),
    ...ignoring(['ESRCH'], ended => [sys('pidfd_send_signal', [pidfd, SIGKILL, 0, 0], ended)]),
  ];
}
