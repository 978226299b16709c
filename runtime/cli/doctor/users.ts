/** What containers of users need: a user namespace, ranges of ids, a directory for their states. */
import { STATE_ROOT_SESSIONS } from '../../../spec/state-root.js';
import { type Host, programOf } from './host.js';
import { counted, fault, type Line, note, ok, quoted, some } from './line.js';
import type { Subject } from './subject.js';

/** A fault for whom it concerns; root needs none of it for itself. */
const forUsers = ({ isRoot }: Host) => (isRoot ? note : fault);

const numberIn = (host: Host, path: string): number | null => {
  const text = host.read(path)?.trim() ?? '';
  return /^\d+$/.test(text) ? Number(text) : null;
};

const setting = (name: string, value: number): string =>
  `echo ${name}=${value} >/etc/sysctl.d/60-chos-runtime.conf && sysctl --system`;

export function userNamespaces({ host }: Subject): readonly Line[] {
  const bad = forUsers(host);
  const lines: Line[] = [];
  if (host.facts.userNamespace !== null)
    lines.push(
      note(
        "this is a user namespace: what belongs to root of the host shows as nobody's, the registry too; ask outside of it",
      ),
    );
  if (numberIn(host, '/proc/sys/user/max_user_namespaces') === 0)
    lines.push(
      bad('the kernel makes none (user.max_user_namespaces=0)', setting('user.max_user_namespaces', 15_000)),
    );
  if (numberIn(host, '/proc/sys/kernel/unprivileged_userns_clone') === 0)
    lines.push(
      bad(
        'users may make none (kernel.unprivileged_userns_clone=0): no container of theirs starts',
        setting('kernel.unprivileged_userns_clone', 1),
      ),
    );
  if (numberIn(host, '/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === 1)
    lines.push(
      bad(
        'AppArmor leaves users no rights in theirs (kernel.apparmor_restrict_unprivileged_userns=1): no container of theirs starts',
        setting('kernel.apparmor_restrict_unprivileged_userns', 0),
      ),
    );
  return lines.length > 0 ? lines : [ok('users may make them')];
}

export function labels({ host }: Subject): readonly Line[] {
  const { apparmor, selinux } = host.facts.lsm;
  const on = [...(apparmor ? ['AppArmor'] : []), ...(selinux ? ['SELinux'] : [])];
  return on.length > 0
    ? [ok(`${on.join(' and ')} ${on.length > 1 ? 'are' : 'is'} on`)]
    : [ok('neither AppArmor nor SELinux is on: containers with a profile or label are refused')];
}

interface SubordinateRange {
  readonly user: string;
  readonly first: number;
  readonly count: number;
}

/** subuid(5): name or number, first, count. */
export function parseSubordinate(text: string): readonly SubordinateRange[] {
  return text.split('\n').flatMap(line => {
    const [, user, first, count] = /^([^:#\s][^:]*):(\d+):(\d+)\s*$/.exec(line) ?? [];
    return user === undefined ? [] : [{ user, first: Number(first), count: Number(count) }];
  });
}

/** Two users with the same ids can change each other's files. */
function overlapping(ranges: readonly SubordinateRange[]): readonly string[] {
  const sorted = [...ranges].sort((a, b) => a.first - b.first);
  let last = sorted[0];
  const found: string[] = [];
  for (const range of sorted.slice(1)) {
    if (last === undefined) break;
    const end = last.first + last.count;
    if (range.first < end && range.user !== last.user) found.push(`${last.user} and ${range.user}`);
    if (range.first + range.count > end) last = range;
  }
  return [...new Set(found)];
}

const ENOUGH = 65_536;

function ownRange(host: Host, file: string, ranges: readonly SubordinateRange[]): readonly Line[] {
  const { owner, euid } = host.facts;
  const own = ranges.filter(({ user }) => user === owner || user === String(euid));
  const count = own.reduce((sum, range) => sum + range.count, 0);
  if (count >= ENOUGH) return [];
  const kind = file.endsWith('uid') ? 'uids' : 'gids';
  const free = Math.max(100_000, ...ranges.map(range => range.first + range.count));
  return [
    note(
      count === 0
        ? `${file} has no line for ${owner}: containers of images with more than one user do not work`
        : `${file} gives ${owner} ${counted(count, 'id', 'ids')}: images may have others`,
      `usermod --add-sub${kind} ${free}-${free + ENOUGH - 1} ${quoted(owner)}`,
    ),
  ];
}

export function subordinateIds({ host }: Subject): readonly Line[] {
  const absent = ['newuidmap', 'newgidmap'].filter(name => programOf(host, name) === undefined);
  const lines: Line[] =
    absent.length === 0
      ? []
      : [
          note(
            `${absent.join(' and ')} ${absent.length > 1 ? 'are' : 'is'} not installed: users map no id but their own`,
            'apt-get install uidmap',
          ),
        ];
  const source = /^subid:\s*(.*)$/m.exec(host.read('/etc/nsswitch.conf') ?? '')?.[1]?.trim() ?? 'files';
  if (source !== 'files') return [...lines, note(`the ranges of users come from ${source}: not looked at`)];
  let users = 0;
  for (const file of ['/etc/subuid', '/etc/subgid']) {
    const ranges = parseSubordinate(host.read(file) ?? '');
    users = Math.max(users, new Set(ranges.map(({ user }) => user)).size);
    const shared = overlapping(ranges);
    if (shared.length > 0) lines.push(note(`${file} gives the same ids to ${some(shared)}`));
    if (host.facts.euid !== 0) lines.push(...ownRange(host, file, ranges));
  }
  if (users === 0 && host.facts.euid === 0)
    lines.push(
      note(
        '/etc/subuid has no line: users map no id but their own',
        'usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER',
      ),
    );
  return lines.length > 0 ? lines : [ok(`${counted(users, 'user has', 'users have')} a range`)];
}

export function states({ host, stateRoot }: Subject): readonly Line[] {
  if (stateRoot !== null) return [ok(stateRoot)];
  const { owner, euid } = host.facts;
  return [
    fault(
      `there is no directory for the states of containers: XDG_RUNTIME_DIR is not set, and ${STATE_ROOT_SESSIONS}/${euid} is not there; --root DIR names another`,
      `loginctl enable-linger ${quoted(owner)}`,
    ),
  ];
}
