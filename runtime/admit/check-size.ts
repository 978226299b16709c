import type { Config } from '../../spec/generated/config.js';
import type { Note, ValuePath } from './diagnostic.js';

/** Entries of one list. An image counts actions in 16 bits; long before that, compiling takes longer than anybody waits. */
export const LIST_LIMIT = 10_000;
/** Each hook is a track of its own. */
export const HOOK_LIMIT = 1_000;
/** Each network device needs room for a dump of its addresses. */
export const NET_DEVICE_LIMIT = 1_000;
/** Of all lists together. */
export const TOTAL_LIMIT = 20_000;

/** The lists of which every entry becomes steps of its own. Lists that are data (arguments, environment, groups, capabilities, seccomp rules) have the limits of the kernel. */
function listsOf({ mounts, linux = {} }: Config): readonly (readonly [ValuePath, object | undefined])[] {
  const { resources = {} } = linux;
  const { blockIO = {} } = resources;
  const below = (base: ValuePath, lists: Readonly<Record<string, object | undefined>>) =>
    Object.entries(lists).map(([name, list]) => [[...base, name], list] as const);
  const { devices, maskedPaths, readonlyPaths, sysctl } = linux;
  const { hugepageLimits, rdma, unified } = resources;
  const { throttleReadBpsDevice, throttleWriteBpsDevice, throttleReadIOPSDevice, throttleWriteIOPSDevice } =
    blockIO;
  const { weightDevice } = blockIO;
  return [
    [['mounts'], mounts],
    ...below(['linux'], { devices, sysctl, maskedPaths, readonlyPaths }),
    ...below(['linux', 'resources'], { devices: resources.devices, hugepageLimits, rdma, unified }),
    ...below(['linux', 'resources', 'network'], { priorities: resources.network?.priorities }),
    ...below(['linux', 'resources', 'blockIO'], {
      weightDevice,
      throttleReadBpsDevice,
      throttleWriteBpsDevice,
    }),
    ...below(['linux', 'resources', 'blockIO'], { throttleReadIOPSDevice, throttleWriteIOPSDevice }),
  ];
}

/** Notes lists that are too long to be carried out: before anything is made of them. */
export function checkSize(config: Config, note: Note): void {
  limit(listsOf(config), LIST_LIMIT, TOTAL_LIMIT, note);
  const hooks = Object.entries(config.hooks ?? {}).map(([kind, list]) => [['hooks', kind], list] as const);
  limit(hooks, HOOK_LIMIT, HOOK_LIMIT, note);
  for (const [index, { options = [] }] of (config.mounts ?? []).entries())
    limit([[['mounts', index, 'options'], options]], LIST_LIMIT, LIST_LIMIT, note);
  limit([[['linux', 'netDevices'], config.linux?.netDevices]], NET_DEVICE_LIMIT, NET_DEVICE_LIMIT, note);
}

function limit(lists: ReturnType<typeof listsOf>, each: number, all: number, note: Note): void {
  let total = 0;
  for (const [path, list] of lists) {
    const count = Object.keys(list ?? []).length;
    if (count > each) note(path, { kind: 'too-many', count, limit: each, scope: 'list' });
    else if (total + count > all) note(path, { kind: 'too-many', count, limit: all, scope: 'all' });
    else total += count;
  }
}
