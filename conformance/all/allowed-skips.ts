/** Which skips CI takes as they are, reviewed. Any other is a failure there: see `main.ts`; `allowed-skips.test.ts` asks it of the cases of the suite. */
import { kinds } from '../suite/callers-skips.js';

/** Why a peer is not asked: behind its name and the case's. Versions are those of Debian 12, crun 1.8 and runc 1.1. */
export const ofPeers: readonly string[] = [
  // Faults that this project had or that its tests look for: the others hang on them, or leave behind what the suite would have to clear away.
  'leaves processes and cgroups behind, or does not come back',
  'crun 1.8 does not come back from deleting it',
  'crun waits for ever',
  'runc waits for ever',
  'the others wait for ever, or say that all is well',
  'the others wait for ever, or leave it frozen',
  'waits until nobody holds the pipe of the output open',
  'the others have no lock',
  'the others wait for somebody to write',
  'the others look at the group itself, if at all',
  'the others look first and make it then: both start',
  'the others send a signal and do not look again',
  'the others want a cgroup for it',
  'the others fail, or say nothing',
  'the others take some of it for done',
  'crun and runc believe the name',
  'crun and runc do not start without a null device',
  "crun 1.8 makes a file in the host's /sys/fs/cgroup",
  'crun 1.8 takes words for numbers',
  'crun exits with 0',
  'runc before 1.2 does not look at it',
  'runc has nothing but itself to end',
  'asks the real CRIU, by a library of its own',
  // It cannot be run beside a mounted v2 hierarchy: the suite hides it.
  'needs a controller in cgroup v2',
  // What only ours has.
  'has words of its own: neither kind nor place, crun no output',
  'stores no programs',
  'it has no compile',
  'it has no --file',
  'it has no --config',
  // What one of them has not, or not yet.
  'crun has it since 1.9, runc has not',
  'crun 1.8 ends with an error, runc has it since 1.2',
  'crun 1.8 has it not, runc 1.1 as an experiment',
  'crun has no events (contract A3)',
  'runc has no --regex (contract A3)',
  'runc maps owners of mounts since 1.2',
];

const others: readonly RegExp[] = [
  /: it is a case for [a-z, ]+$/,
  // Machines of CI without loop devices, or with a kernel that has it not.
  /^versions: on btrfs .*: (no loop devices|the kernel has no btrfs)$/,
  // The part of Podman: name, time, reason. Each of these two runs as the other user.
  /^isolation\/(keep-id|keep-id-as-another|no-id-of-the-caller) .* only for users$/,
  /^user\/isolation\/user-namespace .* a second one below that of rootless Podman: crun starts none either$/,
];

/** The name of a peer, a case, and why; a reason that ours is not asked for is none of these. */
const ofPeer = /^(?:crun|runc)\s+[a-z-]+\/\S+: (.+)$/;

/** Whether a line of a part, without its word "skip", is on the list. */
export function isReviewed(line: string): boolean {
  const why = ofPeer.exec(line)?.[1];
  return (
    (why !== undefined && ofPeers.includes(why)) ||
    others.some(known => known.test(line)) ||
    // What no runtime can do for a caller, and what is another caller's.
    kinds.some(({ reason }) => line.endsWith(`: ${reason}`))
  );
}
