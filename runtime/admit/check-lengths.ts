/** What no kernel takes, however much a machine has: before anything is made of it, and with its place, which a message of thousands of letters would cover. */
import type { Config, Process } from '../../spec/generated/config.js';
import { hookKinds } from '../../spec/normal-config.js';
import type { Note, ValuePath } from './diagnostic.js';
import { mountKind } from './normal/mounts.js';

/** PATH_MAX less its NUL, linux/limits.h */
const PATH_MOST = 4095;
/** NGROUPS_MAX, linux/limits.h */
const GROUPS_MOST = 65_536;
/** fs/exec.c, bprm_stack_limits: three quarters of _STK_LIM, whatever the limits of the process are. */
const ARGUMENTS_MOST = 6 * 1024 * 1024;
/** Their pointers count, too. */
const POINTER = 8;

function checkPath(text: string | undefined, path: ValuePath, note: Note): void {
  // A character has three bytes at most.
  if (text === undefined || 3 * text.length <= PATH_MOST || Buffer.byteLength(text) <= PATH_MOST) return;
  note(path, { kind: 'too-long', limit: PATH_MOST });
}

function checkPaths(texts: readonly string[] = [], base: ValuePath, note: Note): void {
  for (let index = 0; index < texts.length; index++) checkPath(texts[index], [...base, index], note);
}

const sizeOf = (texts: readonly string[]): number =>
  texts.reduce((size, text) => size + Buffer.byteLength(text) + 1 + POINTER, 0);

function checkArguments(args: readonly string[], env: readonly string[], base: ValuePath, note: Note): void {
  const sizes = [sizeOf(args), sizeOf(env)] as const;
  const bytes = sizes[0] + sizes[1];
  if (bytes <= ARGUMENTS_MOST) return;
  const what = { kind: 'arguments-too-long', bytes, limit: ARGUMENTS_MOST } as const;
  note([...base, sizes[0] > sizes[1] ? 'args' : 'env'], what);
}

/** Of `process`: execve(2), setgroups(2). */
export function checkProcessLengths(process: Process, base: ValuePath, note: Note): void {
  const { args, cwd, env = [], user } = process;
  checkPath(args[0], [...base, 'args', 0], note);
  checkPath(cwd, [...base, 'cwd'], note);
  checkArguments(args, env, base, note);
  const count = user?.additionalGids?.length ?? 0;
  if (count > GROUPS_MOST)
    note([...base, 'user', 'additionalGids'], { kind: 'too-many', count, limit: GROUPS_MOST, scope: 'list' });
}

/** Of everything else: paths, and arguments of hooks. */
export function checkLengths({ root, mounts = [], hooks, linux = {} }: Config, note: Note): void {
  checkPath(root.path, ['root', 'path'], note);
  for (const [index, mount] of mounts.entries()) {
    checkPath(mount.destination, ['mounts', index, 'destination'], note);
    if (mountKind(mount) === 'bind') checkPath(mount.source, ['mounts', index, 'source'], note);
  }
  for (const kind of hookKinds)
    for (const [index, { path, args = [], env = [] }] of (hooks?.[kind] ?? []).entries()) {
      checkPath(path, ['hooks', kind, index, 'path'], note);
      checkArguments(args, env, ['hooks', kind, index], note);
    }
  const { devices = [], namespaces = [] } = linux;
  for (const [index, { path }] of devices.entries())
    checkPath(path, ['linux', 'devices', index, 'path'], note);
  for (const [index, { path }] of namespaces.entries())
    checkPath(path, ['linux', 'namespaces', index, 'path'], note);
  checkPath(linux.cgroupsPath, ['linux', 'cgroupsPath'], note);
  checkPaths(linux.maskedPaths, ['linux', 'maskedPaths'], note);
  checkPaths(linux.readonlyPaths, ['linux', 'readonlyPaths'], note);
}
