/**
 * What is told to a file system when it is mounted, and which call takes it. fsconfig(2) takes 255 bytes in a string (strndup_user of fs/fsopen.c), but
 * any number of them; mount(2) takes a source of PATH_MAX and a page of data, all options together.
 */
import { MountFlag } from '../../../spec/kernel.js';
import { isLabelOption } from '../../../spec/label-options.js';
import type { MountData, NormalMount } from '../../../spec/normal-mount.js';
import { labelOption } from '../launch/annotations.js';
import type { Launch } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';

const FSCONFIG_MOST = 255;
/** PATH_MAX and the smallest page, both with the zero at the end. What is beyond, copy_mount_options() of fs/namespace.c cuts off in silence. */
const MOUNT_MOST = 4095;

function isLong(value: string): boolean {
  return Buffer.byteLength(value) > FSCONFIG_MOST;
}

/** fsconfig(2) does not take it: it is too long, or a flag of mount(2) for which there is no word (common_set_sb_flag of fs/fs_context.c). */
export function needsMountCall(source: string, data: MountData): boolean {
  return (
    isLong(source) ||
    data.some(
      ([key, value]) =>
        isLong(key) || isLong(value ?? '') || (value === null && ['silent', 'iversion'].includes(key)),
    )
  );
}

/** The options of an entry, with linux.mountLabel: the SELinux context of all files. proc, sysfs and mqueue label their files one by one. */
export function dataOf(launch: Launch, type: string, data: MountData): MountData {
  const { mountLabel } = launch.config.linux;
  if (mountLabel === null || ['proc', 'sysfs', 'mqueue'].includes(type)) return data;
  if (data.some(([key]) => key === 'context')) return data;
  return [...data, [labelOption(launch.config), mountLabel]];
}

const flags: ReadonlyMap<string, number> = new Map([
  ['sync', MountFlag.SYNCHRONOUS],
  ['dirsync', MountFlag.DIRSYNC],
  ['lazytime', MountFlag.LAZYTIME],
  ['mand', MountFlag.MANDLOCK],
  ['iversion', MountFlag.I_VERSION],
  ['silent', MountFlag.SILENT],
]);

export interface WholeData {
  readonly flags: number;
  readonly data: string;
}

/** As mount(2) takes it. */
export function wholeData(options: MountData): WholeData {
  let set = 0;
  const words: string[] = [];
  for (const [key, value] of options) {
    const flag = value === null ? flags.get(key) : undefined;
    if (flag !== undefined) set |= flag;
    else if (value === null) words.push(key);
    else words.push(`${key}=${isLabelOption(key) && value.includes(',') ? `"${value}"` : value}`);
  }
  return { flags: set, data: words.join() };
}

/** What a file system is told of: nothing where none is made, and none changed. */
function toldOf(launch: Launch, m: NormalMount): readonly [source: string, data: MountData] {
  if (m.kind === 'filesystem') return [m.source, dataOf(launch, m.type, m.data)];
  return m.kind === 'remount' && !m.bind ? ['', m.data] : ['', []];
}

/** What neither call takes. */
export function refuseLongMounts(launch: Launch, refuse: Refuse): void {
  launch.config.mounts.forEach((m, index) => {
    const [source, data] = toldOf(launch, m);
    if (!needsMountCall(source, data)) return;
    const sizes = [
      ['source', Buffer.byteLength(source)],
      ['options', Buffer.byteLength(wholeData(data).data)],
    ] as const;
    for (const [what, bytes] of sizes)
      if (bytes > MOUNT_MOST)
        refuse(launch.because('mounts', index, what), {
          kind: 'mount-too-long',
          destination: m.destination,
          what,
          bytes,
          most: MOUNT_MOST,
        });
  });
}
