/** Mount options by the words of mountinfo (proc_pid_mountinfo(5)). */
import { MountAttr } from './kernel.js';

/** Per-mount options, field 6. relatime is no bit: it is the value 0 of the access time field. */
export const mountOptionBits: Readonly<Record<string, number>> = {
  ro: MountAttr.RDONLY,
  nosuid: MountAttr.NOSUID,
  nodev: MountAttr.NODEV,
  noexec: MountAttr.NOEXEC,
  noatime: MountAttr.NOATIME,
  nodiratime: MountAttr.NODIRATIME,
  nosymfollow: MountAttr.NOSYMFOLLOW,
};

/** As mountinfo has them. */
export function optionWords(attributes: number): string {
  const strict = (attributes & MountAttr._ATIME) === MountAttr.STRICTATIME;
  const relative = (attributes & MountAttr._ATIME) === MountAttr.RELATIME;
  const set = Object.keys(mountOptionBits).filter(word => (attributes & (mountOptionBits[word] ?? 0)) !== 0);
  return [
    ...((attributes & MountAttr.RDONLY) === 0 ? ['rw'] : []),
    ...set,
    ...(strict ? ['strictatime'] : []),
    ...(relative ? ['relatime'] : []),
  ].join(',');
}
