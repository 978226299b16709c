/** Shares of the registry: whether they answer, whether what is mounted below them later shows up inside, and who mounts on demand. */
import type { MountFact } from '../../../spec/environment.js';
import type { Answer } from '../../host/answers.js';
import { errnoText } from '../../report/errno-text.js';
import { isWithin, mountOf } from '../../trees/mount-facts.js';
import type { RegisteredShare } from '../../trees/registry.js';
import { sourcesAt } from '../../trees/skeleton-place.js';
import { counted, fault, type Line, note, ok, quoted, some } from './line.js';
import { type Subject, silentPaths } from './subject.js';

/** Slower is felt by everybody who works there. */
const SLOW_MS = 1000;
/** What asks (runtime/host/answers.ts) gives up then. */
const DEADLINE_MS = 3000;

/** "nfs4 filer1:/home on /home" */
function placeOf(path: string, { mounts, mountinfo }: Subject): string {
  const mount = mountOf(path, mounts);
  if (mount === undefined) return path;
  const source = sourcesAt(mountinfo, mount.point).at(-1) ?? '?';
  return `${path} (${mount.type} ${source} on ${mount.point})`;
}

/** Never the root: what does not answer may be behind a link. */
function letGo(path: string, { mounts }: Subject): string | null {
  const mount = mountOf(path, mounts);
  if (mount === undefined || mount.point === '/') return null;
  return mount.type === 'autofs' ? 'systemctl restart autofs' : `umount -f -l ${quoted(mount.point)}`;
}

function silent(path: string, subject: Subject): Line {
  return fault(
    `${placeOf(path, subject)} did not answer within ${DEADLINE_MS} ms: whoever goes there waits for its server`,
    letGo(path, subject),
  );
}

function answered(path: string, answer: Answer | undefined, subject: Subject): readonly Line[] {
  switch (answer?.kind) {
    case 'silent':
      return [silent(path, subject)];
    case 'unasked':
      return [note(`${path} was not asked: no process could be had for it`)];
    case 'answered':
      return answer.milliseconds >= SLOW_MS
        ? [note(`${placeOf(path, subject)} took ${answer.milliseconds} ms to answer`)]
        : [];
    default:
      return [];
  }
}

/** What is there, and does not work; what is missing without being optional keeps a tree from starting. */
function failing({ path, optional }: RegisteredShare, subject: Subject): readonly Line[] {
  const answer = subject.answers.get(path);
  if (answer?.kind !== 'failed') return answered(path, answer, subject);
  if (answer.code === 'ENOENT')
    return optional ? [note(`${path} is not there, and left out, because it is optional`)] : [];
  return [fault(`${placeOf(path, subject)}: ${errnoText(answer.code)}`, letGo(path, subject))];
}

/** All that was asked, shares first. */
export function shares(subject: Subject): readonly Line[] {
  const { registry, answers } = subject;
  const own = new Set(registry.shares.map(share => share.path));
  const others = [...answers].filter(([path]) => !own.has(path));
  const lines = [
    ...registry.shares.flatMap(share => failing(share, subject)),
    ...others.flatMap(([path, answer]) => (answer.kind === 'failed' ? [] : answered(path, answer, subject))),
  ];
  if (lines.length > 0) return lines;
  const count = registry.shares.length;
  return [ok(count === 0 ? 'none is registered' : `${counted(count, 'share answers', 'shares answer')}`)];
}

const isShared = (mount: MountFact | undefined): boolean => (mount?.peerGroup ?? 0) > 0;

export function propagation(subject: Subject): readonly Line[] {
  const { registry, mounts, atHome } = subject;
  const lines: Line[] = [];
  if (atHome === false)
    lines.push(
      note(
        'this is not the mount namespace of process 1: what is started here uses nothing that was prepared',
      ),
    );
  const root = mountOf('/', mounts);
  if (!isShared(root))
    lines.push(note('/ is not shared: what is mounted later shows up in no tree', 'mount --make-rshared /'));
  const dead = new Set(silentPaths(subject));
  const closed = registry.shares
    .filter(share => !share.readonly && !dead.has(share.path))
    .map(share => mountOf(share.path, mounts))
    .filter(mount => mount !== undefined && mount.point !== '/' && !isShared(mount));
  for (const point of new Set(closed.map(mount => mount?.point ?? '/')))
    lines.push(
      note(
        `${point} is not shared: what is mounted below it later shows up in no tree`,
        `mount --make-shared ${quoted(point)}`,
      ),
    );
  return lines.length > 0 ? lines : [ok('what is mounted below shares later shows up in trees')];
}

interface Automount {
  readonly point: string;
  /** The process group of the daemon; null: it is not said, or not of this pid namespace. */
  readonly group: number | null;
  /** Nobody listens: the daemon ended, or gave up. */
  readonly abandoned: boolean;
}

/** The super options of its lines in mountinfo (fs/autofs/inode.c, autofs_show_options). */
export function parseAutomounts(mountinfo: string): readonly Automount[] {
  return mountinfo.split('\n').flatMap(line => {
    const [left = '', right = ''] = line.split(' - ');
    if (!right.startsWith('autofs ')) return [];
    const options = right.split(' ').slice(2).join(' ').split(',');
    const value = (name: string): string | undefined =>
      options.find(option => option.startsWith(`${name}=`))?.slice(name.length + 1);
    const group = Number(value('pgrp') ?? 0);
    return [
      {
        point: (left.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
          String.fromCharCode(Number.parseInt(octal, 8)),
        ),
        group: group > 0 ? group : null,
        abandoned: value('fd') === '-1',
      },
    ];
  });
}

export function automounts(subject: Subject): readonly Line[] {
  const { host, registry, mountinfo } = subject;
  const all = parseAutomounts(mountinfo);
  if (all.length === 0) return [ok('nothing is mounted on demand')];
  // By the option hidepid of proc, users may see no process but their own.
  const isSeen = host.stat('/proc/1') !== null;
  const lost = all.filter(
    ({ group, abandoned }) => abandoned || (isSeen && group !== null && host.stat(`/proc/${group}`) === null),
  );
  const sealed = all.filter(({ point }) =>
    registry.shares.some(({ path, readonly }) => readonly && isWithin(point, path)),
  );
  const lines = [
    ...(lost.length === 0
      ? []
      : [
          fault(
            `nobody mounts on demand below ${some(lost.map(({ point }) => point))}: the daemon has ended`,
            'systemctl restart autofs',
          ),
        ]),
    ...sealed.map(({ point }) =>
      note(
        `${point} is below a share that is read-only: inside nothing is mounted there on demand; register what it mounts as a share`,
      ),
    ),
  ];
  return lines.length > 0 ? lines : [ok(`${counted(all.length, 'point', 'points')} of autofs`)];
}
