/** Messages of D-Bus (D-Bus Specification, "Message Format"). */
import { type BusValue, type BusVariant, marshal } from './marshal.js';

/** Second byte of a message. */
export const MessageType = { CALL: 1, RETURN: 2, ERROR: 3, SIGNAL: 4 } as const;

/** Codes of the header's fields. */
export const HeaderField = {
  PATH: 1,
  INTERFACE: 2,
  MEMBER: 3,
  ERROR_NAME: 4,
  REPLY_SERIAL: 5,
  DESTINATION: 6,
  SIGNATURE: 8,
} as const;

/** Offsets in the first 16 bytes, which every message has. */
export const Header = {
  ENDIAN: 0,
  TYPE: 1,
  VERSION: 3,
  BODY_LENGTH: 4,
  SERIAL: 8,
  FIELDS_LENGTH: 12,
  SIZE: 16,
} as const;
export const LITTLE_ENDIAN = 0x6c; // l

/** No message is longer ("Message Format"). */
export const MESSAGE_LIMIT = 1 << 27;

/** Who is asked for what. */
export interface Method {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
}

export interface Call extends Method {
  readonly serial: number;
  readonly signature: string;
}

/** The header of a call, padded: what the body begins behind. */
export function callHeader(call: Call, bodyLength: number): Uint8Array {
  const field = (code: number, type: string, value: BusValue): readonly [number, BusVariant] => [
    code,
    { type, value },
  ];
  const fields = [
    field(HeaderField.PATH, 'o', call.path),
    field(HeaderField.INTERFACE, 's', call.interface),
    field(HeaderField.MEMBER, 's', call.member),
    field(HeaderField.DESTINATION, 's', call.destination),
    ...(call.signature === '' ? [] : [field(HeaderField.SIGNATURE, 'g', call.signature)]),
  ];
  const header = marshal('yyyyuua(yv)', [
    LITTLE_ENDIAN,
    MessageType.CALL,
    0,
    1,
    bodyLength,
    call.serial,
    fields,
  ]);
  return Buffer.concat([header, Buffer.alloc((8 - (header.length % 8)) % 8)]);
}

export function callMessage(call: Call, body: readonly BusValue[]): Uint8Array {
  const marshalled = marshal(call.signature, body);
  return Buffer.concat([callHeader(call, marshalled.length), marshalled]);
}
