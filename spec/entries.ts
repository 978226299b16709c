/** Entry points of launch programs. The number is part of the image format: append, never renumber. */
export const entries = {
  create: 0,
  run: 1,
  start: 2,
  kill: 3,
  delete: 4,
  state: 5,
  pause: 6,
  resume: 7,
  exec: 8,
  /** Sets something up on the host (tree prepare, tree release). */
  host: 9,
  /** Brings the process that runs it into a tree, where `chos` goes on. */
  enter: 10,
} as const;
export type Entry = keyof typeof entries;
