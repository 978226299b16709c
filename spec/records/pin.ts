/** NAME@N.json: what launches must know of a generation. Written last: without it the generation does not count. */
import type { PathIdentity, Pin, TreeStamp } from '../environment.js';
import { TemplateField } from '../instructions.js';
import { type HostField, hostTemplate, readDirectory, readHost } from './host.js';
import { type Fill, type Filled, jsonOf, type Members, type Parsed, parseRecord } from './record.js';
import { describeShare, type PreparedShare, readIdentity, readShare } from './share.js';

/** What `tree prepare` and `skeleton create` know before their program runs. */
export interface PinFacts {
  /** The tree's, as it is registered; the skeleton's. */
  readonly path: string;
  readonly readonly: boolean;
  /** Of the machine (/proc/sys/kernel/random/boot_id): after the next one nothing is as it was. */
  readonly boot: string;
  readonly treeMounts: readonly string[];
  readonly shares: readonly PreparedShare[];
  /** Absolute directory without symlinks, and what it was like. Not in records of earlier versions, and not of the skeleton of all trees. */
  readonly directory?: string;
  readonly stamp?: TreeStamp;
  /** As in Preparation. */
  readonly points?: Readonly<Record<string, PathIdentity>>;
}

export interface PinRecord extends PinFacts {
  /** Of the mount namespace. */
  readonly inode: number;
  /** As in Pin; records of earlier versions have none. */
  readonly mark?: number;
  readonly host: Pin['host'];
  /** RFC 3339 with zone. */
  readonly created: string;
}

export type PinField = 'inode' | 'mark' | HostField;

export function pinTemplate<Field>(facts: PinFacts, fill: Fill<PinField, Field>): Filled<Field> {
  const { path, readonly, boot, treeMounts, shares, directory, stamp, points } = facts;
  const rest = {
    path,
    readonly,
    boot,
    treeMounts,
    shares: shares.map(describeShare),
    directory,
    stamp,
    points,
  };
  return [
    '{"inode":',
    fill(TemplateField.DECIMAL, 'inode'),
    ',"mark":',
    fill(TemplateField.DECIMAL, 'mark'),
    ',',
    ...hostTemplate(fill),
    `,${JSON.stringify(rest).slice(1)}\n`,
  ];
}

const readStamp = (members: Members): TreeStamp => ({
  directory: members.object('directory', readDirectory),
  changed: members.map('changed', (times, name) => (times.isNull(name) ? null : times.text(name))),
});

export function parsePin(text: string): Parsed<PinRecord> {
  return parseRecord(jsonOf(text), members => ({
    path: members.text('path'),
    inode: members.natural('inode'),
    ...(members.has('mark') ? { mark: members.natural('mark') } : {}),
    host: members.object('host', readHost),
    treeMounts: members.texts('treeMounts'),
    shares: members.list('shares', readShare),
    readonly: members.flag('readonly'),
    created: members.text('created'),
    ...(members.has('directory') ? { directory: members.text('directory') } : {}),
    ...(members.has('stamp') ? { stamp: members.object('stamp', readStamp) } : {}),
    ...(members.has('points')
      ? { points: members.map('points', (points, path) => points.object(path, readIdentity)) }
      : {}),
    boot: members.text('boot'),
  }));
}
