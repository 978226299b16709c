/** A Slurm of one node in a directory of our own: controller, node daemon and munge, on a network that nobody else sees. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, launch, type Running } from '../harness/processes.js';

export interface Slurm {
  readonly dir: string;
  readonly root: string;
  /** The directory for --container. */
  readonly bundle: string;
  call(...argv: readonly string[]): Promise<Finished>;
  begin(...argv: readonly string[]): Running;
}

const node = 'chosnode';

function configText(dir: string): string {
  const lines = [
    'ClusterName=chos',
    `SlurmctldHost=${node}`,
    'AuthType=auth/munge',
    'SlurmUser=root',
    'SlurmdUser=root',
    `StateSaveLocation=${dir}/controller`,
    `SlurmdSpoolDir=${dir}/spool`,
    `SlurmctldPidFile=${dir}/slurmctld.pid`,
    `SlurmdPidFile=${dir}/slurmd.pid`,
    `SlurmctldLogFile=${dir}/slurmctld.log`,
    `SlurmdLogFile=${dir}/slurmd.log`,
    // Slurm's own cgroups need a delegated v2 tree or all v1 controllers; the containers' are the runtime's.
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'MpiDefault=none',
    'ReturnToService=2',
    'SelectType=select/cons_tres',
    `NodeName=${node} CPUs=1 State=UNKNOWN`,
    `PartitionName=all Nodes=${node} Default=YES State=UP`,
  ];
  return `${lines.join('\n')}\n`;
}

/** The patterns that Slurm documents for crun, with our command in its place (docs/compatibility.md). */
function containerText(runtime: string, root: string): string {
  const pattern = (name: string, words: string): string =>
    `RunTime${name}="exec ${runtime} --rootless=true --root=${root} ${words} %n.%u.%j.%s.%t"\n`;
  return [
    pattern('Query', 'state'),
    pattern('Kill', 'kill -a'),
    pattern('Delete', 'delete --force'),
    pattern('Run', 'run --bundle %b'),
  ].join('');
}

function makeBundle(dir: string, runtime: string): string {
  const bundle = join(dir, 'bundle');
  for (const name of ['bin', 'dev', 'proc', 'sys', 'tmp', 'etc'])
    mkdirSync(join(bundle, 'rootfs', name), { recursive: true });
  copyFileSync('/bin/busybox', join(bundle, 'rootfs/bin/busybox'));
  for (const applet of ['sh', 'echo', 'cat', 'sleep'])
    symlinkSync('busybox', join(bundle, 'rootfs/bin', applet));
  execFileSync(runtime, ['spec'], { cwd: bundle });
  return bundle;
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
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  // Slurm asks getaddrinfo(3) for addresses of the kinds that the host has, and 127.0.0.1 alone does not count.
  execFileSync('ip', ['address', 'add', '10.9.9.9/32', 'dev', 'lo']);
  execFileSync('hostname', [node]);
  writeFileSync(join(dir, 'hosts'), `127.0.0.1 ${node} localhost\n`);
  execFileSync('mount', ['--bind', join(dir, 'hosts'), '/etc/hosts']);
  const root = '/run/chos-slurm';
  for (const name of [root, join(dir, 'controller'), join(dir, 'spool'), join(dir, 'etc')]) mkdirSync(name);
  const config = join(dir, 'etc/slurm.conf');
  writeFileSync(config, configText(dir));
  writeFileSync(join(dir, 'etc/oci.conf'), containerText(runtime, root));
  await startMunge(dir);
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SLURM_CONF: config };
  const daemons = ['slurmctld', 'slurmd'].map(name =>
    launch([name, '-D'], dir, { env, deadlineMs: 600_000 }),
  );
  const begin = (...argv: readonly string[]): Running => launch(argv, dir, { env, deadlineMs: 30_000 });
  const began = performance.now();
  while (!(await begin('sinfo', '-h', '-o', '%T').done).stdout.includes('idle')) {
    if (performance.now() - began < 30_000) continue;
    for (const daemon of daemons) daemon.kill('SIGKILL');
    const said = await Promise.all(daemons.map(daemon => daemon.done));
    throw new Error(`no Slurm: ${said.map(({ stderr }) => stderr).join('\n')}`);
  }
  return {
    dir,
    root,
    bundle: makeBundle(dir, runtime),
    begin,
    call: (...argv) => begin(...argv).done,
  };
}
