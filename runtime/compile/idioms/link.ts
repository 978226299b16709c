/**
 * The kernel's link of the process that makes these steps, and of all its children from then on (kmod/uapi/linux/chos.h, docs/kernel-link.md).
 */
import { errnos } from '../../../spec/errno.js';
import { AT_FDCWD, ChosIoctl, type OpenFlags } from '../../../spec/kernel.js';
import type { Action, Because } from '../../program/action.js';
import { label, pointer, slot, struct, text, u32 } from '../../program/operand.js';
import { fail, jump, sys } from '../../program/step.js';
import { operation } from './operation.js';

/** Where the module takes requests. The host's /proc: to be opened before anything else's is entered. */
const SETCHOS = '/proc/chos/setchos';
const SELF = -1;

/** Set it to `target`, which must be in the kernel's list. Needs no right. */
export function setLink(open: OpenFlags, target: string, because: Because): readonly Action[] {
  const fd = slot('link_fd');
  const refused = label('link_refused');
  const set = label('link_set');
  const path = text(target);
  // struct chos_link, version 0: size, pidfd, flags, path_len (without the NUL), path
  const link = struct('chos_link', [u32(24), u32(SELF), u32(0), u32(path.size - 1), pointer(path)]);
  return [
    operation({ kind: 'set-link', target, because }, [
      sys('openat', [AT_FDCWD, text(SETCHOS), open.RDONLY | open.CLOEXEC, 0], { to: fd }),
      sys('ioctl_link', [fd, ChosIoctl.SET_LINK, link], { on: [['ENOENT', 'ESTALE'], refused] }),
      jump(set),
    ]),
    // Of its own, because its failure has other words.
    operation({ kind: 'find-link', target, because }, [
      refused,
      fail(errnos.ENOENT.number),
      set,
      sys('close', [fd]),
    ]),
  ];
}
