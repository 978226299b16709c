/** The record of a generation (spec/records/pin.ts), with the numbers that only the kernel could give. */
import { AT_FDCWD, type OpenFlags, STATX_BASIC_STATS, Statx } from '../../../spec/kernel.js';
import type { HostField } from '../../../spec/records/host.js';
import { type PinFacts, pinTemplate } from '../../../spec/records/pin.js';
import type { Action } from '../../program/action.js';
import {
  buffer,
  cell,
  field,
  type Slot,
  slot,
  slots,
  struct,
  templateBound,
  text,
  u64,
} from '../../program/operand.js';
import { format, type Line, load, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { writeWhole } from '../idioms/whole.js';
import { rule } from '../launch/launch.js';
import { killMaker, type MakerCells, type NewPin, pinName, pinPath } from './pin-namespace.js';

/** The mount namespace, the root directory and the time, for the members of a record that tell of the host. */
export function lookAtHost(): {
  readonly look: readonly Line[];
  readonly cells: Readonly<Record<HostField, Slot>>;
} {
  const stat = buffer('record_stat', 256);
  const cells = {
    namespace: slot('host_namespace'),
    hostRootMajor: slot('root_major'),
    hostRootMinor: slot('root_minor'),
    hostRootInode: slot('root_inode'),
    created: slots('created', 2),
  };
  const now = struct('timespec', [u64(0), u64(0)]);
  return {
    look: [
      sys('statx', [AT_FDCWD, text('/proc/self/ns/mnt'), 0, STATX_BASIC_STATS, stat]),
      load(cells.namespace, 'U64', stat, Statx.INO),
      sys('statx', [AT_FDCWD, text('/'), 0, STATX_BASIC_STATS, stat]),
      load(cells.hostRootInode, 'U64', stat, Statx.INO),
      load(cells.hostRootMajor, 'U32', stat, Statx.DEV_MAJOR),
      load(cells.hostRootMinor, 'U32', stat, Statx.DEV_MINOR),
      sys('clock_gettime', [0, now]),
      load(cells.created, 'I64', now, 0),
      load(cell(cells.created, 1), 'I64', now, 8),
    ],
    cells,
  };
}

/** Written last: without it the generation does not count. */
export function recordPin(
  pin: NewPin,
  pins: Slot,
  open: OpenFlags,
  c: MakerCells,
  facts: PinFacts,
): readonly Action[] {
  const name = pinName(pin);
  const stat = buffer('pin_stat', 256);
  const size = slot('record_size');
  const host = lookAtHost();
  const inode = slot('pin_inode');
  const cells = { ...host.cells, inode, mark: c.mark };
  const record = pinTemplate(facts, (as, name) => field(as, cells[name]));
  const content = buffer('record', templateBound(record));
  return [
    operation({ kind: 'record-pin', pin: name, because: rule('launches check it') }, [
      sys('statx', [AT_FDCWD, text(pinPath(pin)), 0, STATX_BASIC_STATS, stat]),
      load(inode, 'U64', stat, Statx.INO),
      ...host.look,
      format(content, record, { to: size }),
      ...writeWhole(open, pins, `${name}.json`, content, size, 0o600),
    ]),
    operation({ kind: 'end-maker', because: rule('the pin keeps the namespace') }, killMaker(c)),
  ];
}
