/** CRIU's answers, read as they come: which notice, which pid, what went wrong. Whatever makes no sense is a failure. */
import { AnswerField, NoticeField, RestoreField } from '../../../spec/criu.js';
import { errnos } from '../../../spec/errno.js';
import { repeat, when } from '../../program/control.js';
import {
  buffer,
  cell,
  type Data,
  label,
  type Slot,
  slot,
  slots,
  struct,
  u32,
} from '../../program/operand.js';
import {
  alu,
  branch,
  call,
  fail,
  jump,
  type Line,
  load,
  move,
  type Subroutine,
  subroutine,
} from '../../program/step.js';

/** The longest that CRIU sends but for lists of features, which nobody asks for. */
const ANSWER_SIZE = 8192;

export interface Answer {
  readonly data: Data;
  /** Bytes, descriptors. */
  readonly size: Slot;
  readonly fds: Data;
  /** One of CriuRequest. */
  readonly type: Slot;
  readonly success: Slot;
  /** Offset in the data and length, as a field BYTES has them; length 0: none. */
  readonly script: Slot;
  readonly message: Slot;
  readonly errno: Slot;
  /** Of the first process; it stays as it was if the answer has none. */
  readonly pid: Slot;
  /** Once `data` and `size` are there. */
  readonly parse: Subroutine;
}

/** Where the reading is. */
interface Cursor {
  readonly at: Slot;
  /** The field that is read, and the message that it is in: 0 if it is the answer itself. */
  readonly field: Slot;
  readonly inside: Slot;
  /** Behind that message. */
  readonly until: Slot;
  readonly value: Slot;
  readonly varint: Subroutine;
}

function cursorIn(data: Data): Cursor {
  const at = slot('answer_at');
  const value = slot('answer_value');
  const byte = slot('answer_byte');
  const shift = slot('answer_shift');
  const bits = slot('answer_bits');
  const varint = subroutine('read_varint', [
    move(value, 0),
    move(shift, 0),
    ...repeat(({ again, leave }) => [
      load(byte, 'U8', data, at),
      alu(at, at, 'ADD', 1),
      alu(bits, byte, 'AND', 0x7f),
      alu(bits, bits, 'SHL', shift),
      alu(value, value, 'OR', bits),
      branch(byte, 'LT', 0x80, leave),
      alu(shift, shift, 'ADD', 7),
      branch(shift, 'LE', 63, again),
      fail(errnos.EPROTO.number),
    ]),
  ]);
  return {
    at,
    field: slot('answer_field'),
    inside: slot('answer_inside'),
    until: slot('answer_until'),
    value,
    varint,
  };
}

export function createAnswer(pid: Slot): Answer {
  const data = buffer('answer', ANSWER_SIZE);
  const base = {
    data,
    size: slots('answer_size', 2),
    fds: struct('answer_fds', [u32(0xffffffff), u32(0)]),
    type: slot('answer_type'),
    success: slot('answer_success'),
    script: slots('answer_script', 2),
    message: slots('answer_message', 2),
    errno: slot('answer_errno'),
    pid,
  };
  return { ...base, parse: parser(base, cursorIn(data)) };
}

/** criu_resp begins with its two required fields, one byte each. */
const TYPE_AT = 1;
const SUCCESS_AT = 3;
const FIRST_FIELD = 4;

function parser(answer: Omit<Answer, 'parse'>, cursor: Cursor): Subroutine {
  const { data, size, script, message } = answer;
  const { at, field, inside, until, value } = cursor;
  const wire = slot('answer_wire');
  const broken = label('answer_broken');
  return subroutine('read_answer', [
    ...when(size, 'LT', FIRST_FIELD, [fail(errnos.EPROTO.number)]),
    load(answer.type, 'U8', data, TYPE_AT),
    load(answer.success, 'U8', data, SUCCESS_AT),
    move(at, FIRST_FIELD),
    move(inside, 0),
    move(answer.errno, 0),
    move(cell(script, 1), 0),
    move(cell(message, 1), 0),
    ...repeat(({ again, leave }) => [
      branch(at, 'GE', size, leave),
      ...when(inside, 'NE', 0, when(at, 'GE', until, [move(inside, 0)])),
      call(cursor.varint),
      alu(wire, value, 'AND', 7),
      alu(field, value, 'SHR', 3),
      call(cursor.varint),
      ...when(wire, 'EQ', 0, [...keepNumber(answer, cursor), jump(again)]),
      ...when(wire, 'NE', 2, [fail(errnos.EPROTO.number)]),
      // A length that leads backwards would be read for ever.
      branch(value, 'LT', 0, broken),
      branch(value, 'GT', size, broken),
      ...enterMessage(cursor, again),
      ...keepText(answer, cursor),
      alu(at, at, 'ADD', value),
    ]),
    ...when(at, 'GT', size, [broken, fail(errnos.EPROTO.number)]),
  ]);
}

const isField = (c: Cursor, inside: number, number: number, then: readonly Line[]): readonly Line[] =>
  when(c.inside, 'EQ', inside, when(c.field, 'EQ', number, then));

function keepNumber({ errno, pid }: Omit<Answer, 'parse'>, c: Cursor): readonly Line[] {
  return [
    ...isField(c, 0, AnswerField.ERRNO, [move(errno, c.value)]),
    ...isField(c, AnswerField.NOTIFY, NoticeField.PID, [move(pid, c.value)]),
    ...isField(c, AnswerField.RESTORE, RestoreField.PID, [move(pid, c.value)]),
  ];
}

function enterMessage(c: Cursor, again: Parameters<typeof jump>[0]): readonly Line[] {
  return [AnswerField.NOTIFY, AnswerField.RESTORE].flatMap(number =>
    isField(c, 0, number, [move(c.inside, number), alu(c.until, c.at, 'ADD', c.value), jump(again)]),
  );
}

function keepText({ data, script, message }: Omit<Answer, 'parse'>, c: Cursor): readonly Line[] {
  const keep = (to: Slot): readonly Line[] => [
    move(to, data),
    alu(to, to, 'ADD', c.at),
    move(cell(to, 1), c.value),
  ];
  return [
    ...isField(c, 0, AnswerField.MESSAGE, keep(message)),
    ...isField(c, AnswerField.NOTIFY, NoticeField.SCRIPT, keep(script)),
  ];
}
