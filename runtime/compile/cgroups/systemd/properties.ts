/**
 * Properties of the scope (org.freedesktop.systemd1(5), systemd.resource-control(5)): what makes it a scope, and those limits that systemd knows. All limits are
 * written into the files as well; as properties they stand where systemd itself finds them when it writes these files anew (`systemctl daemon-reload`,
 * `set-property`). What systemd has no word for it does not touch.
 */
import { cpuMask, parseCpuList } from '../../../../spec/cpu-list.js';
import type { Integer, NormalResources } from '../../../../spec/normal-resources.js';
import type { UnitProperty, UnitValue } from '../../../../spec/systemd.js';
import { marshal } from '../../bus/marshal.js';
import { ioWeight, weightOfShares } from '../limits.js';
import type { CgroupPlan } from '../plan.js';
import { anyDescription } from './whose.js';

const property = (name: string, type: string, value: UnitValue): UnitProperty => ({ name, type, value });

/** What systemd takes for no limit. */
const INFINITY = 2n ** 64n - 1n;
const limit = (n: Integer): bigint => (n < 0 ? INFINITY : BigInt(n));

const number = (name: string, value: Integer | null): readonly UnitProperty[] =>
  value === null ? [] : [property(name, 't', limit(value))];

/** A mask, a bit for each; what the kernel's list means and systemd's mask cannot say is left to the file. */
function mask(name: string, list: string | null): readonly UnitProperty[] {
  const ranges = list === null ? null : parseCpuList(list);
  return ranges === null ? [] : [property(name, 'ay', [...cpuMask(ranges)])];
}

/** Of each second. systemd knows whole percents of a processor: rounded up, so that the file's own limit is the narrower one. */
function quota({
  quotaMicroseconds: quota,
  periodMicroseconds: period,
}: NormalResources['cpu']): readonly UnitProperty[] {
  const microseconds = BigInt(period ?? 100_000);
  const percent = 10_000n;
  const perSecond = quota === null || quota < 0 ? INFINITY : (BigInt(quota) * 1_000_000n) / microseconds;
  const rounded = perSecond === INFINITY ? INFINITY : ((perSecond + percent - 1n) / percent) * percent;
  return [
    ...(quota === null ? [] : [property('CPUQuotaPerSecUSec', 't', rounded)]),
    ...(period === null ? [] : [property('CPUQuotaPeriodUSec', 't', microseconds)]),
  ];
}

/** config.json counts memory and swap together, v2 swap alone. */
function swap({ limitBytes, swapBytes }: NormalResources['memory']): Integer | null {
  if (swapBytes === null || swapBytes < 0) return swapBytes;
  return BigInt(swapBytes) - BigInt(limitBytes ?? 0);
}

/** By whose words systemd is told. */
export const versionOf = ({ directories }: CgroupPlan): 1 | 2 =>
  directories.some(({ version }) => version === 1) ? 1 : 2;

export function limitProperties(r: NormalResources, version: 1 | 2): readonly UnitProperty[] {
  const { memory, cpu, blockIo } = r;
  const shared = [...quota(cpu), ...number('TasksMax', r.pidsLimit)];
  if (version === 1)
    return [
      ...number('MemoryLimit', memory.limitBytes),
      ...number('CPUShares', cpu.shares),
      ...number('BlockIOWeight', blockIo.weight),
      ...shared,
    ];
  return [
    ...number('MemoryMax', memory.limitBytes),
    ...number('MemoryLow', memory.reservationBytes),
    ...number('MemorySwapMax', swap(memory)),
    ...number('CPUWeight', cpu.shares === null ? null : weightOfShares(cpu.shares)),
    ...number('IOWeight', blockIo.weight === null ? null : ioWeight(blockIo.weight)),
    ...mask('AllowedCPUs', cpu.cpus),
    ...mask('AllowedMemoryNodes', cpu.mems),
    ...shared,
  ];
}

/** Its description has the place of its number. Without defaults, it neither waits for other units nor ends with them; whatever state it ends in, nothing of it stays. */
export function scopeProperties(slice: string, version: 1 | 2): readonly UnitProperty[] {
  const accounting = [
    'CPUAccounting',
    'MemoryAccounting',
    version === 1 ? 'BlockIOAccounting' : 'IOAccounting',
    'TasksAccounting',
  ];
  return [
    property('Description', 's', anyDescription),
    property('Slice', 's', slice),
    property('Delegate', 'b', true),
    property('DefaultDependencies', 'b', false),
    property('CollectMode', 's', 'inactive-or-failed'),
    ...accounting.map(name => property(name, 'b', true)),
  ];
}

/** The elements of `a(sv)`, without the length of the array. */
export function marshalProperties(properties: readonly UnitProperty[]): Uint8Array {
  const array = marshal('a(sv)', [properties.map(({ name, type, value }) => [name, { type, value }])]);
  return array.slice(8);
}
