/** Machines that tests make up: files in a directory, and what has been gathered of them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Answer } from '../../../host/answers.js';
import { parseMountFacts } from '../../../trees/mount-facts.js';
import { readRegistry } from '../../../trees/read-registry.js';
import { noTrees } from '../../../trees/registry.js';
import { type Caller, type Host, hostOf } from '../host.js';
import type { Line } from '../line.js';
import type { Subject } from '../subject.js';

const base = mkdtempSync(join(tmpdir(), 'chos-doctor-'));
let count = 0;

export const forget = (): void => rmSync(base, { recursive: true, force: true });

/** A text, or a program. */
export type Files = Readonly<Record<string, string | { readonly program: string }>>;

export function directoryWith(files: Files): string {
  const prefix = join(base, String(++count));
  mkdirSync(prefix);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(prefix + path), { recursive: true });
    const isProgram = typeof content !== 'string';
    writeFileSync(prefix + path, isProgram ? content.program : content, { mode: isProgram ? 0o755 : 0o644 });
  }
  return prefix;
}

export const program = { program: '#!/bin/sh\n' };

/** A machine on which nothing is wrong, seen by root. */
const healthy: Files = {
  '/proc/sys/kernel/osrelease': '6.12.5-amd64\n',
  '/proc/self/status': 'CapPrm:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\n',
  '/proc/self/cgroup': '0::/user.slice/app.scope\n',
  '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory pids\n',
  '/sys/fs/cgroup/user.slice/cgroup.procs': '',
  '/sys/fs/cgroup/user.slice/app.scope/cgroup.procs': '',
  '/sys/fs/cgroup/user.slice/cgroup.controllers': 'cpuset cpu io memory pids\n',
  '/usr/bin/newuidmap': program,
  '/usr/bin/newgidmap': program,
  '/etc/subuid': 'ann:100000:65536\n',
  '/etc/subgid': 'ann:100000:65536\n',
};

const CGROUP2 = 0x63677270;

export type Who = Partial<Omit<Caller, 'variable'>> & {
  readonly variables?: Readonly<Record<string, string>>;
};

export function hostWith(files: Files = {}, { variables = {}, ...who }: Who = {}): Host {
  return hostOf({
    prefix: directoryWith({ ...healthy, ...files }),
    euid: 0,
    owner: 'root',
    variable: name => variables[name] ?? null,
    magicOf: path => (path.startsWith('/sys/fs/cgroup') ? CGROUP2 : null),
    writable: () => false,
    ...who,
  });
}

export const ann: Who = { euid: 1000, owner: 'ann' };

export const MOUNTS = [
  '20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
  '30 20 0:40 / /home rw,relatime shared:2 - nfs4 filer1:/home rw',
  '31 20 0:41 / /scratch rw,relatime - nfs4 filer2:/scratch rw',
].join('\n');

/** A registry of root's, of files of /etc. The files belong to whoever runs the tests: root. */
export function registryOf(
  files: Readonly<Record<string, unknown>>,
): Pick<Subject, 'registry' | 'noRegistry'> {
  const texts = Object.entries(files).map(([name, content]) => [
    `/etc/chos.d/${name}`,
    typeof content === 'string' ? content : JSON.stringify(content),
  ]);
  const read = readRegistry(directoryWith(Object.fromEntries(texts)));
  return read.kind === 'registry'
    ? { registry: read.registry, noRegistry: null }
    : { registry: noTrees, noRegistry: read };
}

export const answers = (
  given: Readonly<Record<string, Answer['kind']>>,
  milliseconds = 1,
): ReadonlyMap<string, Answer> =>
  new Map(
    Object.entries(given).map(([path, kind]): [string, Answer] => [
      path,
      kind === 'answered'
        ? { kind, milliseconds, type: 0x6969 }
        : kind === 'failed'
          ? { kind, code: 'ESTALE' }
          : { kind },
    ]),
  );

export function subjectWith(given: Partial<Subject> = {}): Subject {
  const { mountinfo = MOUNTS } = given;
  return {
    host: given.host ?? hostWith(),
    registry: noTrees,
    noRegistry: null,
    kernel: { kind: 'absent' },
    mounts: parseMountFacts(mountinfo),
    answers: new Map(),
    generations: [],
    recorded: { kind: 'absent' },
    unreadable: [],
    hooks: { files: [], unreadable: [] },
    atHome: true,
    stateRoot: '/run/chos-runtime',
    checkTree: () => ({ findings: [], system: null }),
    lookAtSkeleton: () => null,
    ...given,
    mountinfo,
  };
}

/** "fault: /scratch ... | mend" */
export function told(lines: readonly Line[]): readonly string[] {
  return lines.map(({ result, what, mend }) => `${result}: ${what}${mend === null ? '' : ` | ${mend}`}`);
}
