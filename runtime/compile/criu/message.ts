/**
 * Messages of protocol buffers (https://protobuf.dev/programming-guides/encoding/), made when a program is compiled. Only descriptors are known later: they have
 * places of a fixed width, which the program fills.
 */
import { type Data, type Slot, slot, struct, u8 } from '../../program/operand.js';
import { alu, type Line, store } from '../../program/step.js';

export type Value = number | string | boolean | Descriptor | Message;

/** The number of a descriptor, once it is open. */
export interface Descriptor {
  readonly fd: Slot;
}

export type Message = readonly (readonly [field: number, value: Value])[];

/** Groups of seven bits that a descriptor takes: more than LARGEST_NUMBER needs. */
const DESCRIPTOR_BYTES = 3;
const MORE = 0x80;

const VARINT = 0;
const LENGTH = 2;

interface Encoded {
  readonly bytes: readonly number[];
  readonly descriptors: readonly { readonly at: number; readonly fd: Slot }[];
}

function varint(value: number): readonly number[] {
  return value < MORE ? [value] : [(value % MORE) | MORE, ...varint(Math.floor(value / MORE))];
}

const isDescriptor = (value: Value): value is Descriptor => typeof value === 'object' && 'fd' in value;

function encodeValue(field: number, value: Value): Encoded {
  const tag = (wire: number): readonly number[] => varint(field * 8 + wire);
  if (typeof value === 'number' || typeof value === 'boolean')
    return { bytes: [...tag(VARINT), ...varint(Number(value))], descriptors: [] };
  if (typeof value === 'string') {
    const text = [...Buffer.from(value, 'utf8')];
    return { bytes: [...tag(LENGTH), ...varint(text.length), ...text], descriptors: [] };
  }
  if (isDescriptor(value)) {
    const head = tag(VARINT);
    const place = new Array<number>(DESCRIPTOR_BYTES).fill(0);
    return { bytes: [...head, ...place], descriptors: [{ at: head.length, fd: value.fd }] };
  }
  const inner = encodeMessage(value);
  const head = [...tag(LENGTH), ...varint(inner.bytes.length)];
  return { bytes: [...head, ...inner.bytes], descriptors: moved(inner, head.length) };
}

const moved = ({ descriptors }: Encoded, by: number): Encoded['descriptors'] =>
  descriptors.map(({ at, fd }) => ({ at: at + by, fd }));

function encodeMessage(message: Message): Encoded {
  return message.reduce<Encoded>(
    (whole, [field, value]) => {
      const one = encodeValue(field, value);
      return {
        bytes: [...whole.bytes, ...one.bytes],
        descriptors: [...whole.descriptors, ...moved(one, whole.bytes.length)],
      };
    },
    { bytes: [], descriptors: [] },
  );
}

export interface Composed {
  readonly data: Data;
  /** Put the descriptors in their places. */
  readonly fill: readonly Line[];
}

export function compose(name: string, message: Message): Composed {
  const { bytes, descriptors } = encodeMessage(message);
  const data = struct(name, bytes.map(u8), descriptors.length === 0);
  return { data, fill: descriptors.flatMap(({ at, fd }) => fill(data, at, fd)) };
}

function fill(data: Data, at: number, fd: Slot): readonly Line[] {
  const group = slot('seven_bits');
  return Array.from({ length: DESCRIPTOR_BYTES }, (_, i) => [
    alu(group, fd, 'SHR', 7 * i),
    alu(group, group, 'AND', MORE - 1),
    ...(i < DESCRIPTOR_BYTES - 1 ? [alu(group, group, 'OR', MORE)] : []),
    store('U8', data, at + i, group),
  ]).flat();
}
