/**
 * Where something is mounted, covered, changed or made: one guard for all of it, whatever the kind of mount. The root is an image's, and its symbolic
 * links may lead the place of a tmpfs onto /proc/self/attr or /sys/fs/cgroup (CVE-2019-16884, CVE-2025-52881). They lead nowhere outside the root, since
 * the kernel looks up inside it; the rules for what is inside:
 *
 * 1. /proc and /sys themselves are no links. What is asked for below one of them is looked up with that directory as root, so that only links of the
 *    kernel's own count (/sys/class/net/eth0), and none leads out of it.
 * 2. Anywhere else links are followed, but a path reaches a file system of the kernel's only without any: if config.json says so itself.
 * 3. What changes a mount that no entry of config.json has made follows no link at all.
 *
 * The descriptor that was judged is the one that is used.
 */
import { errnos } from '../../../spec/errno.js';
import { kernelFilesystems, OpenHow } from '../../../spec/kernel.js';
import type { Operation } from '../../../spec/operations/index.js';
import { normalise } from '../../../spec/paths.js';
import type { Action } from '../../program/action.js';
import { attempt, ignoring } from '../../program/control.js';
import {
  buffer,
  cell,
  label,
  type Operand,
  ref,
  type Slot,
  slot,
  slots,
  struct,
  text,
  u64,
} from '../../program/operand.js';
import {
  branch,
  call,
  failVerbatim,
  jump,
  type Line,
  load,
  move,
  type Outcome,
  type ResolveInput,
  resolve,
  subroutine,
  sys,
} from '../../program/step.js';
import { leadsAstray } from '../../report/operations/astray.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';

export interface Wanted extends Pick<ResolveInput, 'make' | 'sourceMode' | 'flags'> {
  readonly path: string;
  /** The last name may not be a link either. */
  readonly last?: 'NOFOLLOW';
  /** Open what holds the last name. */
  readonly parent?: true;
}

const homes = ['/proc', '/sys'] as const;
export type Home = (typeof homes)[number];

/** The kernel's own place that a path lies in, and the rest of the way; null for all others. */
export function homeOf(path: string): { readonly home: Home; readonly rest: string } | null {
  const whole = normalise(path);
  const home = homes.find(h => whole === h || whole.startsWith(`${h}/`));
  return home === undefined ? null : { home, rest: whole.slice(home.length + 1) };
}

/** openat2(2) inside the root, without a link on the way. */
function openWithoutLinks(launch: Launch, path: Operand, to: Slot, o: Outcome, flags = 0): Line {
  const { IN_ROOT, NO_MAGICLINKS, NO_SYMLINKS } = OpenHow;
  const { PATH, CLOEXEC } = launch.open;
  const members = [PATH | CLOEXEC | flags, 0, IN_ROOT | NO_MAGICLINKS | NO_SYMLINKS].map(u64);
  const how = struct('open_how', members, true);
  return sys('openat2', [launch.cells.rootFd, path, how, how.size], { ...o, to });
}

interface Guard {
  /** The descriptor, and the path by which it was reached. */
  readonly fd: Slot;
  readonly path: Slot;
  /** Offset and length. */
  readonly words: Slot;
  readonly check: ReturnType<typeof subroutine>;
  readonly strict: ReturnType<typeof subroutine>;
}

function createGuard(launch: Launch): Guard {
  const fd = slot('place_fd', -1);
  const path = slot('place_path');
  const words = slots('place_words', 2);
  const stat = buffer('place_statfs', 256);
  const kind = slot('place_filesystem');
  const [kernel, done] = [label('place_kernel'), label('place_good')];
  const without = (): readonly Line[] =>
    attempt(['ELOOP'], link => [openWithoutLinks(launch, ref(path), fd, link)], [
      failVerbatim(errnos.EPERM.number, ref(words), cell(words, 1)),
    ]);
  return {
    fd,
    path,
    words,
    check: subroutine('reach_kernel_without_links', [
      sys('fstatfs', [fd, stat]),
      load(kind, 'U64', stat),
      ...Object.values(kernelFilesystems).map(magic => branch(kind, 'EQ', magic, kernel)),
      jump(done),
      kernel,
      sys('close', [fd]),
      ...without(),
      done,
    ]),
    strict: subroutine('reach_without_links', without()),
  };
}

/** The way to all places of one root. `purpose`: what is done there, for words. */
export interface Places {
  /** Open the place of a mount or a device; what is missing is made, if `make` says so. `to`: two cells with `parent`. */
  open(wanted: Wanted, to: Slot, purpose: Operation): readonly Line[];
  /** Open a mount that is there, and that no entry of config.json has made: by no link. */
  openMount(path: string, to: Slot, purpose: Operation): readonly Line[];
  /** Judge what was opened by a path that lies in no home, in two parts for a subroutine that opens many: first the path by which it is opened, and what for. */
  say(path: string, purpose: Operation): readonly Line[];
  check(opened: Slot): readonly Line[];
}

export function createPlaces(launch: Launch): Places {
  const guard = createGuard(launch);
  const places: Places = {
    open: (wanted, to, purpose) => openPlace(launch, places, wanted, to, purpose),
    openMount: (path, to, purpose) => [
      ...say(guard, normalise(path), leadsAstray(purpose, 'elsewhere')),
      call(guard.strict),
      move(to, guard.fd),
    ],
    say: (path, purpose) => say(guard, path, leadsAstray(purpose, 'kernel')),
    check: opened => [move(guard.fd, opened), call(guard.check), move(opened, guard.fd)],
  };
  return places;
}

function say(guard: Guard, path: string, why: string): readonly Line[] {
  const words = text(why);
  return [move(guard.path, text(path)), move(guard.words, words), move(cell(guard.words, 1), words.size - 1)];
}

function openPlace(
  launch: Launch,
  places: Places,
  wanted: Wanted,
  to: Slot,
  purpose: Operation,
): readonly Line[] {
  const { open, cells } = launch;
  const { make = 'nothing', sourceMode = 0, flags = 0, last, parent } = wanted;
  const how = parent ? 'PARENT' : (last ?? 'FOLLOW');
  const path = normalise(wanted.path);
  const within = homeOf(path);
  if (within === null || (parent && within.rest === ''))
    return [
      resolve({ root: cells.rootFd, path: text(path), make, sourceMode, flags, how }, { to }),
      ...places.say(parent ? path.slice(0, path.lastIndexOf('/')) || '/' : path, purpose),
      ...places.check(to),
    ];
  if (within.rest === '')
    return [
      resolve({ root: cells.rootFd, path: text(path), make, sourceMode, flags, how: 'NOFOLLOW' }, { to }),
    ];
  const home = slot('home_fd');
  return [
    resolve(
      {
        root: cells.rootFd,
        path: text(within.home),
        make: make === 'nothing' ? 'nothing' : 'directories',
        how: 'NOFOLLOW',
        flags: open.PATH | open.DIRECTORY,
      },
      { to: home },
    ),
    resolve({ root: home, path: text(within.rest), make, sourceMode, flags, how }, { to }),
    sys('close', [home]),
  ];
}

export interface Homes {
  readonly open: readonly Action[];
  /** The directory in which a path is looked up, -1 if there is none, and the way from there. */
  of(path: string): { readonly root: Slot; readonly rest: string } | null;
}

/** /proc and /sys as they are when nothing is mounted any more, for the many paths below them that are covered. */
export function openHomes(launch: Launch, paths: readonly string[]): Homes {
  const { DIRECTORY } = launch.open;
  const used = new Map<Home, Slot>();
  for (const path of paths) {
    const within = homeOf(path);
    if (within && !used.has(within.home)) used.set(within.home, slot(`home_${within.home.slice(1)}`, -1));
  }
  return {
    open: [...used].map(([home, fd]) =>
      operation(
        { kind: 'open-kernel-directory', path: home, because: rule('what lies below is the kernel’s') },
        ignoring(['ENOENT', 'ENOTDIR'], none => [openWithoutLinks(launch, text(home), fd, none, DIRECTORY)]),
      ),
    ),
    of(path) {
      const within = homeOf(path);
      const root = within && used.get(within.home);
      return within && root ? { root, rest: within.rest || '.' } : null;
    },
  };
}
