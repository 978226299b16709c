/**
 * Steps of the kernel's mount API (mount_setattr(2), open_tree(2), move_mount(2), fsopen(2)) that all who mount something share.
 */
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  FSPICK_CLOEXEC,
  FSPICK_EMPTY_PATH,
  FsConfig,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  MountAttr,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  Propagation,
} from '../../../spec/kernel.js';
import type {
  MountData,
  NormalMount,
  NormalPropagation,
  PropagationKind,
} from '../../../spec/normal-mount.js';
import { type Data, type Operand, type Slot, slot, struct, text, u64 } from '../../program/operand.js';
import { type Line, type Outcome, store, sys } from '../../program/step.js';

export const propagationFlags: Readonly<Record<PropagationKind, number>> = {
  shared: Propagation.SHARED,
  slave: Propagation.SLAVE,
  private: Propagation.PRIVATE,
  unbindable: Propagation.UNBINDABLE,
};

/** As options and linux.rootfsPropagation have it. */
export function propagationWord({ kind, recursive }: NormalPropagation): string {
  return recursive ? `r${kind}` : kind;
}

/** struct mount_attr of mount_setattr(2). */
function mountAttributes(set: number, clear: number, propagation: number): Data {
  return struct('mount_attr', [u64(set), u64(clear), u64(propagation), u64(0)], true);
}

export function setAttributes(
  fd: Operand,
  set: number,
  clear: number,
  propagation: number,
  recursive: boolean,
  o: Outcome = {},
): Line {
  const flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  return sys('mount_setattr', [fd, text(''), flags, mountAttributes(set, clear, propagation), 32], o);
}

/** Files show the owners that the map of a user namespace makes of them; only of a mount that is attached nowhere yet. */
export function mapOwners(
  mount: Operand,
  users: Operand,
  recursive: boolean,
  o: Outcome = {},
): readonly Line[] {
  const USER_NAMESPACE = 24;
  const attributes = struct('mount_attr map', [u64(MountAttr.IDMAP), u64(0), u64(0), u64(0)]);
  const flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  return [
    store('U64', attributes, USER_NAMESPACE, users),
    sys('mount_setattr', [mount, text(''), flags, attributes, 32], o),
  ];
}

/** How mounts reach and leave the mount that is "/" (mount_namespaces(7)), and with `recursive` all below it. */
export function propagateRoot(propagation: number, recursive: boolean): Line {
  return sys('mount_setattr', [
    AT_FDCWD,
    text('/'),
    recursive ? AT_RECURSIVE : 0,
    mountAttributes(0, 0, propagation),
    32,
  ]);
}

/** A detached copy of the mount at an opened directory or file. */
export function cloneTree(fd: Operand, recursive: boolean, to: Slot): Line {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  return sys('open_tree', [fd, text(''), flags], { to });
}

export function attach(mount: Operand, destination: Operand): Line {
  return sys('move_mount', [
    mount,
    text(''),
    destination,
    text(''),
    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH,
  ]);
}

function parameters(context: Slot, data: MountData): readonly Line[] {
  return data.map(([key, value]) =>
    value === null
      ? sys('fsconfig', [context, FsConfig.SET_FLAG, text(key), 0, 0])
      : sys('fsconfig', [context, FsConfig.SET_STRING, text(key), text(value), 0]),
  );
}

/** A new mount of a file system, detached (fsopen(2), fsconfig(2), fsmount(2)). */
export function newFilesystem(
  type: string,
  source: string,
  data: MountData,
  attributes: number,
  to: Slot,
  /** Of the three calls that are refused to whom the file system is not given: sysfs says so at once. */
  o: Outcome = {},
): readonly Line[] {
  const context = slot(`${type}_context`);
  return [
    sys('fsopen', [text(type), FSOPEN_CLOEXEC], { to: context, ...o }),
    sys('fsconfig', [context, FsConfig.SET_STRING, text('source'), text(source), 0]),
    ...parameters(context, data),
    sys('fsconfig', [context, FsConfig.CMD_CREATE, 0, 0, 0], o),
    sys('fsmount', [context, FSMOUNT_CLOEXEC, attributes], { to, ...o }),
    sys('close', [context]),
  ];
}

/** Change the parameters of the file system at an opened mount (fspick(2), fsconfig(2)). */
export function reconfigure(mount: Operand, data: MountData): readonly Line[] {
  const context = slot('remount_context');
  return [
    sys('fspick', [mount, text(''), FSPICK_CLOEXEC | FSPICK_EMPTY_PATH], { to: context }),
    ...parameters(context, data),
    sys('fsconfig', [context, FsConfig.CMD_RECONFIGURE, 0, 0, 0]),
    sys('close', [context]),
  ];
}

export type Adjustment = Pick<NormalMount, 'own' | 'recursive' | 'propagation'>;

/** What is asked for beyond the attributes that the new mount already has. */
export function adjust(mount: Operand, asked: Adjustment, made: number): readonly Line[] {
  const { own, recursive, propagation } = asked;
  const lines: Line[] = [];
  const set = own.set & ~made;
  if (set !== 0 || own.clear !== 0) lines.push(setAttributes(mount, set, own.clear, 0, false));
  if (recursive.set !== 0 || recursive.clear !== 0)
    lines.push(setAttributes(mount, recursive.set, recursive.clear, 0, true));
  if (propagation !== null)
    lines.push(setAttributes(mount, 0, 0, propagationFlags[propagation.kind], propagation.recursive));
  return lines;
}
