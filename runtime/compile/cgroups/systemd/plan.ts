/** Where the unit and its directories are: they follow from its name and from its slice (systemd.slice(5)). */
import type { CgroupFacts } from '../../../../spec/host-facts.js';
import { TemplateField } from '../../../../spec/instructions.js';
import { type SystemdInstance, UNIT_NAME_LIMIT } from '../../../../spec/systemd.js';
import { ignoring, repeat } from '../../../program/control.js';
import {
  buffer,
  cell,
  extent,
  field,
  type Slot,
  slot,
  slots,
  type Template,
  text,
} from '../../../program/operand.js';
import { alu, format, jump, type Line, move, scan } from '../../../program/step.js';
import type { CgroupDirectory } from '../driver.js';
import { type CgroupPlan, hierarchies, placedAt } from '../plan.js';
import { directoryOf, escapeUnit, type UnitName } from './unit.js';

export interface ScopePlan extends CgroupPlan {
  /** Offset and length of the unit's name; NUL behind. */
  readonly unit: Slot;
  readonly unitTemplate: Template;
}

const split = (path: string): readonly string[] => path.split('/').filter(part => part !== '');

/** Of the letters of an id, the plus sign alone is none of a unit's name. */
function escapeId(id: Slot): { readonly escaped: Slot; readonly lines: readonly Line[] } {
  const escaped = slots('unit_id', 2);
  const here = buffer('unit_id_text', 4 * UNIT_NAME_LIMIT + 8);
  const there = buffer('unit_id_next', 4 * UNIT_NAME_LIMIT + 8);
  const before = slots('before_plus', 2, here);
  const behind = slot('behind_plus');
  const at = slot('plus_at');
  const string = (of: Slot) => field(TemplateField.STRING, of);
  return {
    escaped,
    lines: [
      move(escaped, here),
      move(at, 0),
      format(here, [string(id)], { to: cell(escaped, 1) }),
      ...repeat(({ again, leave }) => [
        ...ignoring(['ENOENT'], none => [
          scan(
            'FIND',
            { buffer: here, length: cell(escaped, 1), start: at, byte: 0x2b },
            { to: at, ...none },
          ),
          move(cell(before, 1), at),
          alu(behind, at, 'ADD', here),
          alu(behind, behind, 'ADD', 1),
          format(there, [field(TemplateField.BYTES, before), '\\x2b', string(behind)]),
          format(here, [string(slot('next_id', there))], { to: cell(escaped, 1) }),
          jump(again),
        ]),
        jump(leave),
      ]),
    ],
  };
}

/** One whose name has nothing open in it. */
export function knownUnit(name: string): Pick<ScopePlan, 'unit' | 'unitTemplate'> {
  return { unit: extent('unit', text(name), name.length), unitTemplate: [name] };
}

/** `id`: the slot of the container's. */
export function planScope(
  facts: CgroupFacts,
  instance: SystemdInstance,
  name: UnitName,
  id: Slot,
): ScopePlan {
  const above = split(instance.cgroup);
  const components = [...above, ...name.sliceDirectories];
  const { escaped, lines } = escapeId(id);
  const idField = field(TemplateField.STRING, escaped);
  const unitText: Template = name.hasId ? [name.before, idField, name.after] : [name.before];
  const directories = hierarchies(facts).map(([hierarchy, version]): CgroupDirectory => {
    const base = [hierarchy.mount, ...components].join('/');
    // What is above systemd's own cgroup is somebody else's.
    const placed = { hierarchy: { ...hierarchy, from: instance.cgroup }, version };
    if (!name.hasId) {
      const directory = directoryOf(name.before);
      return { ...placed, components: [...components, directory], ...placedAt(`${base}/${directory}`) };
    }
    const before = `${base}/${directoryOf(name.before)}`;
    return {
      ...placed,
      components,
      endsInId: true,
      path: [before, idField, name.after],
      memory: buffer('cgroup_path', base.length + UNIT_NAME_LIMIT + 8),
      pathOf: known => `${before}${escapeUnit(known)}${name.after}`,
    };
  });
  if (!name.hasId) return { directories, formats: [], ...knownUnit(name.before) };
  const unit = buffer('unit_name', UNIT_NAME_LIMIT + 1);
  const found = slots('unit', 2, unit);
  return {
    directories,
    unit: found,
    unitTemplate: unitText,
    formats: [
      ...lines,
      format(unit, unitText, { to: cell(found, 1) }),
      ...directories.map(d => format(d.memory, d.path)),
    ],
  };
}

/** That of v1 by which systemd finds processes, or that of v2. */
export const systemdsOwn = ({ directories }: ScopePlan): CgroupDirectory | undefined =>
  directories.find(({ hierarchy }) => hierarchy.controllers.includes('name=systemd')) ??
  directories.find(({ version }) => version === 2);
