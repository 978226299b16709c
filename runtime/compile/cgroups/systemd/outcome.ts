/** What came of a request to systemd, in words that are known only when the program runs. */
import { errnos } from '../../../../spec/errno.js';
import { TemplateField } from '../../../../spec/instructions.js';
import { when } from '../../../program/control.js';
import { buffer, cell, type Field, field, type Slot, slot, type Template } from '../../../program/operand.js';
import { fail, failVerbatim, format, type Line, move } from '../../../program/step.js';
import { type Asked, jobFailed, problemWords, refused } from '../../../report/operations/systemd.js';
import { type Manager, Verdict } from './manager.js';
import type { ScopePlan } from './plan.js';

/** What is shown of an answer at most. */
const SHOWN = 400;

export const unitField = ({ unit }: ScopePlan): Field => field(TemplateField.STRING, unit);

export const found = (of: Slot): Field => field(TemplateField.BYTES, of);

/** Words that are known when it runs: what was found in an answer stands in them as far as it is shown. */
export interface Speech {
  readonly say: (template: Template) => readonly Line[];
  /** With what was said last. */
  readonly fail: (errno: number) => Line;
  readonly shorten: (found: Slot) => readonly Line[];
}

export function createSpeech(): Speech {
  const words = buffer('systemd_words', 4 * SHOWN);
  const size = slot('systemd_words_size');
  return {
    say: template => [format(words, template, { to: size })],
    fail: errno => failVerbatim(errno, words, size),
    shorten: found => when(cell(found, 1), 'GT', SHOWN, [move(cell(found, 1), SHOWN)]),
  };
}

const problems = ['ETIMEDOUT', 'EPROTO', 'ECONNRESET', 'EPIPE'] as const;

/** Fail with what came instead of a job that was done. */
export function failUnlessDone(m: Manager, unit: Field, asked: Asked, speech: Speech): readonly Line[] {
  const say = (errno: number, template: Template): readonly Line[] => [
    ...speech.say(template),
    speech.fail(errno),
  ];
  return [
    ...[m.refusal, m.why, m.result].flatMap(speech.shorten),
    ...when(
      m.verdict,
      'EQ',
      Verdict.REFUSED,
      say(errnos.EACCES.number, refused(asked, unit, found(m.refusal), found(m.why))),
    ),
    ...when(
      m.verdict,
      'EQ',
      Verdict.JOB_FAILED,
      say(errnos.EIO.number, jobFailed(asked, unit, found(m.result))),
    ),
    // What came before it counts for nothing.
    ...when(m.connection.problem, 'NE', 0, [move(m.verdict, Verdict.NONE)]),
    ...when(m.verdict, 'NE', Verdict.DONE, [
      ...problems.flatMap(name =>
        when(
          m.connection.problem,
          'EQ',
          errnos[name].number,
          say(errnos[name].number, problemWords(asked, unit, name)),
        ),
      ),
      fail(m.connection.problem),
    ]),
  ];
}

export const uidOf = ({ peer }: Manager): Field => field(TemplateField.DECIMAL, peer.uid);
