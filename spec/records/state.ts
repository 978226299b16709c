/**
 * ROOT/ID/state.json: one line, `{"pid":P,"pidStart":S,` and then the rest. The stored programs look for these two numbers at their place, and print the rest
 * as it is. The status is not in it: it follows from what is there now.
 */
import { type CgroupDriverName, cgroupDrivers } from '../cgroup-drivers.js';
import type { State } from '../generated/state.js';
import { TemplateField } from '../instructions.js';
import { isRecord } from '../is-record.js';
import { type Fill, type Filled, jsonOf, type Members, type Parsed, parseRecord } from './record.js';

interface Described {
  readonly ociVersion: string;
  readonly bundle: string;
  readonly rootfs: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What `create` knows before its program runs. `Path`: that of a cgroup, in which a part may be known only then. */
export interface StateFacts<Path> extends Described {
  /** Name of the user who made it. */
  readonly owner: string;
  readonly chos: {
    readonly cgroupManager: CgroupDriverName;
    readonly cgroups: readonly Path[];
    /** The unit of systemd's whose cgroup it is; undefined: none. */
    readonly unit?: Path | undefined;
    readonly backEnd: string;
    readonly variables: readonly string[];
    /** Only of those that enter a view; undefined: it has a root of its own. */
    readonly shared: boolean | undefined;
    readonly link: string | undefined;
    readonly entry: string;
  };
}

export interface ContainerState extends Described {
  readonly id: string;
  /** 0 until the process exists. */
  readonly pid: number;
  /** Start time of the process, to tell it from a later one of the same number; null without a process. */
  readonly pidStart: string | null;
  /** RFC 3339 with zone. */
  readonly created: string;
  readonly owner: string;
  readonly chos: {
    /** Who made them. States of earlier versions do not say; and what a later version's driver made can be ended by its directories. */
    readonly cgroupManager: CgroupDriverName;
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

export type StateField = 'pid' | 'pidStart' | 'id' | 'created';

/** For the inside of a JSON string. */
const escaped = <Field>(path: Filled<Field>): Filled<Field> =>
  path.map(part => (typeof part === 'string' ? JSON.stringify(part).slice(1, -1) : part));

export function stateTemplate<Field>(
  facts: StateFacts<Filled<Field>>,
  fill: Fill<StateField, Field>,
): Filled<Field> {
  const { ociVersion, bundle, rootfs, owner, annotations, chos } = facts;
  const json = JSON.stringify;
  return [
    '{"pid":',
    fill(TemplateField.DECIMAL, 'pid'),
    ',"pidStart":',
    fill(TemplateField.DECIMAL, 'pidStart'),
    `,"ociVersion":${json(ociVersion)},"id":"`,
    fill(TemplateField.JSON, 'id'),
    `","bundle":${json(bundle)},"rootfs":${json(rootfs)},"created":"`,
    fill(TemplateField.TIME, 'created'),
    `","owner":${json(owner)}`,
    ...(chos.unit === undefined ? [] : [',"systemd-scope":"', ...escaped(chos.unit), '"']),
    `,"annotations":${json(annotations)},"chos":{"cgroupManager":${json(chos.cgroupManager)},"cgroups":[`,
    ...chos.cgroups.flatMap((path, i) => [i === 0 ? '"' : ',"', ...escaped(path), '"']),
    `],"backEnd":${json(chos.backEnd)}`,
    ...(chos.variables.length > 0 ? [`,"variables":${json(chos.variables)}`] : []),
    ...(chos.shared === undefined ? [] : [`,"shared":${chos.shared}`]),
    ...(chos.link === undefined ? [] : [`,"link":${json(chos.link)}`]),
    `,"entry":${json(chos.entry)}}}\n`,
  ];
}

const PID_MAX = 4194304;

/** What earlier versions did not write, or wrote otherwise, is as if it were not there: their containers can be ended. */
const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function annotationsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : [])),
  );
}

function chosOf(value: unknown): ContainerState['chos'] {
  const chos = isRecord(value) ? value : {};
  return {
    cgroupManager: cgroupDrivers.find(name => name === chos.cgroupManager) ?? 'cgroupfs',
    cgroups: textsOf(chos.cgroups).filter(path => path.startsWith('/')),
    backEnd: textOf(chos.backEnd) ?? '',
    link: textOf(chos.link),
    shared:
      typeof chos.shared === 'boolean' ? chos.shared : ['kmod', 'pinned'].includes(String(chos.backEnd)),
    variables: textsOf(chos.variables),
    entry: textOf(chos.entry) ?? '',
  };
}

/** Malformed: not written by us, not whole, or that of another container than `id`. */
export function parseState(id: string, text: string): Parsed<ContainerState> {
  const value = jsonOf(text);
  const read = parseRecord(value, (members: Members) => ({
    id: members.text('id'),
    pid: members.natural('pid'),
    bundle: members.text('bundle'),
    created: members.text('created'),
  }));
  if (read.kind === 'malformed' || !isRecord(value))
    return { kind: 'malformed', at: read.kind === 'malformed' ? read.at : '' };
  const { pid } = read.record;
  if (read.record.id !== id) return { kind: 'malformed', at: 'id' };
  if (pid > PID_MAX) return { kind: 'malformed', at: 'pid' };
  // From the text: a start time may be beyond what a JavaScript number holds exactly.
  const start = /^\{"pid":\s*\d+,\s*"pidStart":\s*(\d+)/.exec(text)?.[1] ?? null;
  if (pid > 0 && start === null) return { kind: 'malformed', at: 'pidStart' };
  return {
    kind: 'record',
    record: {
      ...read.record,
      ociVersion: textOf(value.ociVersion) ?? '1.0.0',
      pidStart: pid > 0 ? start : null,
      rootfs: textOf(value.rootfs) ?? '',
      owner: textOf(value.owner) ?? '',
      annotations: annotationsOf(value.annotations),
      chos: chosOf(value.chos),
    },
  };
}
