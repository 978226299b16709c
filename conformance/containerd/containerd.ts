/**
 * A containerd of our own: its state below one directory, its shims in a /run that nobody else sees, images from busybox, snapshots as plain
 * copies (the host may have no overlay).
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, launch, type Running } from '../harness/processes.js';

export interface Containerd {
  readonly dir: string;
  readonly image: string;
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

/** Plugins that would look at the host's devices, or serve Kubernetes. */
const leftOut = [
  'io.containerd.grpc.v1.cri',
  ...['aufs', 'btrfs', 'devmapper', 'zfs'].map(name => `io.containerd.snapshotter.v1.${name}`),
];

function configText(dir: string): string {
  return `version = 2
root = "${dir}/root"
state = "${dir}/state"
disabled_plugins = ${JSON.stringify(leftOut)}
[grpc]
  address = "${dir}/containerd.sock"
[ttrpc]
  address = "${dir}/ttrpc.sock"
`;
}

/** An archive as `docker save` makes it, of one layer. */
function makeImage(dir: string): string {
  const tree = join(dir, 'tree');
  for (const name of ['bin', 'etc', 'tmp', 'proc', 'sys', 'dev'])
    mkdirSync(join(tree, name), { recursive: true });
  copyFileSync('/bin/busybox', join(tree, 'bin/busybox'));
  for (const applet of ['sh', 'sleep', 'echo', 'id', 'tty', 'cat', 'kill'])
    symlinkSync('busybox', join(tree, 'bin', applet));
  const layer = join(dir, 'layer.tar');
  execFileSync('tar', ['-C', tree, '-cf', layer, '.']);
  const digest = createHash('sha256').update(readFileSync(layer)).digest('hex');
  const config = {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Cmd: ['/bin/sh'], Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
  };
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config));
  const manifest = [{ Config: 'config.json', RepoTags: [image], Layers: ['layer.tar'] }];
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify(manifest));
  const archive = join(dir, 'image.tar');
  execFileSync('tar', ['-C', dir, '-cf', archive, 'config.json', 'manifest.json', 'layer.tar']);
  return archive;
}

/** Starts it in `dir` and imports the image. The mount namespace must be our own: /run is covered. */
export async function startContainerd(dir: string, runtime: string, namespace: string): Promise<Containerd> {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run']);
  const config = join(dir, 'config.toml');
  writeFileSync(config, configText(dir));
  const daemon = launch(['containerd', '--config', config], dir, { deadlineMs: 600_000 });
  const socket = join(dir, 'containerd.sock');
  const began = performance.now();
  while (!existsSync(socket)) {
    if (performance.now() - began > 20_000) throw new Error(`no containerd: ${(await daemon.done).stderr}`);
    await new Promise(setImmediate);
  }
  const global = ['-a', socket, '-n', namespace];
  const begin = (...args: readonly string[]): Running =>
    launch(['ctr', ...global, ...args], dir, { deadlineMs: 30_000 });
  const ctr = (...args: readonly string[]): Promise<Finished> => begin(...args).done;
  const status: Containerd['status'] = async id => {
    const { stdout } = await ctr('task', 'ls');
    const [, pid, word] = stdout.match(new RegExp(`^${id}\\s+(\\d+)\\s+(\\w+)`, 'm')) ?? [];
    return word === undefined ? undefined : { pid: Number(pid), status: word };
  };
  const imported = await ctr('images', 'import', '--snapshotter', 'native', makeImage(dir));
  if (imported.code !== 0) throw new Error(`import: ${imported.stderr}`);
  return {
    dir,
    image,
    chosen: ['--snapshotter', 'native', '--runtime', 'io.containerd.runc.v2', '--runc-binary', runtime],
    ctr,
    begin,
    onTerminal: (...args) => {
      const quoted = ['ctr', ...global, ...args].map(word => `'${word.replaceAll("'", "'\\''")}'`);
      return launch(['script', '-qec', quoted.join(' '), '/dev/null'], dir, { deadlineMs: 30_000 }).done;
    },
    status,
    async becomes(id, wanted) {
      const from = performance.now();
      for (;;) {
        const now = (await status(id))?.status;
        if (now === wanted) return;
        if (performance.now() - from > 10_000) throw new Error(`${id} is ${now}, not ${wanted}`);
      }
    },
  };
}
