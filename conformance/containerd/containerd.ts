/**
 * A containerd of our own: its state below one directory, its shims in a /run that nobody else sees, images from busybox, snapshots as plain
 * copies (the host may have no overlay).
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, launch, type Running } from '../harness/processes.js';
import { type Cri, criOn } from './cri.js';

export interface Containerd {
  readonly dir: string;
  readonly image: string;
  /** As a kubelet speaks to it. */
  readonly cri: Cri;
  /** Options of `ctr run` that choose the runtime. */
  readonly chosen: readonly string[];
  ctr(...args: readonly string[]): Promise<Finished>;
  begin(...args: readonly string[]): Running;
  /** `ctr run` on a terminal of script(1)'s. */
  onTerminal(...args: readonly string[]): Promise<Finished>;
  /** What `ctr task ls` says of a container; undefined if it has no task. */
  status(id: string): Promise<{ readonly pid: number; readonly status: string } | undefined>;
  /** Asks again until the status is that one. */
  becomes(id: string, status: string): Promise<void>;
}

const image = 'docker.io/library/bb:latest';
/** Of the process that holds a pod's namespaces. */
const pause = 'docker.io/library/pause:latest';

/** Begins the address of every pod. */
export const podNetwork = '10.77.88.';

/** A pair of interfaces for each pod, with the plugins as Debian packages them. */
function writeNetwork(dir: string): void {
  const ranges = [[{ subnet: `${podNetwork}0/24` }]];
  const plugin = { type: 'ptp', ipam: { type: 'host-local', dataDir: join(dir, 'addresses'), ranges } };
  mkdirSync(join(dir, 'networks'));
  const list = { cniVersion: '0.4.0', name: 'pods', plugins: [plugin] };
  writeFileSync(join(dir, 'networks/pods.conflist'), JSON.stringify(list));
}

/** Plugins that would look at the host's devices. */
const leftOut = ['aufs', 'btrfs', 'devmapper', 'zfs'].map(name => `io.containerd.snapshotter.v1.${name}`);

function configText(dir: string, runtime: string): string {
  return `version = 2
root = "${dir}/root"
state = "${dir}/state"
disabled_plugins = ${JSON.stringify(leftOut)}
[grpc]
  address = "${dir}/containerd.sock"
[ttrpc]
  address = "${dir}/ttrpc.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pause}"
  # Who may not lower it (no CAP_SYS_RESOURCE) has to keep what it has.
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  conf_dir = "${dir}/networks"
  bin_dir = "/usr/lib/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "native"
  default_runtime_name = "chos"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.chos]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.chos.options]
  BinaryName = "${runtime}"
`;
}

/** An archive as `docker save` makes it: two images of one layer. */
function makeImage(dir: string): string {
  const tree = join(dir, 'tree');
  for (const name of ['bin', 'etc', 'tmp', 'proc', 'sys', 'dev'])
    mkdirSync(join(tree, name), { recursive: true });
  copyFileSync('/bin/busybox', join(tree, 'bin/busybox'));
  for (const applet of ['sh', 'sleep', 'echo', 'id', 'tty', 'cat', 'kill', 'readlink'])
    symlinkSync('busybox', join(tree, 'bin', applet));
  const layer = join(dir, 'layer.tar');
  execFileSync('tar', ['-C', tree, '-cf', layer, '.']);
  const digest = createHash('sha256').update(readFileSync(layer)).digest('hex');
  const commands = { [image]: ['/bin/sh'], [pause]: ['/bin/sleep', '1000000'] };
  const manifest = Object.entries(commands).map(([tag, Cmd], index) => {
    const config = {
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Cmd, Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
    };
    writeFileSync(join(dir, `config-${index}.json`), JSON.stringify(config));
    return { Config: `config-${index}.json`, RepoTags: [tag], Layers: ['layer.tar'] };
  });
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify(manifest));
  const archive = join(dir, 'image.tar');
  const files = [...manifest.map(({ Config }) => Config), 'manifest.json', 'layer.tar'];
  execFileSync('tar', ['-C', dir, '-cf', archive, ...files]);
  return archive;
}

/** Starts it in `dir` and imports the image. The mount and network namespaces must be our own: /run and /var/lib are covered. */
export async function startContainerd(dir: string, runtime: string, namespace: string): Promise<Containerd> {
  // Network plugins keep notes in /var/lib/cni.
  for (const place of ['/run', '/var/lib'])
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', place]);
  const config = join(dir, 'config.toml');
  writeFileSync(config, configText(dir, runtime));
  writeNetwork(dir);
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  const daemon = launch(['containerd', '--config', config], dir, { deadlineMs: 900_000 });
  const socket = join(dir, 'containerd.sock');
  const began = performance.now();
  while (!existsSync(socket)) {
    if (performance.now() - began > 120_000) throw new Error(`no containerd: ${(await daemon.done).stderr}`);
    await new Promise(setImmediate);
  }
  const global = ['-a', socket, '-n', namespace];
  const begin = (...args: readonly string[]): Running =>
    launch(['ctr', ...global, ...args], dir, { deadlineMs: 60_000 });
  const ctr = (...args: readonly string[]): Promise<Finished> => begin(...args).done;
  const status: Containerd['status'] = async id => {
    const { stdout } = await ctr('task', 'ls');
    const [, pid, word] = stdout.match(new RegExp(`^${id}\\s+(\\d+)\\s+(\\w+)`, 'm')) ?? [];
    return word === undefined ? undefined : { pid: Number(pid), status: word };
  };
  const archive = makeImage(dir);
  const cri = criOn(socket);
  for (const space of [namespace, 'k8s.io']) {
    const to = ['-n', space, 'images', 'import', '--no-unpack'];
    const imported = await ctr(...to, archive);
    if (imported.code !== 0) throw new Error(`import: ${imported.stderr}`);
  }
  return {
    dir,
    image,
    cri,
    chosen: ['--snapshotter', 'native', '--runtime', 'io.containerd.runc.v2', '--runc-binary', runtime],
    ctr,
    begin,
    onTerminal: (...args) => {
      const quoted = ['ctr', ...global, ...args].map(word => `'${word.replaceAll("'", "'\\''")}'`);
      return launch(['script', '-qec', quoted.join(' '), '/dev/null'], dir, { deadlineMs: 60_000 }).done;
    },
    status,
    async becomes(id, wanted) {
      const from = performance.now();
      for (;;) {
        const now = (await status(id))?.status;
        if (now === wanted) return;
        if (performance.now() - from > 60_000) throw new Error(`${id} is ${now}, not ${wanted}`);
      }
    },
  };
}
