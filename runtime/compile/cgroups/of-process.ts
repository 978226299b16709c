/** The cgroups that a process is in, which need not be those that it was started in: systemd as init moves itself, and so may hooks and the host. */
import type { CgroupFacts, CgroupHierarchy } from '../../../spec/host-facts.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, type OpenFlags } from '../../../spec/kernel.js';
import { ignoring, repeat, when } from '../../program/control.js';
import { buffer, cell, type Data, field, ref, type Slot, slot, slots, text } from '../../program/operand.js';
import { alu, call, format, jump, type Line, move, scan, subroutine, sys } from '../../program/step.js';
import type { FrostSensor } from './driver.js';
import { type Freezer, frostSensor } from './freezer.js';
import { hierarchies } from './plan.js';

/** Where a process is now, in a hierarchy: by its line `N:CONTROLLERS:PATH` of /proc/PID/cgroup (cgroups(7)); `0::PATH` for v2. */
export interface ProcessGroups {
  /** Steps that open it into `to`: below 0 if it is in none of that hierarchy. */
  open(hierarchy: CgroupHierarchy, unified: boolean, to: Slot): readonly Line[];
}

/** What is looked for: the hierarchy, and `:CONTROLLERS:` of its line. */
interface Wanted {
  readonly mount: Slot;
  readonly key: Slot;
  readonly keySize: Slot;
}

interface Found {
  readonly directory: Data;
  /** 1: it is there. */
  readonly found: Slot;
}

/** The line of a hierarchy, in the text of /proc/PID/cgroup. */
function findLine(content: Data, size: Slot, wanted: Wanted, { directory, found }: Found): readonly Line[] {
  const { mount, key, keySize } = wanted;
  const line = slots('of_process_line', 2);
  const number = slots('of_process_number', 2);
  const end = slots('of_process_end', 2);
  const name = slots('of_process_name', 2);
  const same = slots('of_process_same', 2);
  return [
    move(line, 0),
    ...repeat(({ leave }) => [
      scan(
        'NUMBER',
        { buffer: content, length: size, start: line },
        { to: number, on: [['EINVAL', 'ERANGE'], leave] },
      ),
      scan(
        'FIND',
        { buffer: content, length: size, start: line, byte: 0x0a },
        { to: end, on: [['ENOENT'], leave] },
      ),
      alu(line, end, 'ADD', 1),
      alu(name, cell(number, 1), 'ADD', content),
      scan('EQUAL', { buffer: ref(name), length: keySize, start: ref(key) }, { to: same }),
      ...when(same, 'NE', 0, [
        alu(name, cell(number, 1), 'ADD', keySize),
        alu(cell(name, 1), end, 'SUB', name),
        alu(name, name, 'ADD', content),
        format(directory, [field(TemplateField.STRING, mount), field(TemplateField.BYTES, name)]),
        move(found, 1),
        jump(leave),
      ]),
    ]),
  ];
}

/** `pid`: as this track sees it. */
export function processGroups(open: OpenFlags, pid: Slot): ProcessGroups {
  const path = buffer('of_process_path', 40);
  const fd = slot('of_process_fd');
  const content = buffer('of_process_text', 1 << 16);
  const size = slot('of_process_size');
  const directory = buffer('of_process_dir', 4096);
  const found = slot('of_process_found');
  const [mount, key, keySize] = [slot('hierarchy_mount'), slot('hierarchy_key'), slot('hierarchy_key_size')];
  const find = subroutine('find_cgroup_of_process', [
    move(found, 0),
    format(path, ['/proc/', field(TemplateField.DECIMAL, pid), '/cgroup']),
    // ESRCH comes from read(2), of a process that has ended.
    ...ignoring(['ENOENT', 'ESRCH'], ended => [
      sys('openat', [AT_FDCWD, path, open.RDONLY | open.CLOEXEC, 0], { to: fd, ...ended }),
      sys('read', [fd, content, content.size - 1], { to: size, ...ended }),
      sys('close', [fd]),
      ...findLine(content, size, { mount, key, keySize }, { directory, found }),
    ]),
  ]);
  const flags = open.RDONLY | open.DIRECTORY | open.CLOEXEC;
  return {
    open: (hierarchy, unified, to) => {
      const wanted = text(unified ? '::' : `:${hierarchy.controllers.join(',')}:`);
      return [
        move(mount, text(hierarchy.mount)),
        move(key, wanted),
        move(keySize, wanted.size - 1),
        call(find),
        move(to, -1),
        ...when(
          found,
          'NE',
          0,
          ignoring(['ENOENT', 'ENODEV'], gone => [
            sys('openat', [AT_FDCWD, directory, flags, 0], { to, ...gone }),
          ]),
        ),
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
        place: to => groups.open(hierarchy, version === 2, to),
      }),
    );
  return freezers.length === 0 ? null : frostSensor(open, freezers);
}
