/** Requests to the kernel's network, as data of the program (rtnetlink(7), netlink(7)): their layout, and how each is made and answered. */
import { errnos } from '../../../spec/errno.js';
import { NLMSG_ERROR } from '../../../spec/kernel.js';
import { when } from '../../program/control.js';
import {
  buffer,
  type Data,
  type Member,
  type Operand,
  type Slot,
  slot,
  struct,
  u8,
  u16,
  u32,
} from '../../program/operand.js';
import { fail, guard, type Line, load, sys } from '../../program/step.js';

/** Offsets in a message: struct nlmsghdr, then struct ifinfomsg or ifaddrmsg; in an answer the error is the first thing behind the header. */
export const Message = {
  TYPE: 4,
  FLAGS: 6,
  HEADER: 16,
  ERROR: 16,
  LINK_INDEX: 20,
  ADDRESS_FLAGS: 18,
  ADDRESS_SCOPE: 19,
  ADDRESS_INDEX: 20,
  ADDRESS_ATTRIBUTES: 24,
} as const;

/** struct rtattr: length, type. */
export const ATTRIBUTE_TYPE = 2;

/** IFNAMSIZ, linux/if.h */
export const NAME_SIZE = 16;

const aligned = (size: number): number => (size + 3) & ~3;

/** An attribute of four bytes; its value begins four behind `at` of the message. */
export const numberAttribute = (type: number, value: number): readonly Member[] => [
  u16(8),
  u16(type),
  u32(value),
];

export function textAttribute(type: number, value: string): readonly Member[] {
  const text = Buffer.from(`${value}\0`);
  const padded = Buffer.alloc(aligned(text.length));
  text.copy(padded);
  return [u16(4 + text.length), u16(type), ...[...padded].map(u8)];
}

export const widthOf = (members: readonly Member[]): number =>
  members.reduce((size, { width }) => size + width, 0);

/** `payload`: all behind the header. */
export function request(name: string, type: number, flags: number, payload: readonly Member[]): Data {
  const size = Message.HEADER + widthOf(payload);
  return struct(name, [u32(size), u16(type), u16(flags), u32(1), u32(0), ...payload]);
}

/** Send it, and fail with the errno of the answer if that is one. */
export function demand(socket: Slot, message: Operand, size: Operand): readonly Line[] {
  const answer = buffer('netlink_answer', 8192);
  const type = slot('netlink_type');
  const error = slot('netlink_error');
  return [
    sys('write', [socket, message, size]),
    sys('read', [socket, answer, 8192]),
    load(type, 'U16', answer, Message.TYPE),
    guard(type, 'EQ', NLMSG_ERROR, errnos.EPROTO.number),
    load(error, 'I32', answer, Message.ERROR),
    ...when(error, 'NE', 0, [fail(error)]),
  ];
}
