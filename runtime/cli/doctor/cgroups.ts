/** Which limits can be set, and by whom. */
import type { CgroupFacts } from '../../../spec/host-facts.js';
import { fault, type Line, note, ok, some } from './line.js';
import type { Subject } from './subject.js';

/** Those that callers ask for; each kernel has others besides. */
const wanted = ['cpu', 'cpuset', 'io', 'memory', 'pids'];

/** What v1 calls otherwise. */
const older: Readonly<Record<string, string>> = { io: 'blkio' };

function controllersOf(facts: CgroupFacts): ReadonlySet<string> {
  const v1 = facts.layout === 'v1' || facts.layout === 'hybrid' ? facts.hierarchies : [];
  const v2 = facts.layout === 'v2' || facts.layout === 'hybrid' ? [facts.unified] : [];
  return new Set([...v1, ...v2].flatMap(({ controllers }) => controllers));
}

const has = (controllers: ReadonlySet<string>, name: string): boolean =>
  controllers.has(name) || controllers.has(older[name] ?? name);

/** Debian and others start without it where memory is short. */
function missing(names: readonly string[]): readonly Line[] {
  if (names.length === 0) return [];
  const mend = names.includes('memory')
    ? `sed -i 's/^GRUB_CMDLINE_LINUX="/&cgroup_enable=memory /' /etc/default/grub && update-grub`
    : null;
  return [
    note(
      `the kernel has no controller ${some(names)}: such limits are refused${mend === null ? '' : '; at the next boot there is one'}`,
      mend,
    ),
  ];
}

const words = { v1: 'version 1', hybrid: 'versions 1 and 2 (hybrid)', v2: 'version 2' } as const;

/** What a user has of them is what systemd hands on. */
function delegated({ host: { facts } }: Subject): readonly Line[] {
  const { withheld } = facts;
  if (withheld === null) return [];
  const names = wanted.filter(name => has(new Set(withheld.controllers), name));
  if (names.length === 0) return [];
  const mend =
    facts.cgroup.layout === 'v1' || withheld.all.layout !== 'v2'
      ? null
      : `mkdir -p /etc/systemd/system/user@.service.d && printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' >/etc/systemd/system/user@.service.d/delegate.conf && systemctl daemon-reload`;
  return [
    note(`not delegated to ${facts.owner}: ${some(names, 5)}; such limits are refused, pause too`, mend),
  ];
}

export function cgroups(subject: Subject): readonly Line[] {
  const { facts } = subject.host;
  const all = facts.withheld?.all ?? facts.cgroup;
  if (facts.withheld === null && all.layout === 'none')
    return [
      fault(
        'no hierarchy is mounted: no limit can be set, and no container be paused',
        'mount -t cgroup2 cgroup2 /sys/fs/cgroup',
      ),
    ];
  const seen = all.layout === 'none' ? facts.cgroup : all;
  const controllers = new Set([
    ...controllersOf(facts.cgroup),
    ...controllersOf(all),
    ...(facts.withheld?.controllers ?? []),
  ]);
  const lines = [...missing(wanted.filter(name => !has(controllers, name))), ...delegated(subject)];
  if (seen.layout === 'none') return lines.length > 0 ? lines : [note('none that this user may look at')];
  return [ok(words[seen.layout]), ...lines];
}
