/** Which systemd a caller's scopes belong to: the machine's for root, else the user's own. Whether it is there is found out when it is asked. */
import type { HostFacts } from '../../spec/host-facts.js';
import {
  type ManagerSocket,
  SOCKET_PATH_LIMIT,
  type SystemdInstance,
  systemInstance,
} from '../../spec/systemd.js';
import { parseCgroupLines } from './facts-text.js';

/** What is looked at, so that a test can put another machine in its place. */
export interface SystemdSources {
  readonly euid: number;
  readonly read: (path: string) => string | null;
  /** Null: not set, or empty. */
  readonly variable: (name: string) => string | null;
}

/** Of a D-Bus address the sockets that can be connected to here ("Server Addresses"): unix:path=... and unix:abstract=... */
export function socketsOf(address: string): readonly ManagerSocket[] {
  return address.split(';').flatMap((one): readonly ManagerSocket[] => {
    const [, transport, keys = ''] = /^([^:]*):(.*)$/.exec(one) ?? [];
    if (transport !== 'unix') return [];
    for (const key of keys.split(',')) {
      const [, name, value = ''] = /^(path|abstract)=(.*)$/.exec(key) ?? [];
      if (name === undefined) continue;
      const path = value.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      return [{ path: name === 'abstract' ? `\0${path}` : path, kind: 'bus' }];
    }
    return [];
  });
}

/** The uid outside of the caller's user namespace (user_namespaces(7)), and whether there is one. */
function outside(map: string, euid: number): { readonly uid: number; readonly inNamespace: boolean } {
  const lines = map.split('\n').map(line => line.trim().split(/\s+/).map(Number));
  const all = lines[0]?.[0] === 0 && lines[0][1] === 0 && lines[0][2] === 0xffffffff;
  for (const [inside = -1, first = 0, count = 0] of lines)
    if (euid >= inside && euid < inside + count) return { uid: first + euid - inside, inNamespace: !all };
  return { uid: euid, inNamespace: !all && lines.length > 1 };
}

/** The path of a line of /proc/PID/cgroup: that of v2, or of systemd's own hierarchy. */
function pathIn(text: string): string | null {
  const lines = parseCgroupLines(text);
  const named = lines.find(({ controllers }) => controllers.includes('name=systemd'));
  return (named ?? lines.find(({ hierarchy }) => hierarchy === 0))?.path ?? null;
}

/** Process 1 is in `init.scope` below it. */
function systemsCgroup(read: SystemdSources['read']): string {
  const path = pathIn(read('/proc/1/cgroup') ?? '') ?? '/';
  return path.endsWith('/init.scope') ? path.slice(0, -'/init.scope'.length) || '/' : '/';
}

function usersCgroup(read: SystemdSources['read'], uid: number): string {
  const own = pathIn(read('/proc/self/cgroup') ?? '') ?? '';
  const service = `/user@${uid}.service`;
  const at = `${own}/`.indexOf(`${service}/`);
  return at >= 0 ? own.slice(0, at + service.length) : `/user.slice/user-${uid}.slice${service}`;
}

const fits = ({ path }: ManagerSocket): boolean =>
  path !== '' &&
  path !== '\0' &&
  !path.slice(1).includes('\0') &&
  Buffer.byteLength(path) <= SOCKET_PATH_LIMIT;

/** What a variable names; `passedOver`: it was to, and does not. */
function named<N extends NonNullable<SystemdInstance['passedOver']>>(
  name: N,
  variable: SystemdSources['variable'],
): { readonly given: readonly ManagerSocket[] | null; readonly passedOver: N | null } {
  const address = variable(name);
  if (address === null) return { given: null, passedOver: null };
  const given = socketsOf(address).filter(fits);
  return { given, passedOver: given.length === 0 ? name : null };
}

export function probeSystemd({ euid, read, variable }: SystemdSources): SystemdInstance {
  const { uid, inNamespace } = outside(read('/proc/self/uid_map') ?? '', euid);
  if (euid === 0 && !inNamespace) {
    const { given, passedOver } = named('DBUS_SYSTEM_BUS_ADDRESS', variable);
    const sockets = given ?? systemInstance.sockets;
    return { scope: 'system', sockets, passedOver, cgroup: systemsCgroup(read) };
  }
  const directory = variable('XDG_RUNTIME_DIR') ?? `/run/user/${uid}`;
  const { given, passedOver } = named('DBUS_SESSION_BUS_ADDRESS', variable);
  const buses = [...(given ?? []), { path: `${directory}/bus`, kind: 'bus' } as const];
  const sockets: readonly ManagerSocket[] = [
    { path: `${directory}/systemd/private`, kind: 'direct' },
    ...buses,
  ];
  return {
    scope: 'user',
    sockets: sockets.filter(
      (one, i) => fits(one) && sockets.findIndex(({ path }) => path === one.path) === i,
    ),
    passedOver,
    cgroup: usersCgroup(read, uid),
  };
}

/** Facts for scopes of that systemd: what controllers it has, it can give. */
export function delegatedBy(
  { scope, cgroup }: SystemdInstance,
  facts: HostFacts,
  read: SystemdSources['read'],
): HostFacts {
  if (scope === 'system' || facts.cgroup.layout !== 'v2') return facts;
  const { unified } = facts.cgroup;
  const listed = (read(`${unified.mount}${cgroup}/cgroup.controllers`) ?? '').split(/\s+/).filter(Boolean);
  return {
    ...facts,
    cgroup: { layout: 'v2', unified: { ...unified, controllers: listed } },
    withheld: {
      controllers: unified.controllers.filter(name => !listed.includes(name)),
      all: facts.cgroup,
    },
  };
}
