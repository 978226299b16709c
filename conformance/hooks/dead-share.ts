/** A mount that nobody answers for: what touches it waits until the server is there again. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withDeadShareOn } from '../harness/dead-share.js';
import { inLab, type Machine, newName } from './machine.js';

export interface DeadShare {
  readonly path: string;
  /** Type and source, as the hook names it. */
  readonly server: string;
}

type With = (
  machine: Machine,
  body: (share: DeadShare) => Promise<void> | void,
  /** Default: one of its own. */
  place?: string,
) => Promise<void>;

function must(program: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 60_000,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}

/** With a space, which mountinfo writes in its own way. */
function placeOf(machine: Machine): string {
  const path = join(machine.dir, `dead one-${newName()}`);
  mkdirSync(path);
  return path;
}

const byFuse: With = (machine, body, path = placeOf(machine)) =>
  withDeadShareOn(path, () => body({ path, server: 'fuse filer1:/scratch' }));

let exported: string | null = null;

/** The kernel's NFS server, which this machine has to itself. */
function exportShare(): string {
  must('modprobe', ['-a', 'nfsd', 'nfs', 'nfsv4']);
  mkdirSync('/srv/exported', { recursive: true });
  must('mount', ['-t', 'tmpfs', 'chos-hooks', '/srv/exported']);
  must('mount', ['-t', 'nfsd', 'nfsd', '/proc/fs/nfsd']);
  for (const dir of ['/run/rpc_pipefs', '/var/lib/nfs/v4recovery']) mkdirSync(dir, { recursive: true });
  must('mount', ['-t', 'rpc_pipefs', 'rpc_pipefs', '/run/rpc_pipefs']);
  must('exportfs', ['-o', 'rw,insecure,no_subtree_check,fsid=1', '127.0.0.1:/srv/exported']);
  must('rpc.mountd', ['--no-nfs-version', '3']);
  return '127.0.0.1:/srv/exported';
}

const serve = (threads: number) =>
  must('rpc.nfsd', ['--no-nfs-version', '3', '--grace-time', '1', String(threads)]);

const byNfs: With = async (machine, body, path = placeOf(machine)) => {
  exported ??= exportShare();
  serve(2);
  must('mount', ['-t', 'nfs4', '-o', 'vers=4.2,hard', exported, path]);
  serve(0);
  try {
    await body({ path, server: `nfs4 ${exported}` });
  } finally {
    serve(2);
    spawnSync('umount', ['-f', '-l', path]);
  }
};

export const withDeadShare: With = inLab ? byNfs : byFuse;
