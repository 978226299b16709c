/** A Slurm of one node in a directory of our own: controller, node daemon and munge, on a network that nobody else sees. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Finished, launch, type Running } from '../harness/processes.js';
import { makeTrees } from './trees.js';

/** Who submits jobs: root, and a user without privileges. */
export const userNames = ['root', 'alice'] as const;
export type UserName = (typeof userNames)[number];

/** Slurm starts a container by one command, or by `create` and `start`. */
export type Pattern = 'run' | 'create and start';

export interface User {
  readonly name: UserName;
  /** Where the runtime keeps the state of this user's containers. */
  readonly root: string;
  /** The directory for --container. */
  readonly bundle: string;
  call(...argv: readonly string[]): Promise<Finished>;
  begin(...argv: readonly string[]): Running;
}

export interface Slurm {
  readonly dir: string;
  readonly runtime: string;
  readonly users: Readonly<Record<UserName, User>>;
  /** Slurm reads its oci.conf anew for each step. */
  startBy(pattern: Pattern): void;
  /** Words behind the plugin's path; read anew for each job, too. */
  plugBy(words: string): void;
}

const uids: Readonly<Record<UserName, number>> = { root: 0, alice: 1000 };
/** Begins the names of both nodes. */
export const node = 'chosnode';
const nodes = [1, 2].map(index => ({ name: `${node}${index}`, port: 17_000 + index }));
export const cpus = 100;
/** A kind of generic resource, and its device inside. */
export const gres = 'gpu';
export const gresDevice = '/dev/gpu0';

function configText(dir: string): string {
  const lines = [
    'ClusterName=chos',
    `SlurmctldHost=${node}1`,
    'AuthType=auth/munge',
    'SlurmUser=root',
    'SlurmdUser=root',
    `StateSaveLocation=${dir}/controller`,
    `SlurmdSpoolDir=${dir}/spool-%n`,
    `SlurmctldPidFile=${dir}/slurmctld.pid`,
    `SlurmdPidFile=${dir}/slurmd-%n.pid`,
    `SlurmctldLogFile=${dir}/slurmctld.log`,
    `SlurmdLogFile=${dir}/slurmd-%n.log`,
    // Slurm's own cgroups need a delegated v2 tree or all v1 controllers; the containers' are the runtime's.
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'MpiDefault=none',
    'ReturnToService=2',
    'SelectType=select/cons_tres',
    // What has parts waits for the scheduler's next round.
    'SchedulerParameters=bf_interval=1',
    // With memory in it, a job without --mem would have the node for itself.
    'SelectTypeParameters=CR_CPU',
    `GresTypes=${gres}`,
    // As many as there are tasks at once, whatever the host has.
    'SlurmdParameters=config_overrides',
    ...nodes.map(
      ({ name, port }) =>
        `NodeName=${name} NodeAddr=127.0.0.1 Port=${port} CPUs=${cpus} Gres=${gres}:1 State=UNKNOWN`,
    ),
    `PartitionName=all Nodes=${nodes.map(({ name }) => name).join()} Default=YES State=UP`,
  ];
  return `${lines.join('\n')}\n`;
}

/** The patterns that Slurm documents for crun, with our command in its place (docs/slurm.md). */
function containerText(runtime: string, how: Pattern): string {
  const pattern = (name: string, words: string, to = ''): string =>
    `RunTime${name}="exec ${runtime} --rootless=true --root=/run/user/$(id -u)/ ${words} %n.%u.%j.%s.%t${to}"\n`;
  return [
    pattern('Query', 'state'),
    pattern('Kill', 'kill -a'),
    pattern('Delete', 'delete --force'),
    ...(how === 'run'
      ? [pattern('Run', 'run --bundle %b')]
      : [
          // Slurm reads what `create` prints to its end, and the container has that too: it gets a file.
          pattern('Create', 'create --bundle %b', ' >>/run/user/$(id -u)/%j.%s.%t.out 2>&1'),
          pattern('Start', 'start'),
        ]),
  ].join('');
}

/** As that user writes it. */
function makeBundle(bundle: string, runtime: string, uid: number): string {
  for (const name of ['bin', 'dev', 'proc', 'sys', 'tmp', 'etc'])
    mkdirSync(join(bundle, 'rootfs', name), { recursive: true });
  copyFileSync('/bin/busybox', join(bundle, 'rootfs/bin/busybox'));
  for (const applet of ['sh', 'echo', 'cat', 'sleep', 'head', 'wc'])
    symlinkSync('busybox', join(bundle, 'rootfs/bin', applet));
  chownSync(bundle, uid, uid);
  execFileSync(runtime, uid === 0 ? ['spec'] : ['spec', '--rootless'], { cwd: bundle, uid, gid: uid });
  addDevice(join(bundle, 'config.json'), join(bundle, '../../gpu0'));
  execFileSync('chown', ['-R', `${uid}:${uid}`, bundle]);
  return bundle;
}

/** The node of the generic resource: for Slurm it is the bundle's to have it. A /dev/zero stands in for it. */
function addDevice(file: string, node: string): void {
  const config = JSON.parse(readFileSync(file, 'utf8'));
  config.mounts.push({ destination: gresDevice, type: 'none', source: node, options: ['bind'] });
  writeFileSync(file, JSON.stringify(config));
}

/** The host's accounts, with ours in the place of whoever has its number. */
function makeAccounts(dir: string): void {
  for (const [file, line] of [
    ['passwd', `alice:x:${uids.alice}:${uids.alice}::/tmp:/bin/sh`],
    ['group', `alice:x:${uids.alice}:`],
  ] as const) {
    const kept = readFileSync(`/etc/${file}`, 'utf8')
      .split('\n')
      .filter(entry => entry !== '' && entry.split(':')[2] !== String(uids.alice));
    writeFileSync(join(dir, file), `${[...kept, line].join('\n')}\n`);
    execFileSync('mount', ['--bind', join(dir, file), `/etc/${file}`]);
  }
}

/** munged insists on a key and directories of its own user. */
async function startMunge(dir: string): Promise<void> {
  const [uid = 0, gid = 0] = ['-u', '-g'].map(flag =>
    Number(execFileSync('id', [flag, 'munge'], { encoding: 'utf8' })),
  );
  const place = '/run/munge';
  mkdirSync(place, { mode: 0o755 });
  const key = join(place, 'key');
  writeFileSync(key, randomBytes(1024), { mode: 0o400 });
  for (const path of [place, key]) chownSync(path, uid, gid);
  const files = [
    `--key-file=${key}`,
    `--log-file=${place}/log`,
    `--pid-file=${place}/pid`,
    `--seed-file=${place}/seed`,
  ];
  const as = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const { code, stderr } = await launch([...as, 'munged', '--force', ...files], dir).done;
  if (code !== 0) throw new Error(`munged: ${stderr}`);
}

/** Mount, network, host name and pid namespace must be our own. */
export async function startSlurm(dir: string, runtime: string): Promise<Slurm> {
  chmodSync(dir, 0o755);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run']);
  makeTrees(dir, runtime);
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  // Slurm asks getaddrinfo(3) for addresses of the kinds that the host has, and 127.0.0.1 alone does not count.
  execFileSync('ip', ['address', 'add', '10.9.9.9/32', 'dev', 'lo']);
  const names = nodes.map(({ name }) => name);
  execFileSync('hostname', names.slice(0, 1));
  writeFileSync(join(dir, 'hosts'), `127.0.0.1 ${names.join(' ')} localhost\n`);
  execFileSync('mount', ['--bind', join(dir, 'hosts'), '/etc/hosts']);
  makeAccounts(dir);
  for (const name of ['controller', 'etc', ...names.map(name => `spool-${name}`)]) mkdirSync(join(dir, name));
  const config = join(dir, 'etc/slurm.conf');
  writeFileSync(config, configText(dir));
  const device = join(dir, 'gpu0');
  execFileSync('mknod', ['-m', '666', device, 'c', '1', '5']);
  writeFileSync(join(dir, 'etc/gres.conf'), `Name=${gres} File=${device}\n`);
  const startBy = (pattern: Pattern): void =>
    writeFileSync(join(dir, 'etc/oci.conf'), containerText(runtime, pattern));
  startBy('run');
  const plugBy = (words: string): void =>
    writeFileSync(
      join(dir, 'etc/plugstack.conf'),
      `required ${join(dirname(runtime), 'spank_chos.so')} ${words}\n`,
    );
  plugBy('');
  await startMunge(dir);
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SLURM_CONF: config };
  const daemons = [
    ['slurmctld', '-D'],
    // Debian's slurmd knows its node by the name of the host.
    ...names.map(name => ['unshare', '--uts', 'sh', '-c', `hostname ${name} && exec slurmd -D`]),
  ].map(argv => launch(argv, dir, { env, deadlineMs: 900_000 }));
  const begin = (...argv: readonly string[]): Running => launch(argv, dir, { env, deadlineMs: 30_000 });
  const began = performance.now();
  while ((await begin('sinfo', '-h', '-o', '%D %T').done).stdout !== `${nodes.length} idle\n`) {
    if (performance.now() - began < 120_000) continue;
    for (const daemon of daemons) daemon.kill('SIGKILL');
    const said = await Promise.all(daemons.map(daemon => daemon.done));
    throw new Error(`no Slurm: ${said.map(({ stderr }) => stderr).join('\n')}`);
  }
  const user = (name: UserName): User => {
    const uid = uids[name];
    const root = `/run/user/${uid}`;
    mkdirSync('/run/user', { recursive: true });
    mkdirSync(root, { mode: 0o700 });
    chownSync(root, uid, uid);
    const home = join(dir, name);
    const bundle = makeBundle(join(home, 'bundle'), runtime, uid);
    chownSync(home, uid, uid);
    const as = uid === 0 ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    const beginAs = (...argv: readonly string[]): Running =>
      launch([...as, ...argv], dir, { env, deadlineMs: 300_000 });
    return { name, root, bundle, begin: beginAs, call: (...argv) => beginAs(...argv).done };
  };
  return { dir, runtime, users: { root: user('root'), alice: user('alice') }, startBy, plugBy };
}
