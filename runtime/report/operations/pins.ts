import type { Preparation, PreparedRoot } from '../../../spec/environment.js';
import type { pins as catalog } from '../../../spec/operations/pins.js';
import { errno, type WordsOf } from './words-of.js';

/** More paths than these are not named in one line. */
const NAMED = 8;

/** Another command was faster, or nothing has changed. */
export const isPrepared = (pin: string): string => `${pin} is prepared`;

const counted = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;

/** The last line of `tree prepare`. */
export function preparedLine(pin: string, root: PreparedRoot, shares: Preparation['shares']): string {
  const how = root.kind === 'tree' ? 'the tree is its root' : `its root is a skeleton, because ${root.why}`;
  const still = shares.filter(share => !share.live && !share.readonly).map(share => share.path);
  // Files of the host come from what was written down of them (docs/trees.md, "Files of the host").
  const files = shares.filter(share => share.from !== undefined).length;
  const count = [
    counted(shares.length - files, 'share'),
    ...(files > 0 ? [`${counted(files, 'file')} of the host`] : []),
  ].join(', ');
  const notLive =
    still.length > 0
      ? `; not live, because the host's mount is not shared: ${still.slice(0, NAMED).join(' ')}`
      : '';
  return `${isPrepared(pin)}: ${count}, ${how}${notLive}`;
}

const shown = {
  host: (path: string) => `show ${path} of the host`,
  tree: (path: string) => `show the tree ${path}`,
  trees: (path: string) => `show the trees in ${path}`,
};

export const pins: WordsOf<typeof catalog> = {
  'enter-host': { title: () => 'enter the mount namespace of process 1' },
  'lock-pins': { title: o => `lock ${o.directory}` },
  'open-pins': { title: o => `open ${o.directory}` },
  'drop-empty-pins': { title: o => `drop ${o.directory} if it is empty` },

  'take-number': {
    title: o => `take the number of ${o.pin}`,
    message: o => [`make ${o.pin}: another command made and released it at this moment; run it again`],
  },
  'make-pin-file': { title: o => `make the file of ${o.pin}` },
  pin: {
    title: o => `put ${o.pin} together in a mount namespace of its own and pin it`,
    fails: o => [`pin ${o.pin} on ${o.path}`],
  },
  'record-pin': { title: o => `record ${o.pin}` },
  'publish-pin': { title: o => `tell users of ${o.pin}` },
  'end-maker': { title: () => 'let the maker end' },
  unpin: { title: o => `unpin ${o.pin}` },
  'drop-stale-pin': { title: o => `drop ${o.pin}, which nobody holds` },
  'clear-unfinished-pin': { title: o => `clear ${o.pin} away, if it is unfinished` },
  'drop-older-pins': { title: () => 'drop older generations that nobody holds' },

  'begin-maker': { title: () => 'begin as the maker' },
  'pivot-to-view': { title: () => 'make the root "/" and let go of the rest' },
  'write-down-mounts': { title: () => 'write down what is mounted' },
  'await-pin': { title: () => 'wait to be pinned' },
  'open-tree': { title: o => `open the tree ${o.path}` },
  'use-tree-as-root': { title: () => 'make the tree the root' },
  'show-share': {
    title: o =>
      `${shown[o.what](o.path)}${o.at === undefined ? '' : ` at ${o.at}`}${o.readonly ? ', read-only' : ''}`,
  },

  'stage-skeleton': { title: () => 'mount a tmpfs for the skeleton, aside' },
  'place-skeleton': { title: o => `put the skeleton in place at ${o.path}` },
  'open-skeleton': { title: o => `open the skeleton ${o.path}` },
  'record-skeleton': { title: o => `record the skeleton ${o.path}` },
  'remove-skeleton': { title: o => `take ${o.path} away` },
  'forget-skeleton': { title: () => 'remove its record' },
  'tell-module': {
    title: o =>
      o.path === undefined
        ? 'let the kernel module forget the skeleton'
        : `tell the kernel module of ${o.path}, if it is loaded`,
    message: o => [`write the skeleton to ${o.parameter}: `, errno],
  },
  'let-go-of-mount': { title: o => `let go of ${o.path}` },
  'copy-skeleton-mount': { title: () => 'take a writable copy of its mount' },
  'close-skeleton-copy': { title: () => 'let go of the copy' },
  'make-skeleton-directory': { title: o => `make ${o.path}` },
  'make-skeleton-link': { title: o => `link ${o.path} to ${o.target}` },
  'remove-skeleton-link': { title: o => `remove the link ${o.path}` },
  'make-link-directory': { title: o => `make ${o.path} a directory` },
  'exchange-link': { title: o => `put it in the place of the link ${o.path}` },
  'alter-mount': { title: o => `give ${o.path} the mount options of the host` },
  'mount-anew': { title: o => `mount ${o.path} anew` },
  'altered-mount': { title: o => `go on with ${o.path} as on the host` },

  'hold-closed-records': { title: () => 'lock the closed records' },
  'print-holders': { title: () => 'print who is waited for' },
  'await-holder': { title: o => `wait for process ${o.pid}` },
  'look-for-holders': { title: () => 'see who is left' },
  'print-result': { title: () => 'print what was done' },
};
