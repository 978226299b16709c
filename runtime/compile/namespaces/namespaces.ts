/**
 * Namespaces (config-linux.md, "Namespaces"): new ones by clone3(2), existing ones by setns(2) on an opened path.
 */
import {
  AF_INET,
  AT_FDCWD,
  Clone,
  SIOCGIFFLAGS,
  SIOCSIFFLAGS,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
} from '../../../spec/kernel.js';
import type { NamespaceType } from '../../../spec/normal-config.js';
import type { Action } from '../../program/action.js';
import { type Slot, slot, struct, text, u16, u32, u64 } from '../../program/operand.js';
import { alu, load, store, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';

export const namespaceFlags: Readonly<Record<NamespaceType, number>> = {
  pid: Clone.NEWPID,
  network: Clone.NEWNET,
  mount: Clone.NEWNS,
  ipc: Clone.NEWIPC,
  uts: Clone.NEWUTS,
  cgroup: Clone.NEWCGROUP,
  user: Clone.NEWUSER,
  time: Clone.NEWTIME,
};

/**
 * Flags for clone3: new namespaces, but not the cgroup one, whose root must be the container's cgroup and so is unshared by init, nor that of time (time.ts).
 */
export function cloneFlags(launch: Launch): number {
  let flags = 0;
  for (const [type, path] of launch.namespaces)
    if (
      path === 'new' &&
      type !== 'cgroup' &&
      type !== 'time' &&
      !(type === 'mount' && launch.placement.entered)
    )
      flags |= namespaceFlags[type];
  return flags;
}

export interface Joined {
  readonly type: NamespaceType;
  readonly path: string;
  readonly fd: Slot;
  readonly index: number;
}

/** The namespaces that config.json names by path, mount last: after it, host paths are gone. */
export function joinedNamespaces(launch: Launch): readonly Joined[] {
  const order: readonly NamespaceType[] = ['user', 'pid', 'network', 'ipc', 'uts', 'cgroup', 'time', 'mount'];
  return [...launch.namespaces]
    .map(([type, path], index) => ({ type, path, index, fd: slot(`ns_${type}`, -1) }))
    .filter(n => n.path !== 'new')
    .sort((a, b) => order.indexOf(a.type) - order.indexOf(b.type));
}

/** Host track: open every path before anything is made; a pid namespace is entered here, because setns(2) then moves only children. */
export function openJoined(launch: Launch, joined: readonly Joined[], byDoor: boolean): readonly Action[] {
  const { open } = launch;
  return joined.map(n =>
    operation(
      {
        kind: 'open-namespace',
        type: n.type,
        path: n.path,
        because: launch.because('linux', 'namespaces', n.index),
      },
      [
        // A FIFO is not waited for, it is no namespace.
        sys('openat', [AT_FDCWD, text(n.path), open.RDONLY | open.NONBLOCK | open.CLOEXEC, 0], { to: n.fd }),
        ...(n.type === 'pid' && !byDoor ? [sys('setns', [n.fd, Clone.NEWPID])] : []),
      ],
    ),
  );
}

/** Init track: enter the opened namespaces. The type argument makes a path of the wrong type EINVAL. */
export function enterJoined(launch: Launch, joined: readonly Joined[]): readonly Action[] {
  return joined
    .filter(n => n.type !== 'pid')
    .map(n =>
      operation(
        {
          kind: 'join-namespace',
          type: n.type,
          path: n.path,
          because: launch.because('linux', 'namespaces', n.index),
        },
        [sys('setns', [n.fd, namespaceFlags[n.type]])],
      ),
    );
}

/** cgroup_namespaces(7): its root is the cgroup of the process that unshares. */
export function unshareCgroup(launch: Launch): readonly Action[] {
  if (launch.namespaces.get('cgroup') !== 'new') return [];
  const index = [...launch.namespaces.keys()].indexOf('cgroup');
  return [
    operation(
      { kind: 'make-namespace', type: 'cgroup', because: launch.because('linux', 'namespaces', index) },
      [sys('unshare', [Clone.NEWCGROUP])],
    ),
  ];
}

const IFF_UP = 1;
const FLAGS_OFFSET = 16; // struct ifreq: ifr_flags

/** A new network namespace has its loopback interface down; runc brings it up, and programs rely on it. */
export function loopback(launch: Launch): readonly Action[] {
  if (launch.namespaces.get('network') !== 'new') return [];
  const fd = slot('loopback_fd');
  const flags = slot('loopback_flags');
  const request = struct('ifreq lo', [
    u32(0x6f6c), // "lo"
    u32(0),
    u64(0),
    u16(0),
    u16(0),
    u16(0),
    u16(0),
    u64(0),
    ...new Array(29).fill(u64(0)),
  ]);
  return [
    operation({ kind: 'raise-loopback', because: rule('new network namespace') }, [
      sys('socket', [AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0], { to: fd }),
      sys('ioctl_struct', [fd, SIOCGIFFLAGS, request]),
      load(flags, 'U16', request, FLAGS_OFFSET),
      alu(flags, flags, 'OR', IFF_UP),
      store('U16', request, FLAGS_OFFSET, flags),
      sys('ioctl_struct', [fd, SIOCSIFFLAGS, request]),
      sys('close', [fd]),
    ]),
  ];
}
