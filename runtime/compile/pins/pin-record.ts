/** NAME@N.json: what launches must know of a generation (runtime/trees/pins.ts reads it). */
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, type OpenFlags, STATX_BASIC_STATS, Statx } from '../../../spec/kernel.js';
import { type Action, action } from '../../program/action.js';
import {
  buffer,
  cell,
  field,
  type Slot,
  slot,
  slots,
  struct,
  type Template,
  text,
  u64,
} from '../../program/operand.js';
import { format, type Line, load, sys } from '../../program/step.js';
import { writeWhole } from '../container/state.js';
import { rule } from '../launch/launch.js';
import { killMaker, type MakerCells, type NewPin, pinName, pinPath } from './pin-namespace.js';

const number = (of: Slot) => field(TemplateField.DECIMAL, of);

/** The mount namespace, the root directory and the time, as members of a JSON object: `"host":{...},"created":"..."`. */
export function describeHost(): { readonly look: readonly Line[]; readonly members: Template } {
  const stat = buffer('record_stat', 256);
  const namespace = slot('host_namespace');
  const [major, minor, root] = [slot('root_major'), slot('root_minor'), slot('root_inode')];
  const time = slots('created', 2);
  const now = struct('timespec', [u64(0), u64(0)]);
  return {
    look: [
      sys('statx', [AT_FDCWD, text('/proc/self/ns/mnt'), 0, STATX_BASIC_STATS, stat]),
      load(namespace, 'U64', stat, Statx.INO),
      sys('statx', [AT_FDCWD, text('/'), 0, STATX_BASIC_STATS, stat]),
      load(root, 'U64', stat, Statx.INO),
      load(major, 'U32', stat, Statx.DEV_MAJOR),
      load(minor, 'U32', stat, Statx.DEV_MINOR),
      sys('clock_gettime', [0, now]),
      load(time, 'I64', now, 0),
      load(cell(time, 1), 'I64', now, 8),
    ],
    members: [
      '"host":{"namespace":',
      number(namespace),
      ',"root":{"major":',
      number(major),
      ',"minor":',
      number(minor),
      ',"inode":',
      number(root),
      '}},"created":"',
      field(TemplateField.TIME, time),
      '"',
    ],
  };
}

/** With the numbers that only the kernel could give. Written last: without it the generation does not count. `rest`: further members. */
export function recordPin(
  pin: NewPin,
  pins: Slot,
  open: OpenFlags,
  c: MakerCells,
  rest: object,
): readonly Action[] {
  const name = pinName(pin);
  const stat = buffer('pin_stat', 256);
  const inode = slot('pin_inode');
  const size = slot('record_size');
  const host = describeHost();
  const more = JSON.stringify(rest).slice(1);
  const content = buffer('record', Buffer.byteLength(more) + 400);
  return [
    action({ title: `record ${name}`, because: rule('launches check it') }, [
      sys('statx', [AT_FDCWD, text(pinPath(pin)), 0, STATX_BASIC_STATS, stat]),
      load(inode, 'U64', stat, Statx.INO),
      ...host.look,
      format(
        content,
        ['{"inode":', number(inode), ',"mark":', number(c.mark), ',', ...host.members, `,${more}\n`],
        { to: size },
      ),
      ...writeWhole(open, pins, `${name}.json`, content, size, 0o600),
    ]),
    action({ title: 'let the maker end', because: rule('the pin keeps the namespace') }, [...killMaker(c)]),
  ];
}
