import type { PathIdentity, Share } from '../environment.js';
import { readDirectory } from './host.js';
import type { Members } from './record.js';

/** A share as it was when the environment was prepared. */
export interface PreparedShare extends Share {
  /** What is mounted on the host below it later shows up inside. */
  readonly live: boolean;
  /** Where it is inside, without symlinks. */
  readonly place?: string;
  /** Which directory or file it was; records of earlier versions do not say. */
  readonly at?: PathIdentity | null;
}

/** What is written down of a share. */
export const describeShare = ({
  path,
  from,
  place,
  readonly,
  live,
  at,
  file,
}: PreparedShare): PreparedShare => ({
  path,
  ...(from === undefined ? {} : { from }),
  ...(place === undefined ? {} : { place }),
  readonly,
  live,
  ...(at === undefined ? {} : { at }),
  ...(file ? { file } : {}),
});

export const readIdentity = (members: Members): PathIdentity => ({
  ...readDirectory(members),
  born: members.text('born'),
});

export const readShare = (members: Members): PreparedShare => ({
  path: members.text('path'),
  ...(members.has('from') ? { from: members.text('from') } : {}),
  readonly: members.flag('readonly'),
  live: members.flag('live'),
  ...(members.has('place') ? { place: members.text('place') } : {}),
  ...(members.has('at') ? { at: members.isNull('at') ? null : members.object('at', readIdentity) } : {}),
  ...(members.has('file') && members.flag('file') ? { file: true } : {}),
});
