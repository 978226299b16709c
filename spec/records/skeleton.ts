/** %2Fchos.json: what launches must know of the skeleton /chos. Written when it is complete; launches lock it on their way in, and insist on the very one that they were compiled for. */
import type { DirectoryFact, Pin } from '../environment.js';
import { directoryTemplate, type HostField, hostTemplate, readDirectory, readHost } from './host.js';
import { type Fill, type Filled, jsonOf, type Parsed, parseRecord } from './record.js';
import { describeShare, type PreparedShare, readShare } from './share.js';

/** What `skeleton create` knows before its program runs. */
export interface SkeletonFacts {
  /** Where it is mounted on the host. */
  readonly path: string;
  readonly shares: readonly PreparedShare[];
  /** Directories in which trees stand, or trees. */
  readonly holders: readonly string[];
  /** Trees to which nobody inside can write. */
  readonly readonly: readonly string[];
  /** Where a file of the host is shown in the place of a tree's. */
  readonly files: readonly string[];
  /** As in PinFacts. */
  readonly boot: string;
}

export interface SkeletonRecord extends SkeletonFacts {
  readonly root: DirectoryFact;
  readonly host: Pin['host'];
  /** RFC 3339 with zone. */
  readonly created: string;
}

export type SkeletonField = 'rootMajor' | 'rootMinor' | 'rootInode' | HostField;

export function skeletonTemplate<Field>(
  facts: SkeletonFacts,
  fill: Fill<SkeletonField, Field>,
): Filled<Field> {
  const { path, shares, holders, readonly, files, boot } = facts;
  const rest = { path, shares: shares.map(describeShare), holders, readonly, files, boot };
  return [
    '{"root":',
    ...directoryTemplate('root', fill),
    ',',
    ...hostTemplate(fill),
    `,${JSON.stringify(rest).slice(1)}\n`,
  ];
}

export function parseSkeleton(text: string): Parsed<SkeletonRecord> {
  return parseRecord(jsonOf(text), members => ({
    path: members.text('path'),
    root: members.object('root', readDirectory),
    host: members.object('host', readHost),
    shares: members.list('shares', readShare),
    holders: members.texts('holders'),
    readonly: members.texts('readonly'),
    // Records of earlier versions have none.
    files: members.has('files') ? members.texts('files') : [],
    created: members.text('created'),
    boot: members.text('boot'),
  }));
}
