/**
 * The entry program of a tree (docs/chos.md): brings the process that runs it into the tree, where `chos` executes what its user asked for. One track, no process, no
 * state: what is the caller's stays. Root compiles it and anybody runs it, so it holds nothing of its caller, and finds out itself whether that is root.
 */
import { type DirectoryFact, type EnteredFile, PUBLIC } from '../../spec/environment.js';
import { errnos } from '../../spec/errno.js';
import type { Arch } from '../../spec/image.js';
import { TemplateField } from '../../spec/instructions.js';
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  Clone,
  type OpenFlags,
  openFlags,
  Prctl,
  Propagation,
  STATX_BASIC_STATS,
} from '../../spec/kernel.js';
import { fileName } from '../../spec/records/names.js';
import type { Action, Program } from '../program/action.js';
import { attempt, when } from '../program/control.js';
import { buffer, characters, field, label, type Slot, slot, text } from '../program/operand.js';
import { exitReporting, fail, format, handover, jump, type Line, sys } from '../program/step.js';
import { assemble, type View } from './assemble.js';
import { guardKernel } from './container/kernel.js';
import { pivotHere } from './idioms/enter-root.js';
import { openPlace } from './idioms/entries.js';
import { propagateRoot } from './idioms/mount-steps.js';
import { operation } from './idioms/operation.js';
import { writeFile } from './idioms/write-file.js';
import { rule } from './launch/launch.js';
import { hidePins } from './root/hide-pins.js';
import { keep } from './views/kept.js';
import { createLook, sameDirectory } from './views/open-pin.js';

/** As chroot(1), env(1) and others tell their own failures from those of the command. */
const FAILED = 125;
const SETCHOS = '/proc/chos/setchos';
const ESTALE = errnos.ESTALE.number;

export type EntryView =
  | {
      readonly kind: 'link';
      readonly tree: { readonly name: string; readonly path: string };
      /** To where the link must lead. */
      readonly directory: DirectoryFact;
      readonly files?: readonly EnteredFile[];
      /** Where it is mounted on the host. */
      readonly skeleton: string;
    }
  | ({ readonly kind: 'mounts' } & View);

export type EntryInput = EntryView & { readonly arch: Arch };

/** The module moves the process by itself. Where it wants no_new_privs, which the process can never take back, that is set then and not before. */
function move(open: OpenFlags, tree: string, target: string): readonly Action[] {
  const fd = slot('setchos_fd');
  const because = rule('kmod');
  const path = text(target);
  const write = [fd, path, path.size - 1];
  const unlisted = label('link_refused');
  const moved = label('moved');
  return [
    operation({ kind: 'move-to-skeleton', target, tree, because }, [
      sys('openat', [AT_FDCWD, text(SETCHOS), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
      // What is not in the list is told by the second trial, as all that is not about no_new_privs.
      ...attempt(['EPERM', 'ENOENT', 'ESTALE'], refused => [sys('write', write, refused)], [
        sys('prctl', [Prctl.SET_NO_NEW_PRIVS, 1, 0, 0, 0]),
        sys('write', write, { on: [['ENOENT', 'ESTALE'], unlisted] }),
      ]),
      jump(moved),
    ]),
    // Of its own, because its failure has other words.
    operation({ kind: 'find-link', target, because }, [unlisted, fail(ESTALE), moved, sys('close', [fd])]),
  ];
}

/**
 * Nobody holds the skeleton for a user (skeleton-hold.ts): its public record is there before and after, and the same, and "/" is then what was at the skeleton's path.
 * Both are seen by the program itself, so that it outlives a skeleton that is made anew.
 */
function byLink(input: EntryInput & { readonly kind: 'link' }, open: OpenFlags): readonly Action[] {
  const { tree, skeleton, directory, files = [] } = input;
  const look = createLook();
  const records = slot('skeleton_records', -1);
  const root = keep('skeleton', 'directory', look, [AT_FDCWD, text(skeleton), 0]);
  const place = [records, text(`${fileName(skeleton)}.json`), AT_SYMLINK_NOFOLLOW] as const;
  const record = keep('record', 'file', look, place);
  return [
    operation({ kind: 'find-entered', path: skeleton, tree: tree.name, because: rule('kmod') }, [
      openPlace(open, PUBLIC, records),
      ...record.look,
      ...root.look,
    ]),
    ...move(open, tree.name, tree.path),
    operation({ kind: 'see-entered', path: skeleton, tree: tree.name, because: rule('nobody holds it') }, [
      ...record.again(place, ESTALE),
      ...root.again([AT_FDCWD, text('/'), 0], ESTALE),
      sys('close', [records]),
    ]),
    operation({ kind: 'see-entered-tree', target: tree.path, tree: tree.name, because: rule('kmod') }, [
      sys('statx', [AT_FDCWD, text('/proc/chos/link/'), 0, STATX_BASIC_STATS, look.stat]),
      ...sameDirectory(look, directory, ESTALE),
    ]),
    ...files.map(file =>
      operation(
        { kind: 'see-entered-file', path: file.path, tree: tree.name, because: rule('the registry') },
        [
          sys('statx', [AT_FDCWD, text(`/proc/chos/link${file.path}`), 0, STATX_BASIC_STATS, look.stat]),
          ...sameDirectory(look, file.directory, ESTALE),
        ],
      ),
    ),
  ];
}

/** The id, and none but that. */
function mapOwn(open: OpenFlags, file: string, id: Slot): readonly Line[] {
  const map = buffer(file, 48);
  const size = slot(`${file}_size`);
  const fd = slot('map_fd');
  const shown = field(TemplateField.DECIMAL, id);
  return [
    format(map, [shown, ' ', shown, ' 1'], { to: size }),
    sys('openat', [AT_FDCWD, text(`/proc/self/${file}`), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
    sys('write', [fd, map, size]),
    sys('close', [fd]),
  ];
}

/** Root needs no user namespace, and would lose its rights over the host in one. */
function byMounts(view: EntryInput & { readonly kind: 'mounts' }, open: OpenFlags): readonly Action[] {
  const root = slot('root', -1);
  const uid = slot('uid');
  const gid = slot('gid');
  const tree = view.tree.name;
  return [
    guardKernel(),
    operation({ kind: 'separate-view', tree, because: rule('private') }, [
      sys('geteuid', [], { to: uid }),
      sys('getegid', [], { to: gid }),
      ...when(
        uid,
        'NE',
        0,
        [
          sys('unshare', [Clone.NEWUSER | Clone.NEWNS]),
          // Without it nobody but root may map a group (user_namespaces(7)).
          ...writeFile(open, AT_FDCWD, '/proc/self/setgroups', characters('denial', 'deny'), 'map_fd'),
          ...mapOwn(open, 'uid_map', uid),
          ...mapOwn(open, 'gid_map', gid),
        ],
        [sys('unshare', [Clone.NEWNS])],
      ),
      propagateRoot(Propagation.SLAVE, true),
      // A share /run would take them along. Who is not root can neither do that nor look into them.
      ...hidePins(),
    ]),
    ...assemble(view, open, root),
    operation({ kind: 'enter-view', tree, because: rule('private') }, [
      sys('fchdir', [root]),
      ...pivotHere(),
      sys('close', [root]),
    ]),
  ];
}

export function compileEntry(input: EntryInput): Program {
  const open = openFlags(input.arch);
  const actions = input.kind === 'link' ? byLink(input, open) : byMounts(input, open);
  const goOn = operation({ kind: 'go-on-inside', because: rule('chos') }, [handover()]);
  return {
    arch: input.arch,
    joins: false,
    tracks: [{ name: 'enter', actions: [...actions, goOn], failed: [exitReporting(FAILED)] }],
    entries: [{ entry: 'enter', track: 'enter' }],
    parameters: new Map(),
  };
}
