/** What the cases of logins by pam_chos have in common: accounts, services of PAM and an sshd of their own, on the overlay of /etc. */
import * as assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { base, home, makeTree, registry, runtime } from './machine.js';

const build = dirname(runtime);
export const pamModule = `${build}/pam_chos.so`;
export const users = { ann: 1001, bob: 1002 } as const;
export type User = keyof typeof users;
export const homeOf = (user: User): string => `${home}/${user}`;
/** They may have a tree in which there is no other group than root's. */
export const GROUP = 5000;

/** Why they cannot be run; undefined: they can. */
export function whyNoLogins(): string | undefined {
  const programs = ['/usr/sbin/sshd', '/usr/bin/pamtester', '/usr/bin/su'];
  const missing = [...programs, pamModule].find(file => !existsSync(file));
  return missing === undefined ? undefined : `no ${missing}`;
}

/** Session lines of a service, the module's own with these options. */
export function service(name: string, options: string, before = '', auth = ''): void {
  const lines = [
    'auth sufficient pam_permit.so',
    'account required pam_permit.so',
    before,
    `session required ${pamModule} ${options}`,
  ];
  writeFileSync(`/etc/pam.d/${name}`, `${auth}\n${lines.join('\n')}\n`);
}

const addLine = (file: string, line: string): void => {
  const name = line.slice(0, line.indexOf(':') + 1);
  if (
    !readFileSync(file, 'utf8')
      .split('\n')
      .some(one => one.startsWith(name))
  )
    appendFileSync(file, `${line}\n`);
};

export const sshd = `${base}/sshd`;

export function makeAccounts(): void {
  addLine('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh');
  addLine('/etc/passwd', 'sshd:x:120:65534::/run/sshd:/usr/sbin/nologin');
  mkdirSync('/run/sshd', { recursive: true });
  mkdirSync(sshd, { recursive: true, mode: 0o700 });
  const key = (name: string) =>
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', `${sshd}/${name}`]);
  key('host');
  key('user');
  for (const [user, uid] of Object.entries(users) as [User, number][]) {
    addLine('/etc/passwd', `${user}:x:${uid}:${uid}::${homeOf(user)}:/bin/sh`);
    addLine('/etc/shadow', `${user}:*:19000:0:99999:7:::`);
    mkdirSync(`${homeOf(user)}/.ssh`, { recursive: true });
    copyFileSync(`${sshd}/user.pub`, `${homeOf(user)}/.ssh/authorized_keys`);
    for (const path of ['', '/.ssh', '/.ssh/authorized_keys']) chownSync(homeOf(user) + path, uid, uid);
    copyFileSync(`${build}/chos`, `${homeOf(user)}/chos`);
  }
  addLine('/etc/group', `physics:x:${GROUP}:ann,bob`);
  const lines = ['UsePAM yes', 'PidFile none', 'LogLevel ERROR', 'StrictModes no', `HostKey ${sshd}/host`];
  writeFileSync(`${sshd}/config`, `${lines.join('\n')}\n`);
  const tree = makeTree('login');
  for (const tool of ['tty', 'stty']) symlinkSync('busybox', `${tree}/bin/${tool}`);
}

/** `null`: there is none. */
export function choose(user: User, text: string | null): void {
  const file = `${homeOf(user)}/.chos`;
  rmSync(file, { recursive: true, force: true });
  if (text === null) return;
  writeFileSync(file, text);
  chownSync(file, users[user], users[user]);
}

const run = (file: string, args: readonly string[], input = ''): SpawnSyncReturns<string> =>
  spawnSync(file, args, {
    encoding: 'utf8',
    cwd: '/',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    input,
    timeout: 20_000,
  });

/** By su(1), with the service `su`. */
export const su = (user: string, script: string): SpawnSyncReturns<string> => run('su', [user, '-c', script]);

export const pamtester = (
  name: string,
  user: string,
  ...calls: readonly string[]
): SpawnSyncReturns<string> => run('pamtester', [name, user, ...calls]);

/** An sshd of its own, without a port. */
export const sshCommand = (user: User, ...args: readonly string[]): readonly string[] => [
  '-F',
  'none',
  '-i',
  `${sshd}/user`,
  '-oStrictHostKeyChecking=no',
  '-oUserKnownHostsFile=/dev/null',
  '-oLogLevel=ERROR',
  `-oProxyCommand=/usr/sbin/sshd -i -f ${sshd}/config`,
  ...args.slice(0, -1),
  `${user}@machine`,
  ...args.slice(-1),
];
export const ssh = (user: User, ...args: readonly string[]): SpawnSyncReturns<string> =>
  run('ssh', sshCommand(user, ...args));

/** Programs of logins that are still at work. Those that have ended process 1 would take away, which here is this program. */
const left = (): readonly string[] =>
  readdirSync('/proc').filter(pid => {
    try {
      return /^\d+$/.test(pid) && /^\d+ \(chos-login\) [^Z]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return false;
    }
  });

/** One that was killed has closed its pipes a moment before it has ended. */
export function insistOnNoneLeft(): void {
  const end = Date.now() + 1000;
  while (left().length > 0) assert.ok(Date.now() < end, `left: ${left()}`);
}

/** Trees for logins: one, and one that only a login enters. */
export const loginRegistry = {
  ...registry,
  trees: {
    ...registry.trees,
    login: { path: `${base}/login`, backEnd: 'pinned', environment: { set: ['EDITOR=vi'], unset: ['GONE'] } },
  },
};
