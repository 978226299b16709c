import type { criu as catalog } from '../../../spec/operations/criu.js';
import type { Template } from '../../program/operand.js';
import { shorten } from './shorten.js';
import { errno, type Shown, type WordsOf } from './words-of.js';

const streamName = (fd: number): string => `standard ${['input', 'output', 'error'][fd] ?? fd}`;

export const criu: WordsOf<typeof catalog> = {
  'check-init': {
    title: o => `check that process ${o.pid} is its init`,
    message: (_o, id) => ['container `', id, '` has been replaced meanwhile; try again'],
  },
  'open-image-directory': { title: o => `open the image directory ${o.path}` },
  'open-work-directory': { title: o => `open the work directory ${o.path}` },
  'need-stream-terminal': {
    title: o => `check that ${streamName(o.stream)} is a terminal`,
    message: o => [
      `${streamName(o.stream)} of the container was a terminal outside; that of \`restore\` takes its place, and is none: `,
      errno,
    ],
  },
  'take-over-stream': { title: o => `keep descriptor ${o.stream} for the restored process` },
  'open-namespace-for-criu': { title: o => `open the ${o.type} namespace ${o.path}` },
  'start-criu': { title: o => `start ${o.path}` },
  'become-criu': { title: () => 'begin as CRIU' },
  'await-turn-of-criu': { title: () => 'wait for the cgroups' },
  'begin-criu': { title: () => 'let CRIU begin' },
  'enter-mounts-of-criu': { title: () => 'enter a mount namespace for CRIU' },
  'mount-for-criu': { title: o => `bind ${o.path} for CRIU` },
  'make-missing-mount-point': { title: o => `make ${o.path} in the root file system, if it is missing` },
  'leave-mounts-of-criu': { title: () => "go back to the host's mounts" },
  'execute-criu': { title: o => `execute ${o.path}` },
  'ask-criu': { title: o => `ask CRIU for the ${o.task}` },
  'await-criu': {
    title: o => `wait for CRIU: ${o.for}`,
    message: () => ['CRIU answers what makes no sense: ', errno],
  },
  'let-criu-go-on': { title: () => 'let CRIU go on' },
  'end-criu': { title: () => 'wait until CRIU has ended' },
  'hold-restored': { title: () => 'keep hold of the restored process' },
  'record-streams': { title: o => `write ${o.path}` },
  'await-end-of-saved': {
    title: () => 'wait until the saved process has ended',
    message: (_o, id) => ['container `', id, '` was saved, but its process has not ended: ', errno],
  },
};

/** It ended without a word. */
export const NO_ANSWER = 'it ended without an answer';

/** `said`: its first error. */
export const criuFailed = (task: string, said: Shown, log: string): Template => [
  `${task}: CRIU failed: `,
  said,
  ` (log: ${shorten(log, 4000)})`,
];
