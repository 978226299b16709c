/**
 * Why a command cannot be carried out, as data. The words are in failure-text.ts and usage-text.ts; what config.json does wrong is told by
 * diagnostic.ts, what the compiler refuses by the compiler's own table.
 */

import type { Distrust } from '../state/trusted.js';
import type { StoreFault } from '../store/fault.js';
import type { CriuFault } from './criu-text.js';
import type { TreeFault } from './tree-fault.js';

/** What is wrong with the command line itself. */
export type UsageFault =
  | { readonly kind: 'no-command' }
  | { readonly kind: 'unknown-command'; readonly given: string }
  /** `tree undrain`. */
  | {
      readonly kind: 'unknown-action';
      readonly command: string;
      readonly given: string;
      readonly actions: readonly string[];
    }
  /** `command` is null for an option before the command. */
  | { readonly kind: 'unknown-option'; readonly option: string; readonly command: string | null }
  /** `tree list --drain`: `actions` of the command are those that have it. */
  | {
      readonly kind: 'option-of-other-action';
      readonly option: string;
      readonly command: string;
      readonly action: string;
      readonly actions: readonly string[];
    }
  | { readonly kind: 'missing-value'; readonly option: string; readonly command: string | null }
  /** A value that the option does not take; `expected` is one of the words below. */
  | {
      readonly kind: 'bad-value';
      readonly option: string;
      readonly value: string;
      readonly expected:
        | 'true or false'
        | 'a command that waits: tree drain'
        | 'ADDRESS:PORT, a number such as 127.0.0.1:9870 or [::1]:9870'
        | `UID[:GID], from 0 to ${number}`
        | `a number from 0 to ${number}`
        | '[CONTROLLER:]PATH without ..'
        | 'a whole number'
        | 'a number of bytes, or one with k, m, g or t'
        | 'an address of http, https or file, without blanks, quotes and brackets'
        | 'the name of a package'
        | 'a duration such as 5s, 1m30s or 500ms'
        | 'one line that begins with MB:'
        | readonly string[];
    }
  /** In the table, but this version does not carry it out. */
  | { readonly kind: 'option-later'; readonly option: string; readonly command: string | null }
  | { readonly kind: 'command-later'; readonly command: string }
  | { readonly kind: 'missing-operand'; readonly operand: string; readonly command: string }
  | { readonly kind: 'extra-operand'; readonly operand: string; readonly command: string }
  /** Two options, or an option and an operand, that exclude each other. */
  | { readonly kind: 'conflict'; readonly one: string; readonly other: string };

export type Failure =
  | { readonly kind: 'usage'; readonly fault: UsageFault }
  | { readonly kind: 'bad-id'; readonly id: string }
  /** Of a caller who is not root, and has no directory for what runs. */
  | { readonly kind: 'no-state-root' }
  /** Of `dashboard`, without --public. */
  | { readonly kind: 'public-address'; readonly address: string }
  /** More than a launch program can hold, or an answer to the front door. */
  | {
      readonly kind: 'program-too-large';
      readonly of: 'slots' | 'actions' | 'bytes';
      readonly count: number;
      readonly most: number;
    }
  | { readonly kind: 'output-too-long'; readonly bytes: number; readonly most: number }
  /** Of `serve`: no thread that compiles can be had any more. */
  | { readonly kind: 'compiler-lost'; readonly why: string }
  /** Of `--facts`: what is looked at on this machine as whoever asks, not as the caller of the file. */
  | {
      readonly kind: 'facts-of-another';
      readonly of: 'caller' | 'machine';
      readonly what: 'tree' | 'systemd';
    }
  /** Nothing can be said of any process. */
  | { readonly kind: 'no-procfs' }
  /** No directory of that name in the state root. */
  | { readonly kind: 'no-container'; readonly id: string }
  /** The container was never finished: its process does not exist. */
  | { readonly kind: 'half-created'; readonly id: string; readonly verb: string }
  | { readonly kind: 'not-running'; readonly id: string; readonly verb: string }
  | { readonly kind: 'paused'; readonly id: string }
  /** state.json is not one, or not whole. */
  | { readonly kind: 'bad-state'; readonly id: string; readonly file: string }
  /** Somebody else could have written what would be executed or believed. */
  | { readonly kind: 'distrust'; readonly distrust: Distrust }
  /** The stored program is of another version, or damaged, and its gate is not ours to open. */
  | { readonly kind: 'other-version'; readonly id: string }
  | { readonly kind: 'unknown-signal'; readonly signal: string }
  /** A system call on a path of the caller's failed. `verb` as in "open", "write". */
  | { readonly kind: 'file'; readonly verb: string; readonly path: string; readonly code: string }
  | { readonly kind: 'not-a-file'; readonly path: string }
  /** No hook of that name, neither installed nor ready-made. */
  | { readonly kind: 'no-hook'; readonly name: string; readonly known: readonly string[] }
  /** A file of hooks.d in the place of ours, that is somebody else's. */
  | { readonly kind: 'foreign-hook-file'; readonly file: string }
  /** config.json or process.json is refused; `text` is one line, `detail` the line and the squiggle. */
  | { readonly kind: 'refused-input'; readonly text: string; readonly detail: string }
  | { readonly kind: 'exec-without-process' }
  | { readonly kind: 'criu'; readonly fault: CriuFault }
  | { readonly kind: 'tree'; readonly fault: TreeFault }
  /** Of the trees that are imported. */
  | { readonly kind: 'store'; readonly fault: StoreFault }
  /** `broken`: files that may have been meant to register it. */
  | {
      readonly kind: 'unknown-tree';
      readonly name: string;
      readonly known: readonly string[];
      readonly broken: readonly string[];
    }
  | { readonly kind: 'bad-engine'; readonly path: string; readonly fault: 'no-place' | 'ambiguous' | 'taken' }
  /** Of `kill --regex` and `delete --regex`. */
  | { readonly kind: 'bad-regex'; readonly pattern: string; readonly why: string }
  /** The same command for `of` containers: what went wrong with some of them. */
  | {
      readonly kind: 'some-failed';
      readonly verb: string;
      readonly of: number;
      readonly faults: readonly string[];
    }
  /** ps(1) is not there or does not take these options. */
  | { readonly kind: 'ps-failed'; readonly options: string }
  /** `update` of what the container's group in resctrl may have, and there is none. */
  | { readonly kind: 'no-resctrl'; readonly option: string }
  | { readonly kind: 'not-built'; readonly what: string };
