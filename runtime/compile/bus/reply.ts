/** What is in a message that came: its header taken apart and its body read, by steps. Nothing in it is believed further than its own bounds. */
import { errnos } from '../../../spec/errno.js';
import { repeat, when } from '../../program/control.js';
import { cell, type Label, label, type Slot, slot, slots } from '../../program/operand.js';
import { alu, branch, jump, type Line, load, move, type Subroutine, subroutine } from '../../program/step.js';
import type { Connection } from './connection.js';
import { Header, HeaderField } from './message.js';

/** A text in the program's memory: its offset, and in the second cell its length, as FORMAT takes it. */
export type Found = Slot;

export interface Reply {
  /** One of MessageType. */
  readonly type: Slot;
  /** 0: it answers nothing. */
  readonly serial: Slot;
  readonly member: Found;
  readonly errorName: Found;
  /** Position of the body in the message. */
  readonly body: Slot;
  /** Fills them in from the connection's message; what makes no sense is a problem of the connection. */
  readonly read: Subroutine;
}

const letter = (of: string): number => of.charCodeAt(0);

/** The position, up to the next multiple. */
const aligned = (at: Slot, to: number): readonly Line[] => [
  alu(at, at, 'ADD', to - 1),
  alu(at, at, 'AND', -to),
];

/** A text that begins at position `at`, which moves behind it; it must end, with its NUL, before `end`. */
export function readText(c: Connection, at: Slot, end: Slot, to: Found, malformed: Label): readonly Line[] {
  const size = slot('text_size');
  const behind = slot('text_behind');
  return [
    ...aligned(at, 4),
    alu(behind, at, 'ADD', 4),
    branch(behind, 'GT', end, malformed),
    load(size, 'U32', c.message, at),
    alu(at, at, 'ADD', 4),
    ...keepText(c, at, size, end, to, malformed),
  ];
}

function keepText(
  c: Connection,
  at: Slot,
  size: Slot,
  end: Slot,
  to: Found,
  malformed: Label,
): readonly Line[] {
  return [
    alu(to, c.message, 'ADD', at),
    move(cell(to, 1), size),
    alu(at, at, 'ADD', size),
    alu(at, at, 'ADD', 1),
    branch(at, 'GT', end, malformed),
  ];
}

interface Fields {
  /** Position of the next one, and where they end. */
  readonly at: Slot;
  readonly end: Slot;
  readonly code: Slot;
  /** The letter of its type. */
  readonly kind: Slot;
}

/** Code and type of the field at `at`, which moves on to its value. */
function fieldHead(c: Connection, { at, end, code, kind }: Fields, malformed: Label): readonly Line[] {
  const near = slot('near');
  const size = slot('signature_size');
  return [
    alu(near, at, 'ADD', 4),
    branch(near, 'GT', end, malformed),
    load(code, 'U8', c.message, at),
    // A signature of one letter: no field has another.
    alu(near, at, 'ADD', 1),
    load(size, 'U8', c.message, near),
    branch(size, 'NE', 1, malformed),
    alu(near, at, 'ADD', 2),
    load(kind, 'U8', c.message, near),
    alu(at, at, 'ADD', 4),
  ];
}

/** The value of one field, by its type; `at` moves behind it. */
function fieldValue(
  c: Connection,
  fields: Fields,
  reply: Omit<Reply, 'read'>,
  malformed: Label,
): readonly Line[] {
  const { at, end, code, kind } = fields;
  const size = slot('field_size');
  const value = slots('field_value', 2);
  const isText = label('field_is_text');
  const over = label('field_over');
  const take = (to: Found): readonly Line[] => [move(to, value), move(cell(to, 1), cell(value, 1))];
  return [
    branch(kind, 'EQ', letter('s'), isText),
    branch(kind, 'EQ', letter('o'), isText),
    ...when(kind, 'EQ', letter('g'), [
      branch(at, 'GE', end, malformed),
      load(size, 'U8', c.message, at),
      alu(at, at, 'ADD', 1),
      ...keepText(c, at, size, end, value, malformed),
      jump(over),
    ]),
    branch(kind, 'NE', letter('u'), malformed),
    alu(size, at, 'ADD', 4),
    branch(size, 'GT', end, malformed),
    ...when(code, 'EQ', HeaderField.REPLY_SERIAL, [load(reply.serial, 'U32', c.message, at)]),
    move(at, size),
    jump(over),
    isText,
    ...readText(c, at, end, value, malformed),
    ...when(code, 'EQ', HeaderField.MEMBER, take(reply.member)),
    ...when(code, 'EQ', HeaderField.ERROR_NAME, take(reply.errorName)),
    over,
  ];
}

export function createReply(c: Connection): Reply {
  const fields: Fields = {
    at: slot('field_at'),
    end: slot('fields_end'),
    code: slot('field_code'),
    kind: slot('field_type'),
  };
  const reply = {
    type: slot('reply_type'),
    serial: slot('reply_serial'),
    body: slot('reply_body'),
    member: slots('reply_member', 2),
    errorName: slots('reply_error', 2),
  };
  const { at, end } = fields;
  const malformed = label('reply_malformed');
  const done = label('reply_read');
  const read = subroutine('read_reply', [
    move(reply.serial, 0),
    ...[reply.member, reply.errorName].flatMap(one => [move(one, 0), move(cell(one, 1), 0)]),
    load(reply.type, 'U8', c.message, Header.TYPE),
    load(end, 'U32', c.message, Header.FIELDS_LENGTH),
    alu(end, end, 'ADD', Header.SIZE),
    // Its fields do not fit, or it is shorter than it says.
    branch(end, 'GT', c.have, malformed),
    move(at, Header.SIZE),
    ...repeat(({ leave }) => [
      ...aligned(at, 8),
      branch(at, 'GE', end, leave),
      ...fieldHead(c, fields, malformed),
      ...fieldValue(c, fields, reply, malformed),
    ]),
    move(reply.body, end),
    ...aligned(reply.body, 8),
    jump(done),
    malformed,
    move(c.problem, errnos.EPROTO.number),
    done,
  ]);
  return { ...reply, read };
}
