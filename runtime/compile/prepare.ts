/**
 * `tree prepare`: the launch program that puts an environment together and pins it (docs/architecture.md, "Rules of shared views"). The host track stays in
 * the namespace of process 1; the maker track has a mount namespace of its own, makes it the environment, and ends once that is bound on a file.
 */
import type { Preparation } from '../../spec/environment.js';
import type { Arch } from '../../spec/image.js';
import {
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  type OpenFlags,
  openFlags,
} from '../../spec/kernel.js';
import { type Action, action, type Because, type Program } from '../program/action.js';
import { label, type Slot, slot, text } from '../program/operand.js';
import { exit, exitReporting, jump, sys } from '../program/step.js';
import { guardKernel } from './container/state.js';
import { attach } from './idioms/mount-steps.js';
import { openRealDirectory } from './idioms/open-real.js';
import { hostPoint, sealShare, showShare } from './idioms/show-share.js';
import { rule } from './launch/launch.js';
import { makerTrack } from './pins/maker.js';
import { createMakerCells, makePin, type NewPin } from './pins/pin-namespace.js';
import { recordPin } from './pins/pin-record.js';
import { enterHost, lockPins, unpin } from './pins/pins.js';
import { treeSkeleton } from './root/tree-skeleton.js';

export type PrepareInput = Preparation & { readonly arch: Arch };

export function compilePrepare(input: PrepareInput): Program {
  const open = openFlags(input.arch);
  const { place, tree } = input;
  const shown = `${tree.name}@${input.generation}`;
  const pin: NewPin = { place, generation: input.generation, shown, cpus: input.cpus };
  const pins = slot('pins', -1);
  const root = slot('root', -1);
  const cells = createMakerCells();
  const complete = label('already_complete');
  const host: readonly Action[] = [
    guardKernel(),
    ...(input.enter ? [enterHost(open)] : []),
    ...lockPins(place, open, pins),
    ...makePin(pin, pins, open, cells, complete),
    ...recordPin(pin, pins, open, cells, {
      path: tree.path,
      readonly: tree.readonly,
      boot: input.boot,
      treeMounts: treeMounts(input),
      shares: input.shares,
      directory: tree.directory,
      stamp: tree.stamp,
      points: input.points,
    }),
    ...input.stale.map(file =>
      action({ title: `drop ${file}, which nobody holds`, because: rule('the newest generation counts') }, [
        ...unpin(pins, `${place.directory}/${file}`, file),
      ]),
    ),
    ...input.unfinished.map(file => {
      const kept = label('finished_meanwhile');
      const unfinished = label('still_unfinished');
      return action(
        { title: `clear ${file} away, if it is unfinished`, because: rule('a command was killed') },
        [
          sys('faccessat2', [pins, text(`${file}.json`), 0, 0], { on: [['ENOENT'], unfinished] }),
          jump(kept),
          unfinished,
          ...unpin(pins, `${place.directory}/${file}`, file),
          kept,
        ],
      );
    }),
    action({ title: 'say so', because: rule('tree prepare') }, [
      sys('write', [1, text(`${summary(input, shown)}\n`), Buffer.byteLength(summary(input, shown)) + 1]),
      exit(0),
      complete,
      sys('write', [1, text(`${shown} is prepared\n`), Buffer.byteLength(shown) + 13]),
      exit(0),
    ]),
  ];
  return {
    arch: input.arch,
    joins: false,
    tracks: [
      { name: 'host', actions: host, failed: [exitReporting(1)] },
      makerTrack(open, cells, { actions: assemble(input, open, root), root }),
    ],
    entries: [{ entry: 'host', track: 'host' }],
    parameters: new Map(),
  };
}

function becauseOf({ file, line, tree }: Preparation): Because {
  return { kind: 'policy', file, line, path: `trees.${tree.name}` };
}

function treeMounts({ root }: PrepareInput): readonly string[] {
  return root.kind === 'tree'
    ? ['/']
    : root.entries.flatMap(entry => (entry.kind === 'bind' ? [entry.path] : []));
}

function summary({ root, shares }: PrepareInput, shown: string): string {
  const how = root.kind === 'tree' ? 'the tree is its root' : `its root is a skeleton, because ${root.why}`;
  const still = shares.filter(share => !share.live && !share.readonly).map(share => share.path);
  const count = `${shares.length} ${shares.length === 1 ? 'share' : 'shares'}`;
  const notLive =
    still.length > 0
      ? `; not live, because the host's mount is not shared: ${still.slice(0, 8).join(' ')}`
      : '';
  return `${shown} is prepared: ${count}, ${how}${notLive}`;
}

/** The tree, or a skeleton in its place, with the host view and the shares mounted in it. */
function assemble(input: PrepareInput, open: OpenFlags, root: Slot): readonly Action[] {
  const { tree } = input;
  const because = becauseOf(input);
  const place = slot('tree_place', -1);
  const clone = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
  return [
    action({ title: `open the tree ${tree.path}`, because }, [
      openRealDirectory(open, tree.directory, place),
    ]),
    ...(input.root.kind === 'tree'
      ? [
          action({ title: 'the root is the tree', because: rule('it has all mount points') }, [
            sys('open_tree', [place, text(''), clone | AT_EMPTY_PATH], { to: root }),
            ...sealShare(root, tree.readonly),
            attach(root, place),
          ]),
        ]
      : treeSkeleton(open, input.root, { place, root, readonly: tree.readonly, sealed: true })),
    ...input.hostView.map(path =>
      showShare(open, hostPoint(path), root, `show ${path} of the host`, rule('the host view')),
    ),
    ...input.shares.map(share => showShare(open, share, root, `show ${share.path} of the host`, because)),
  ];
}
