/**
 * The command line: one table for the argument reader, the engine's front door, commander's help, the man pages and shell completion.
 * What Podman, conmon, containerd, CRI-O and Slurm pass is in it, and what people type.
 *
 * Grammar, the same for the front door and runtime/cli/arguments.ts: global options, the command, then options and positional arguments in any order
 * (only options first where `stopAtFirst`). `--opt V` and `--opt=V`; `-o V` and `-oV`; `-ab` where both are flags; `-t=false`; `-long`
 * (one dash) when it is the full name of a long option, as go-runc writes it; `--` ends the options. The last of a repeated text wins.
 */
import { checkpoints } from './commands/checkpoints.js';
import type { Command } from './commands/command.js';
import { environments } from './commands/environments.js';
import { lifecycle } from './commands/lifecycle.js';
import { running } from './commands/running.js';
import { service } from './commands/service.js';

export type { Command, Option } from './commands/command.js';
export {
  hookActions,
  type StoreAction,
  skeletonActions,
  storeActions,
  treeActions,
} from './commands/environments.js';
export { globalOptions } from './commands/global-options.js';
export { type Entry, entries } from './entries.js';

/** The largest value of a number option: more descriptors than Linux lets a process have (fs.nr_open, unless somebody raises it). */
export const LARGEST_NUMBER = 2 ** 20;

/** In the order in which help and the manual have them. */
export const commands: readonly Command[] = [
  ...lifecycle,
  ...environments,
  ...running,
  ...checkpoints,
  ...service,
];
