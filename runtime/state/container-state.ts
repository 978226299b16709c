/**
 * The state file of a container, ROOT/ID/state.json, as launch programs write it: one line, `{"pid":P,"pidStart":S,` and then the rest.
 * The status is not in it: it follows from what is there now (read-state.ts).
 */
import type { State } from '../../spec/generated/state.js';
import { isRecord } from '../../spec/is-record.js';

export interface ContainerState {
  readonly id: string;
  readonly ociVersion: string;
  /** 0 until the process exists. */
  readonly pid: number;
  /** Start time of the process, to tell it from a later one of the same number; null without a process. */
  readonly pidStart: string | null;
  readonly bundle: string;
  readonly rootfs: string;
  /** RFC 3339 with zone. */
  readonly created: string;
  readonly owner: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly chos: {
    /** Absolute directories of the container's cgroups. */
    readonly cgroups: readonly string[];
    readonly backEnd: string;
    /** The tree to which the kernel's link of its processes leads; null: it uses none. */
    readonly link: string | null;
    /** Its init is in a view that others share. States of earlier versions do not say whether: then all that entered one count. */
    readonly shared: boolean;
    /** What the registry adds to the environment of every process. */
    readonly variables: readonly string[];
    readonly entry: string;
  };
}

export type Status = State['status'];

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : [])),
  );
}

/** Read a state file's text. null: not written by us, or not whole. Everything in it is checked: the file decides which pid gets a signal. */
export function parseState(id: string, text: string): ContainerState | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value) || value.id !== id) return null;
  const { pid } = value;
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 0 || pid > 4194304) return null;
  // From the text: a start time may be beyond what a JavaScript number holds exactly.
  const start = /^\{"pid":\s*\d+,\s*"pidStart":\s*(\d+)/.exec(text)?.[1] ?? null;
  const bundle = textOf(value.bundle);
  const created = textOf(value.created);
  if (bundle === null || created === null || (pid > 0 && start === null)) return null;
  const chos = isRecord(value.chos) ? value.chos : {};
  const cgroups = Array.isArray(chos.cgroups) ? chos.cgroups : [];
  return {
    id,
    ociVersion: textOf(value.ociVersion) ?? '1.0.0',
    pid,
    pidStart: pid > 0 ? start : null,
    bundle,
    rootfs: textOf(value.rootfs) ?? '',
    created,
    owner: textOf(value.owner) ?? '',
    annotations: textsOf(value.annotations),
    chos: {
      cgroups: cgroups.filter(path => typeof path === 'string' && path.startsWith('/')),
      backEnd: textOf(chos.backEnd) ?? '',
      link: textOf(chos.link),
      shared:
        typeof chos.shared === 'boolean' ? chos.shared : ['kmod', 'pinned'].includes(String(chos.backEnd)),
      variables: (Array.isArray(chos.variables) ? chos.variables : []).filter(
        entry => typeof entry === 'string',
      ),
      entry: textOf(chos.entry) ?? '',
    },
  };
}
