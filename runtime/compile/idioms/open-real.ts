/** Registered paths have no symlinks by the time programs open them (runtime/trees/real-path.ts); one that has appeared since makes the call fail. */
import { AT_FDCWD, type OpenFlags, OpenHow } from '../../../spec/kernel.js';
import { type Operand, type Slot, struct, text, u64 } from '../../program/operand.js';
import { type Line, type Outcome, sys } from '../../program/step.js';

/** Open without following any symlink (openat2(2), ELOOP). `directory`: what the path counts from, unless it is absolute. */
export function openReal(
  open: OpenFlags,
  directory: Operand,
  path: string,
  flags: number,
  o: Outcome & { readonly to: Slot },
): Line {
  const how = struct('open_how', [u64(flags | open.PATH | open.CLOEXEC), u64(0), u64(OpenHow.NO_SYMLINKS)]);
  return sys('openat2', [directory, text(path), how, 24], o);
}

export function openRealDirectory(open: OpenFlags, path: string, to: Slot): Line {
  return openReal(open, AT_FDCWD, path, open.DIRECTORY, { to });
}
