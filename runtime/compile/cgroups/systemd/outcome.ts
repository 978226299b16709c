/** What came of a request to systemd, in words that are known only when the program runs. */
import { errnos } from '../../../../spec/errno.js';
import { TemplateField } from '../../../../spec/instructions.js';
import { type Because, placeOf } from '../../../program/action.js';
import { when } from '../../../program/control.js';
import {
  buffer,
  cell,
  type Field,
  field,
  type Operand,
  type Slot,
  slot,
  slots,
  type Template,
} from '../../../program/operand.js';
import {
  back,
  call,
  failVerbatim,
  format,
  type Line,
  move,
  type Subroutine,
  subroutine,
} from '../../../program/step.js';
import {
  type Asked,
  jobFailed,
  jobPending,
  notDone,
  problemWords,
  refused,
} from '../../../report/operations/systemd.js';
import { sameWord } from '../../idioms/same-bytes.js';
import { type Manager, Verdict } from './manager.js';
import type { ScopePlan } from './plan.js';

/** What is shown of an answer at most. */
const SHOWN = 400;

export const unitField = ({ unit }: ScopePlan): Field => field(TemplateField.STRING, unit);

export const found = (of: Slot): Field => field(TemplateField.BYTES, of);

/** As far as it is shown. */
const shorten = (of: Slot): readonly Line[] => when(cell(of, 1), 'GT', SHOWN, [move(cell(of, 1), SHOWN)]);

/** Words that are known when it runs: what was found in an answer stands in them as far as it is shown. */
export interface Speech {
  readonly say: (template: Template) => readonly Line[];
  /** With what was said last. */
  readonly fail: (errno: Operand) => Line;
  readonly shorten: (found: Slot) => readonly Line[];
}

/** `because`: of what is asked; its place stands behind the words. */
export function createSpeech(because: Because): Speech {
  const words = buffer('systemd_words', 4 * SHOWN);
  const size = slot('systemd_words_size');
  return {
    say: template => [format(words, [...template, placeOf(because)], { to: size })],
    fail: errno => failVerbatim(errno, words, size),
    shorten,
  };
}

/** Why what was asked last has come to nothing. */
export interface Reason {
  readonly find: Subroutine;
  readonly words: Field;
  readonly errno: Slot;
}

export function createReason(m: Manager): Reason {
  const { problem } = m.connection;
  const text = buffer('systemd_reason', 4 * SHOWN);
  const words = slots('systemd_reason_words', 2, text);
  const errno = slot('systemd_reason_errno');
  const is = (number: Operand, template: Template): readonly Line[] => [
    move(errno, number),
    format(text, template, { to: cell(words, 1) }),
    back(),
  ];
  const late = errnos.ETIMEDOUT.number;
  return {
    words: found(words),
    errno,
    find: subroutine('why_not', [
      ...[m.refusal, m.why, m.result].flatMap(shorten),
      // What came before a problem counts for nothing.
      ...when(problem, 'EQ', 0, [
        ...when(
          m.verdict,
          'EQ',
          Verdict.REFUSED,
          is(errnos.EACCES.number, refused(found(m.refusal), found(m.why))),
        ),
        ...when(m.verdict, 'EQ', Verdict.JOB_FAILED, is(errnos.EIO.number, jobFailed(found(m.result)))),
      ]),
      ...when(problem, 'EQ', late, when(m.began, 'NE', 0, is(late, [jobPending]))),
      ...problems.flatMap(name =>
        when(problem, 'EQ', errnos[name].number, is(errnos[name].number, [problemWords[name]])),
      ),
      ...is(problem, [field(TemplateField.ERRNO, problem)]),
    ]),
  };
}

const problems = ['ETIMEDOUT', 'EPROTO', 'ECONNRESET', 'EPIPE'] as const;

/** `lines`, if what was asked last has come to nothing. */
export const unlessDone = ({ connection, verdict }: Manager, lines: readonly Line[]): readonly Line[] => [
  ...when(connection.problem, 'NE', 0, [move(verdict, Verdict.NONE)]),
  ...when(verdict, 'NE', Verdict.DONE, lines),
];

/** `is` becomes 1 if what was asked last was refused by that name, else 0. */
export const refusedAs = ({ verdict, refusal }: Manager, is: Slot, name: string): readonly Line[] => [
  move(is, 0),
  ...when(verdict, 'EQ', Verdict.REFUSED, sameWord(is, refusal, `org.freedesktop.systemd1.${name}`)),
];

/** Fail with what came instead of a job that was done. */
export function failUnlessDone(m: Manager, unit: Field, asked: Asked, speech: Speech): readonly Line[] {
  const reason = createReason(m);
  return unlessDone(m, [
    call(reason.find),
    ...speech.say(notDone(asked, unit, reason.words)),
    speech.fail(reason.errno),
  ]);
}

export const uidOf = ({ peer }: Manager): Field => field(TemplateField.DECIMAL, peer.uid);
