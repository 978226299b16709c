import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hideHybrid } from '../harness/hybrid.js';
import { ownNullDevice } from '../harness/null-device.js';

/** Who calls Podman. The user has a range of ids of its own. */
export type Account = 'root' | 'user';

export const USER = 1000;

/** Where everything that Podman and the runtime make during the run is kept. */
export interface Place {
  readonly dir: string;
  /** A root file system of busybox: for `--rootfs`, and the content of the image `bb`. */
  readonly tree: string;
  readonly containersConf: string;
  /** Of every command. */
  readonly environment: Readonly<Record<string, string>>;
  /** XDG_RUNTIME_DIR of a user; null: it is root. */
  readonly session: string | null;
  /** Paths given to `--root`, `--runroot` and `--tmpdir`. */
  readonly storage: readonly string[];
}

/**
 * Changes the mount namespace, which must be our own, so that the host stays as it was: runtimes change the owner of
 * their standard streams, Podman keeps locks in /dev/shm and names of network namespaces in /run, trees are registered in /etc.
 */
export function prepareMountNamespace(dir: string, runtime: string, as: Account): void {
  ownNullDevice(dir);
  mount('-t', 'tmpfs', 'tmpfs', '/dev/shm');
  mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run');
  const layers = ['upper', 'work'].map(name => join(dir, `etc-${name}`));
  for (const layer of layers) mkdirSync(layer);
  mount('-t', 'overlay', '-o', `lowerdir=/etc,upperdir=${layers[0]},workdir=${layers[1]}`, 'overlay', '/etc');
  rmSync('/etc/chos', { force: true });
  rmSync('/etc/chos.d', { recursive: true, force: true });
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  if (runtime === 'crun') hideHybrid();
  if (as === 'root') return;
  // newuidmap(1) and newgidmap(1) give the user these, in our own /etc only.
  for (const name of ['subuid', 'subgid']) writeFileSync(join('/etc', name), `${USER}:200000:65536\n`);
  mount('-t', 'tmpfs', '-o', 'mode=1777', 'tmpfs', '/dev/shm');
  chmodSync(dir, 0o755);
  chownSync(dir, USER, USER);
}

function mount(...args: readonly string[]): void {
  execFileSync('mount', args);
}

export function makePlace(
  dir: string,
  runtime: { readonly name: string; readonly path: string },
  as: Account,
): Place {
  const tree = join(dir, 'tree');
  makeTree(tree);
  const networks = join(dir, 'networks');
  mkdirSync(networks);
  const containersConf = join(dir, 'containers.conf');
  writeFileSync(containersConf, containersConfText(runtime, networks));
  const storage = ['root', 'runroot', 'tmpdir'].flatMap(name => {
    mkdirSync(join(dir, name));
    return [`--${name}`, join(dir, name)];
  });
  const session = as === 'user' ? join(dir, 'session') : null;
  if (session !== null) mkdirSync(session, { mode: 0o700 });
  const environment = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    CONTAINERS_CONF: containersConf,
    HOME: dir,
    TMPDIR: dir,
    // Podman 5 would rather have v2, and says so before every output.
    PODMAN_IGNORE_CGROUPSV1_WARNING: 'true',
    ...(session === null ? {} : { XDG_RUNTIME_DIR: session }),
  };
  return {
    dir,
    tree,
    containersConf,
    environment,
    session,
    storage: [...storage, '--storage-driver', 'vfs'],
  };
}

/** The lines of docs/podman.md, and what keeps Podman inside `dir`. */
function containersConfText(runtime: { name: string; path: string }, networks: string): string {
  return `[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "${runtime.name}"
runtime_supports_json = ["${runtime.name}"]
runtime_supports_nocgroup = ["${runtime.name}"]
cgroup_manager = "cgroupfs"
events_logger = "file"
image_default_transport = "docker://"
[engine.runtimes]
${runtime.name} = ["${runtime.path}"]
[network]
network_backend = "netavark"
network_config_dir = "${networks}"
`;
}

function makeTree(tree: string): void {
  for (const name of ['bin', 'etc', 'tmp', 'root', 'proc', 'sys', 'dev', 'usr', 'var', 'home/alice', 'run'])
    mkdirSync(join(tree, name), { recursive: true });
  copyFileSync('/bin/busybox', join(tree, 'bin/busybox'));
  for (const applet of execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n'))
    if (applet !== 'busybox') symlinkSync('busybox', join(tree, 'bin', applet));
  writeFileSync(
    join(tree, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n',
  );
  writeFileSync(join(tree, 'etc/group'), 'root:x:0:\nalice:x:1000:\naudio:x:63:alice\n');
  writeFileSync(join(tree, 'etc/not-executable'), 'text\n');
  writeFileSync(join(tree, 'bin/no-interpreter'), '#!/bin/nothing\n', { mode: 0o755 });
  writeFileSync(join(tree, 'bin/no-format'), '\u0001\u0002\u0003', { mode: 0o755 });
}
