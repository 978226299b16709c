/**
 * What a compiler has looked at on the machine for a `create` or `run`, beside what is in the request. A program is used again only where the engine, looking at the same, finds the same
 * (runtime/engine/door/looks.c, spec/reuse.ts).
 *
 * One look is u32 kind, u32 argument, u32 length of its path with NUL, i32 length of what was found (-1: nothing); then path and what was found, padded to 8.
 */
export const LookKind = {
  /** The text of a file; nothing: it cannot be read. */
  TEXT: 1,
  /** The magic number of its file system (linux/magic.h), u64; nothing: it cannot be reached. */
  MAGIC: 2,
  /** TEXT of a file that belongs to root and that nobody else can write; nothing: there is no file. With the argument 1: there is one of which that does not hold. */
  TRUSTED: 3,
  /** The names in such a directory that end in `.json` and do not begin with a dot, each with NUL; none if there is no directory. The argument as above. */
  FILES: 4,
  /** What was found is another path with NUL: they do not lead to one and the same directory. */
  APART: 5,
  /** The lines of a mountinfo that have ` - cgroup` in them (proc_pid_mountinfo(5)). */
  CGROUPS: 6,
  /** access(2) with the argument as its mode, as the real user; nothing: it was refused. */
  ACCESS: 7,
  /** FILES of a directory, whoever can write it; nothing: it cannot be read. */
  NAMES: 8,
  /** A program of a hook, which nobody but root, his group and the caller can put there or change. */
  WAY: 9,
} as const;
export const LOOK_HEADER_SIZE = 16;
