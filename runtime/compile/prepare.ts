/**
 * `tree prepare`: the launch program that puts an environment together and pins it (design.md section 5, "Rules of pinned"). The host track stays in
 * the namespace of process 1; the maker track has a mount namespace of its own, makes it the environment, and ends once that is bound on a file.
 */

import type { Preparation, PreparedRoot, Share } from '../../spec/environment.js';
import { errnos } from '../../spec/errno.js';
import type { Arch } from '../../spec/image.js';
import { TemplateField } from '../../spec/instructions.js';
import {
  AF_UNIX,
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  Clone,
  MNT_DETACH,
  MountAttr,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  openFlags,
  Propagation,
  SIGKILL,
  SOCK_CLOEXEC,
  SOCK_SEQPACKET,
  STATX_BASIC,
  Statx,
} from '../../spec/kernel.js';
import { type Action, action, type Because, type Program } from '../program/action.js';
import {
  buffer,
  cell,
  field,
  type Label,
  label,
  type Slot,
  slot,
  slots,
  struct,
  text,
  u32,
  u64,
} from '../program/operand.js';
import {
  alu,
  branch,
  exit,
  exitReporting,
  fail,
  failVerbatim,
  format,
  formatFailure,
  guard,
  jump,
  type Line,
  load,
  recv,
  resolve,
  store,
  sys,
  track,
  waitReap,
} from '../program/step.js';
import { cloneArguments } from './hooks.js';
import { rule } from './launch.js';
import { attach, newFilesystem, setAttributes } from './mount-steps.js';
import { enterHost, lockPins, unpin } from './pins.js';
import { guardKernel, writeWhole } from './state.js';

export type PrepareInput = Preparation & { readonly arch: Arch };

/** How often each CPU is tried: the kernel gives out namespace numbers in batches for each CPU, and a pin must have a higher one than its binder's. */
const ROUNDS = 4;
const MS_BIND = 0x1000;
const AFFINITY_BYTES = 128;

export function compilePrepare(input: PrepareInput): Program {
  const open = openFlags(input.arch);
  const { place } = input;
  const name = `${place.file}@${input.generation}`;
  const path = `${place.directory}/${name}`;
  const shown = `${input.tree.name}@${input.generation}`;
  const pins = slot('pins', -1);
  const pid = slot('maker_pid');
  const pidfd = slot('maker_pidfd', -1);
  const hostEnd = slot('host_end', -1);
  const makerEnd = slot('maker_end', -1);
  const mountsFd = slot('mounts_fd', -1);
  const message = buffer('message', 4096);
  const size = slots('message_size', 2);
  const begin = label('maker_begin');
  const fd = slot('fd');
  const killMaker: readonly Line[] = [
    sys('pidfd_send_signal', [pidfd, SIGKILL, 0, 0]),
    waitReap(pidfd, 10_000, { to: size }),
  ];

  const complete = label('already_complete');
  const makeFile = action(
    { title: `make the file of ${shown}`, because: rule('pins'), undo: unpin(pins, path, name) },
    [
      ...pinFile(pins, name, path, complete, open),
      sys(
        'openat',
        [
          pins,
          text(`${name}.mounts`),
          open.WRONLY | open.CREAT | open.TRUNC | open.NOFOLLOW | open.CLOEXEC,
          0o600,
        ],
        { to: mountsFd },
      ),
    ],
  );

  const makePinned = action(
    {
      title: `put ${shown} together in a mount namespace of its own and pin it`,
      fails: [`pin ${shown} on ${path}`],
      because: rule('pin'),
      undo: killMaker,
    },
    tryOnEachCpu(input.cpus, path, { pid, pidfd, hostEnd, makerEnd, message, size, begin }),
  );

  const host: readonly Action[] = [
    guardKernel(),
    ...(input.enter ? [enterHost(open)] : []),
    ...lockPins(place, open, pins),
    makeFile,
    makePinned,
    ...recordPin(input, { pins, name, path, pidfd, killMaker }),
    ...input.stale.map(file =>
      action({ title: `drop ${file}, which nobody holds`, because: rule('the newest generation counts') }, [
        ...unpin(pins, `${place.directory}/${file}`, file),
      ]),
    ),
    action({ title: 'say so', because: rule('tree prepare') }, [
      sys('write', [1, text(`${summary(input, shown)}\n`), Buffer.byteLength(summary(input, shown)) + 1], {
        to: fd,
      }),
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
      { name: 'host', actions: host, subroutines: [], failed: [exitReporting(1)] },
      {
        name: 'maker',
        actions: makerActions(input, { begin, hostEnd, makerEnd, mountsFd, message }),
        subroutines: [],
        failed: [formatFailure(message, size), sys('write', [makerEnd, message, size]), exit(1)],
      },
    ],
    entries: [{ entry: 'host', track: 'host' }],
    parameters: new Map(),
  };
}

function becauseOf({ file, line, tree }: Preparation): Because {
  return { kind: 'policy', file, line, path: `trees.${tree.name}` };
}

function summary({ root, shares }: PrepareInput, shown: string): string {
  const how = root.kind === 'tree' ? 'the tree is its root' : `its root is a skeleton, because ${root.why}`;
  const still = shares.filter(share => !share.live).map(share => share.path);
  const count = `${shares.length} ${shares.length === 1 ? 'share' : 'shares'}`;
  const notLive =
    still.length > 0
      ? `; not live, because the host's mount is not shared: ${still.slice(0, 8).join(' ')}`
      : '';
  return `${shown} is prepared: ${count}, ${how}${notLive}`;
}

/** O_EXCL under the lock: a generation that is there already is complete, or was left by a command that was killed. */
function pinFile(
  pins: Slot,
  name: string,
  path: string,
  complete: Label,
  open: ReturnType<typeof openFlags>,
): readonly Line[] {
  const fd = slot('pin_file');
  const exists = label('pin_exists');
  const unfinished = label('pin_unfinished');
  const made = label('pin_made');
  const flags = open.RDONLY | open.CREAT | open.EXCL | open.NOFOLLOW | open.CLOEXEC;
  return [
    sys('openat', [pins, text(name), flags, 0o600], { to: fd, on: [['EEXIST'], exists] }),
    jump(made),
    exists,
    sys('faccessat2', [pins, text(`${name}.json`), 0, 0], { on: [['ENOENT'], unfinished] }),
    jump(complete),
    unfinished,
    ...unpin(pins, path, name),
    sys('openat', [pins, text(name), flags, 0o600], { to: fd }),
    made,
    sys('close', [fd]),
  ];
}

interface MakerCells {
  readonly pid: Slot;
  readonly pidfd: Slot;
  readonly hostEnd: Slot;
  readonly makerEnd: Slot;
  readonly message: ReturnType<typeof buffer>;
  readonly size: Slot;
  readonly begin: Label;
}

/**
 * The kernel refuses to bind a mount namespace inside one that has a higher number (that could become a loop). Since Linux 6.18 numbers come in
 * batches for each CPU, so that a newer namespace can have a lower one: made again on each CPU in turn, until one is high enough.
 */
function tryOnEachCpu(cpus: number, path: string, c: MakerCells): readonly Line[] {
  const ends = struct('maker channel', [u32(0), u32(0)]);
  const cloneArgs = cloneArguments('maker', Clone.PIDFD | Clone.NEWNS, c.pidfd);
  const mask = buffer('affinity', AFFINITY_BYTES);
  const source = buffer('namespace_path', 48);
  const turn = slot('cpu_turn', -1);
  const cpu = slot('cpu');
  const byte = slot('cpu_byte');
  const bit = slot('cpu_bit');
  const again = label('make_again');
  const died = label('maker_died');
  const failed = label('maker_failed');
  const refused = label('pin_refused');
  const next = label('next_cpu');
  const pinned = label('pinned');
  return [
    again,
    sys('socketpair', [AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends]),
    load(c.hostEnd, 'I32', ends, 0),
    load(c.makerEnd, 'I32', ends, 4),
    track(cloneArgs, 'maker', c.begin, { to: c.pid }),
    sys('close', [c.makerEnd]),
    recv(c.hostEnd, c.message, { to: c.size, on: [['ECONNRESET'], died] }),
    branch(c.size, 'EQ', 0, died),
    branch(c.size, 'GT', 1, failed),
    format(source, ['/proc/', field(TemplateField.DECIMAL, c.pid), '/ns/mnt']),
    sys('mount', [source, text(path), 0, MS_BIND, 0], { on: [['EINVAL'], refused] }),
    jump(pinned),
    died,
    fail(errnos.ESRCH.number),
    failed,
    failVerbatim(errnos.ECHILD.number, c.message, c.size),
    refused,
    sys('pidfd_send_signal', [c.pidfd, SIGKILL, 0, 0]),
    waitReap(c.pidfd, 10_000, { to: c.size }),
    sys('close', [c.pidfd]),
    sys('close', [c.hostEnd]),
    next,
    alu(turn, turn, 'ADD', 1),
    guard(turn, 'LT', cpus * ROUNDS, errnos.EINVAL.number),
    store('U8', mask, byte, 0),
    alu(cpu, turn, 'MOD', cpus),
    alu(byte, cpu, 'SHR', 3),
    alu(bit, cpu, 'AND', 7),
    alu(bit, 1, 'SHL', bit),
    store('U8', mask, byte, bit),
    // EINVAL: that CPU is off, or not ours.
    sys('sched_setaffinity', [0, AFFINITY_BYTES, mask], { on: [['EINVAL'], next] }),
    jump(again),
    pinned,
  ];
}

/** What launches must know, with the numbers that only the kernel could give. Written last: without it the generation does not count. */
function recordPin(
  input: PrepareInput,
  c: {
    readonly pins: Slot;
    readonly name: string;
    readonly path: string;
    readonly pidfd: Slot;
    readonly killMaker: readonly Line[];
  },
): readonly Action[] {
  const open = openFlags(input.arch);
  const stat = buffer('record_stat', 256);
  const inode = slot('pin_inode');
  const namespace = slot('host_namespace');
  const [major, minor, root] = [slot('root_major'), slot('root_minor'), slot('root_inode')];
  const time = slots('created', 2);
  const now = struct('timespec', [u64(0), u64(0)]);
  const size = slot('record_size');
  const number = (of: Slot) => field(TemplateField.DECIMAL, of);
  const treeMounts =
    input.root.kind === 'tree'
      ? ['/']
      : input.root.entries.flatMap(entry => (entry.kind === 'bind' ? [entry.path] : []));
  const shares = input.shares.map(({ path, readonly, live }) => ({ path, readonly, live }));
  const rest = JSON.stringify({ path: input.tree.path, readonly: input.tree.readonly, treeMounts, shares });
  const template = [
    '{"inode":',
    number(inode),
    ',"host":{"namespace":',
    number(namespace),
    ',"root":{"major":',
    number(major),
    ',"minor":',
    number(minor),
    ',"inode":',
    number(root),
    '}},"created":"',
    field(TemplateField.TIME, time),
    `",${rest.slice(1)}\n`,
  ];
  const content = buffer('record', Buffer.byteLength(rest) + 400);
  return [
    action({ title: `record ${c.name}`, because: rule('launches check it') }, [
      sys('statx', [AT_FDCWD, text(c.path), 0, STATX_BASIC, stat]),
      load(inode, 'U64', stat, Statx.INO),
      sys('statx', [AT_FDCWD, text('/proc/self/ns/mnt'), 0, STATX_BASIC, stat]),
      load(namespace, 'U64', stat, Statx.INO),
      sys('statx', [AT_FDCWD, text('/'), 0, STATX_BASIC, stat]),
      load(root, 'U64', stat, Statx.INO),
      load(major, 'U32', stat, Statx.DEV_MAJOR),
      load(minor, 'U32', stat, Statx.DEV_MINOR),
      sys('clock_gettime', [0, now]),
      load(time, 'I64', now, 0),
      load(cell(time, 1), 'I64', now, 8),
      format(content, template, { to: size }),
      ...writeWhole(open, c.pins, `${c.name}.json`, content, size, 0o600),
    ]),
    action({ title: 'let the maker end', because: rule('the pin keeps the namespace') }, [...c.killMaker]),
  ];
}

interface MakerInput {
  readonly begin: Label;
  readonly hostEnd: Slot;
  readonly makerEnd: Slot;
  readonly mountsFd: Slot;
  readonly message: ReturnType<typeof buffer>;
}

function makerActions(input: PrepareInput, c: MakerInput): readonly Action[] {
  const open = openFlags(input.arch);
  const { tree } = input;
  const because = becauseOf(input);
  const place = slot('tree_place', -1);
  const root = slot('root', -1);
  const size = slot('copied');
  const content = buffer('mountinfo', 65536);
  const again = label('copy_again');
  const copied = label('copied_all');
  const from = slot('mountinfo_fd');
  const attributes = tree.readonly ? MountAttr.RDONLY : 0;
  const clone = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
  return [
    action({ title: 'begin as maker', because: rule('a namespace of its own') }, [
      c.begin,
      sys('close', [c.hostEnd]),
      sys('mount_setattr', [
        AT_FDCWD,
        text('/'),
        AT_RECURSIVE,
        struct('mount_attr', [u64(0), u64(0), u64(Propagation.SLAVE), u64(0)], true),
        32,
      ]),
    ]),
    action({ title: `open the tree ${tree.path}`, because }, [
      sys('openat', [AT_FDCWD, text(tree.path), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: place }),
    ]),
    ...(input.root.kind === 'tree'
      ? [
          action({ title: 'the root is the tree', because: rule('it has all mount points') }, [
            sys('open_tree', [place, text(''), clone | AT_EMPTY_PATH], { to: root }),
            ...(attributes === 0 ? [] : [setAttributes(root, attributes, 0, 0, true)]),
            attach(root, place),
          ]),
        ]
      : skeletonActions(input.root, {
          place,
          root,
          attributes,
          open: open.PATH | open.DIRECTORY | open.CLOEXEC,
        })),
    ...[...input.hostView.map(path => ({ path, readonly: false })), ...input.shares].map(share =>
      showShare(share, root, open.PATH | open.DIRECTORY, input.hostView.includes(share.path), because),
    ),
    action({ title: 'make the root "/" and let go of the rest', because: rule('pivot_root') }, [
      sys('fchdir', [root]),
      sys('pivot_root', [text('.'), text('.')]),
      sys('umount2', [text('.'), MNT_DETACH]),
      sys('chdir', [text('/')]),
    ]),
    action({ title: 'write down what is mounted', because: rule('elision') }, [
      sys('openat', [AT_FDCWD, text('/proc/self/mountinfo'), open.RDONLY | open.CLOEXEC, 0], { to: from }),
      // An attempt that was refused may have written before.
      sys('ftruncate', [c.mountsFd, 0]),
      sys('lseek', [c.mountsFd, 0, 0]),
      again,
      sys('read', [from, content, 65536], { to: size }),
      branch(size, 'EQ', 0, copied),
      sys('write', [c.mountsFd, content, size]),
      jump(again),
      copied,
      sys('close', [c.mountsFd]),
    ]),
    action({ title: 'wait to be pinned', because: rule('the host binds the namespace') }, [
      sys('write', [c.makerEnd, text('r'), 1]),
      // Nothing is ever written: the host ends this process, or goes and leaves end of file.
      sys('read', [c.makerEnd, c.message, 1], { to: size }),
      exit(1),
    ]),
  ];
}

function skeletonActions(
  root: PreparedRoot & { readonly kind: 'skeleton' },
  c: { readonly place: Slot; readonly root: Slot; readonly attributes: number; readonly open: number },
): readonly Action[] {
  const from = slot('skeleton_from');
  const mount = slot('skeleton_mount');
  const onto = slot('skeleton_onto');
  const inside = (path: string) => text(path.slice(1));
  return [
    action({ title: `the root is a skeleton`, because: rule(root.why) }, [
      ...newFilesystem(
        'tmpfs',
        'chos',
        [
          ['mode', '755'],
          ['size', '4m'],
        ],
        MountAttr.NOSUID | MountAttr.NODEV,
        c.root,
      ),
      attach(c.root, c.place),
    ]),
    ...root.entries.map(entry => {
      const { path } = entry;
      if (entry.kind === 'link')
        return action({ title: `link ${path} to ${entry.target}`, because: rule('as in the tree') }, [
          sys('symlinkat', [text(entry.target), c.root, inside(path)]),
        ]);
      if (entry.kind === 'directory')
        return action({ title: `make ${path}`, because: rule('mount point') }, [
          sys('mkdirat', [c.root, inside(path), 0o700]),
          sys('fchmodat', [c.root, inside(path), entry.mode]),
        ]);
      return action({ title: `bind ${path} of the tree`, because: rule('as in the tree') }, [
        resolve({ root: c.place, path: text(path), how: 'NOFOLLOW' }, { to: from }),
        sys(
          'open_tree',
          [from, text(''), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE],
          {
            to: mount,
          },
        ),
        ...(c.attributes === 0 ? [] : [setAttributes(mount, c.attributes, 0, 0, true)]),
        resolve(
          { root: c.root, path: text(path), make: entry.directory ? 'directories' : 'file' },
          { to: onto },
        ),
        attach(mount, onto),
        sys('close', [from]),
        sys('close', [mount]),
        sys('close', [onto]),
      ]);
    }),
  ];
}

/** Slave, so that what the host mounts below later arrives, and nothing goes back. */
function showShare(share: Share, root: Slot, flags: number, host: boolean, because: Because): Action {
  const mount = slot('share_mount');
  const onto = slot('share_onto');
  const title = `show ${share.path} of the host${share.readonly ? ', read-only' : ''}`;
  return action({ title, because: host ? rule('the host view') : because }, [
    sys('open_tree', [AT_FDCWD, text(share.path), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE], {
      to: mount,
    }),
    ...(share.readonly ? [setAttributes(mount, MountAttr.RDONLY, 0, 0, true)] : []),
    resolve({ root, path: text(share.path), flags }, { to: onto }),
    attach(mount, onto),
    sys('close', [mount]),
    sys('close', [onto]),
  ]);
}
