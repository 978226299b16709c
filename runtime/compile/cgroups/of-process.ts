/** The cgroups that a process is in, which need not be those that it was started in: systemd as init moves itself, and so may hooks and the host. */
import type { CgroupFacts, CgroupHierarchy } from '../../../spec/host-facts.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, type OpenFlags } from '../../../spec/kernel.js';
import {
  buffer,
  cell,
  field,
  type Label,
  label,
  ref,
  type Slot,
  slot,
  slots,
  text,
} from '../../program/operand.js';
import { alu, branch, call, format, type Line, move, scan, subroutine, sys } from '../../program/step.js';
import type { FrostSensor } from './driver.js';
import { type Freezer, frostSensor } from './freezer.js';
import { hierarchies } from './plan.js';

/** Where a process is now, in a hierarchy: by its line `N:CONTROLLERS:PATH` of /proc/PID/cgroup (cgroups(7)); `0::PATH` for v2. */
export interface ProcessGroups {
  /** Steps that open it into `to`, or go on at `absent` if it is in none of that hierarchy. */
  open(hierarchy: CgroupHierarchy, unified: boolean, to: Slot, absent: Label): readonly Line[];
}

/** `pid`: as this track sees it. */
export function processGroups(open: OpenFlags, pid: Slot): ProcessGroups {
  const path = buffer('of_process_path', 40);
  const fd = slot('of_process_fd');
  const content = buffer('of_process_text', 1 << 16);
  const size = slot('of_process_size');
  const line = slots('of_process_line', 2);
  const number = slots('of_process_number', 2);
  const end = slots('of_process_end', 2);
  const name = slots('of_process_name', 2);
  const same = slots('of_process_same', 2);
  const directory = buffer('of_process_dir', 4096);
  const found = slot('of_process_found');
  const [mount, key, keySize] = [slot('hierarchy_mount'), slot('hierarchy_key'), slot('hierarchy_key_size')];
  const again = label('next_cgroup_line');
  const none = label('no_cgroup_line');
  const find = subroutine('find_cgroup_of_process', [
    move(found, 0),
    format(path, ['/proc/', field(TemplateField.DECIMAL, pid), '/cgroup']),
    sys('openat', [AT_FDCWD, path, open.RDONLY | open.CLOEXEC, 0], { to: fd, on: [['ENOENT'], none] }),
    sys('read', [fd, content, content.size - 1], { to: size, on: [['ESRCH'], none] }),
    sys('close', [fd]),
    move(line, 0),
    again,
    scan(
      'NUMBER',
      { buffer: content, length: size, start: line },
      { to: number, on: [['EINVAL', 'ERANGE'], none] },
    ),
    scan(
      'FIND',
      { buffer: content, length: size, start: line, byte: 0x0a },
      { to: end, on: [['ENOENT'], none] },
    ),
    alu(line, end, 'ADD', 1),
    alu(name, cell(number, 1), 'ADD', content),
    scan('EQUAL', { buffer: ref(name), length: keySize, start: ref(key) }, { to: same }),
    branch(same, 'EQ', 0, again),
    alu(name, cell(number, 1), 'ADD', keySize),
    alu(cell(name, 1), end, 'SUB', name),
    alu(name, name, 'ADD', content),
    format(directory, [field(TemplateField.STRING, mount), field(TemplateField.BYTES, name)]),
    move(found, 1),
    none,
  ]);
  return {
    open: (hierarchy, unified, to, absent) => {
      const wanted = text(unified ? '::' : `:${hierarchy.controllers.join(',')}:`);
      return [
        move(mount, text(hierarchy.mount)),
        move(key, wanted),
        move(keySize, wanted.size - 1),
        call(find),
        branch(found, 'EQ', 0, absent),
        sys('openat', [AT_FDCWD, directory, open.RDONLY | open.DIRECTORY | open.CLOEXEC, 0], {
          to,
          on: [['ENOENT', 'ENODEV'], absent],
        }),
      ];
    },
  };
}

/** Sees whether a process is frozen, in whichever group it is by then; null: the host has no way to freeze it. */
export function frostOfProcess(open: OpenFlags, facts: CgroupFacts, pid: Slot): FrostSensor | null {
  const groups = processGroups(open, pid);
  const freezers = hierarchies(facts)
    .filter(([{ controllers }, version]) => version === 2 || controllers.includes('freezer'))
    .map(
      ([hierarchy, version]): Freezer => ({
        version,
        place: (to, absent) => groups.open(hierarchy, version === 2, to, absent),
      }),
    );
  return freezers.length === 0 ? null : frostSensor(open, freezers);
}
