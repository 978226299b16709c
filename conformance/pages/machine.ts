/**
 * A machine like the reader's: namespaces of its own, in which this program is process 1, on a root that is a copy of the host's for writing (overlayfs), so
 * that `make install`, /etc and /ostrees are as the pages have them and nothing is left behind.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';

export const project = process.cwd();
/** Where the reader is. */
export const place = '/root/pages';

export function must(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

const newRoot = '/mnt';

const enter = `
mount --make-rprivate /
mount -t tmpfs -o mode=755 pages ${newRoot}
cd ${newRoot}
mkdir upper work root
mount -t overlay -o lowerdir=/,upperdir=${newRoot}/upper,workdir=${newRoot}/work pages root
for place in proc sys dev; do mount --rbind /$place root/$place; done
for place; do
  if [ ! -e root"$place" ] || [ "$(stat -c %d "$place")" != "$(stat -c %d /)" ]; then
    mkdir -p root"$place"
    mount --bind "$place" root"$place"
  fi
done
pivot_root root root/mnt
`;

const TOOLS = 'sh cat ls grep sleep true id readlink'.split(' ');

/** A root file system of busybox. */
export function makeRoot(root: string): void {
  for (const directory of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'home', 'scratch', 'sw', 'root', 'run'])
    mkdirSync(`${root}/${directory}`, { recursive: true });
  copyFileSync('/bin/busybox', `${root}/bin/busybox`);
  for (const tool of TOOLS) symlinkSync('busybox', `${root}/bin/${tool}`);
  writeFileSync(`${root}/bin/bash`, '#!/bin/sh\nexec /bin/sh "$@"\n', { mode: 0o755 });
  writeFileSync(`${root}/bin/nginx`, '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
}

export function makeTree(name: string): void {
  makeRoot(`/ostrees/${name}`);
  writeFileSync(`/ostrees/${name}/etc/debian_version`, `${name}\n`);
  writeFileSync(`/ostrees/${name}/etc/os-release`, `ID=${name}\n`);
}

/** Each page is read on a machine of its own state: nothing registered, nothing prepared. */
export function freshRegistry(content: string): void {
  for (const one of ['/etc/chos', '/etc/chos.d']) rmSync(one, { recursive: true, force: true });
  mkdirSync('/etc/chos.d');
  writeFileSync('/etc/chos.d/site.json', content);
  chmodSync('/etc/chos.d/site.json', 0o644);
}

/** A bundle with a root of its own and a shell, as `spec` writes it; `terminal` false: for those who run it without one. */
export function makeBundle(directory: string, terminal: boolean, ...command: readonly string[]): void {
  rmSync(directory, { recursive: true, force: true });
  makeRoot(`${directory}/rootfs`);
  must('chos-runtime', 'spec', '-b', directory);
  const edit = `.process.terminal = ${terminal}${command.length > 0 ? ` | .process.args = ${JSON.stringify(command)}` : ''}`;
  must(
    'sh',
    '-c',
    `jq '${edit}' ${directory}/config.json > ${directory}/new && mv ${directory}/new ${directory}/config.json`,
  );
}

export interface How {
  /** What the reader types. */
  readonly input?: string;
  /** As if at a terminal. */
  readonly terminal?: true;
  /** Where; the place of the reader if it is not given. */
  readonly cwd?: string;
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Output goes to files: a container that stays would keep a pipe open. */
export function shell(command: string, { input = '', terminal, cwd = place }: How = {}): Ran {
  const [program = '', ...args] = terminal
    ? ['script', '-qec', command, '/dev/null']
    : ['bash', '-o', 'pipefail', '-c', command];
  const [out, err] = ['/run/pages.out', '/run/pages.err'] as const;
  const files = [openSync(out, 'w'), openSync(err, 'w')] as const;
  const { status } = spawnSync(program, args, {
    cwd,
    input,
    stdio: ['pipe', ...files],
    timeout: 60_000,
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      TERM: 'dumb',
    },
  });
  for (const file of files) closeSync(file);
  return { status, stdout: readFileSync(out, 'utf8'), stderr: readFileSync(err, 'utf8') };
}

/** From here on `/` is the copy; the project and these directories are in it. */
export function enterCopyOfHost(...directories: readonly string[]): void {
  must('sh', '-ec', enter, 'sh', project, ...directories);
  process.chdir('/');
  must('umount', '-l', newRoot);
  must('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run');
  must('ip', 'link', 'set', 'lo', 'up');
}

/** The lines of docs/podman.md, and what a machine without network and with a root of overlayfs needs. */
export function containersConf(lines: readonly string[]): void {
  mkdirSync('/etc/containers/containers.conf.d', { recursive: true });
  writeFileSync('/etc/containers/containers.conf', `${lines.join('\n')}\n`);
  writeFileSync(
    '/etc/containers/containers.conf.d/machine.conf',
    '[containers]\nnetns = "none"\n[engine]\nevents_logger = "file"\n',
  );
  writeFileSync(
    '/etc/containers/storage.conf',
    '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/run/containers/graph"\n',
  );
}

export function setUp(): void {
  enterCopyOfHost();
  for (const name of ['debian12', 'debian13', 'alma9']) makeTree(name);
  for (const share of ['/scratch', '/sw', '/home']) {
    mkdirSync(share, { recursive: true });
    must('mount', '-t', 'tmpfs', 'tmpfs', share);
  }
  mkdirSync(place);
  // As systemd makes it.
  must('mount', '--make-rshared', '/');
  process.chdir(place);
}
