/** A call whose first argument is a text that is known only when the program runs: put together by steps, and sent. */
import { TemplateField } from '../../../spec/instructions.js';
import {
  buffer,
  bytes,
  cell,
  changeable,
  type Data,
  extent,
  field,
  type Slot,
  slot,
  slots,
} from '../../program/operand.js';
import { alu, format, type Line, store } from '../../program/step.js';
import { callHeader, Header, type Method } from './message.js';

/** The longest text that is given. */
const TEXT_LIMIT = 256;

export interface Request {
  readonly message: Data;
  readonly size: Slot;
  /** Put it together. */
  readonly make: readonly Line[];
}

/** How the text is given: by itself, or as a list of one (`as`). */
export type Given = 'alone' | 'listed';

/** The arguments behind the text, marshalled as if they began at a multiple of 8. */
export interface Arguments {
  /** Needs only multiples of 4. */
  readonly first: Uint8Array;
  /** Begins at a multiple of 8. */
  readonly second: Data | null;
}

/** `signature`: of all arguments, the text's first. `serial`: of this call, moved on. `text`: offset and length, NUL behind. */
export function createRequest(
  call: Method & { readonly signature: string },
  text: Slot,
  { first, second }: Arguments,
  serial: Slot,
  given: Given = 'alone',
): Request {
  const { member } = call;
  // Of a list: its own length comes before that.
  const before = given === 'listed' ? 4 : 0;
  const empty = callHeader({ ...call, serial: 0 }, 0);
  // With the length of the text, which is what the body begins with.
  const header = changeable(`${member} header`, Buffer.concat([empty, Buffer.alloc(before + 4)]));
  const message = buffer(
    `${member} message`,
    header.size + TEXT_LIMIT + 16 + first.length + (second?.size ?? 0),
  );
  const size = slot('request_size');
  const body = slot('request_body');
  const listSize = slot('request_list');
  const zeros = buffer('zeros', 8);
  const behindText = slots('behind_text', 2, zeros);
  const behindFirst = slots('behind_first', 2, zeros);
  const length = cell(text, 1);
  const piece = (name: string, data: Data) => field(TemplateField.BYTES, extent(name, data));
  return {
    message,
    size,
    make: [
      alu(serial, serial, 'ADD', 1),
      // NUL, and on to a multiple of 4.
      alu(cell(behindText, 1), length, 'AND', 3),
      alu(cell(behindText, 1), 4, 'SUB', cell(behindText, 1)),
      alu(body, length, 'ADD', cell(behindText, 1)),
      alu(body, body, 'ADD', before + 4 + first.length),
      alu(cell(behindFirst, 1), body, 'AND', second === null ? 0 : 4),
      alu(body, body, 'ADD', cell(behindFirst, 1)),
      alu(body, body, 'ADD', second?.size ?? 0),
      store('U32', header, Header.BODY_LENGTH, body),
      store('U32', header, Header.SERIAL, serial),
      store('U32', header, header.size - 4, length),
      ...(given === 'listed'
        ? [alu(listSize, length, 'ADD', 4 + 1), store('U32', header, header.size - 8, listSize)]
        : []),
      format(
        message,
        [
          piece('request_header', header),
          field(TemplateField.BYTES, text),
          field(TemplateField.BYTES, behindText),
          ...(first.length > 0 ? [piece('request_first', bytes('arguments', first, 1))] : []),
          field(TemplateField.BYTES, behindFirst),
          ...(second === null ? [] : [piece('request_second', second)]),
        ],
        { to: size },
      ),
    ],
  };
}
