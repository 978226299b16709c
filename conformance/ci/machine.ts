/** The host of a runner, as docs/ci.md sets it up: a copy of this machine, with three trees, one share for the builds and one for data. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AGAIN_DIRECTORY } from '../../spec/reuse.js';
import { cgroupsNamed, mountLines, withChildren } from '../harness/host-check.js';
import { hideHybrid } from '../harness/hybrid.js';
import { ownNullDevice } from '../harness/null-device.js';
import { type Block, blocksOf, commandsOf } from '../pages/blocks.js';
import { containersConf, enterCopyOfHost, must, project } from '../pages/machine.js';

export const trees: readonly string[] = ['debian12', 'debian13', 'busybox-musl'];
export const page = 'docs/ci.md';
export const example = join(project, 'conformance/ci/example');
/** Below a share, so that each tree shows it. */
export const home = '/home/ci';

/** The first block of a page that begins like that. */
export function blockOf(of: string, first: string): Block {
  const blocks = blocksOf(of, readFileSync(join(project, of), 'utf8'));
  const found = blocks.find(({ lines }) => lines[0]?.startsWith(first));
  if (found === undefined) throw new Error(`${of}: no block begins with ${first}`);
  return found;
}

/** `made`: the directory with the trees; nothing is written to it. */
export function setUp(made: string): void {
  enterCopyOfHost(made);
  mkdirSync('/run/ci');
  ownNullDevice('/run/ci');
  // What hooks say that nobody shows is in the kernel's log, which is the host's.
  writeFileSync('/run/ci/kernel-log', '');
  must('mount', '--bind', '/run/ci/kernel-log', '/dev/kmsg');
  // crun is one of the runtimes.
  hideHybrid();
  must('mount', '-t', 'tmpfs', 'tmpfs', '/srv');
  for (const tree of trees) {
    const [place, upper, work] = [`/ostrees/${tree}`, `/srv/${tree}/upper`, `/srv/${tree}/work`];
    for (const directory of [place, upper, work]) mkdirSync(directory, { recursive: true });
    const layers = `lowerdir=${made}/${tree},upperdir=${upper},workdir=${work}`;
    must('mount', '-t', 'overlay', '-o', layers, 'overlay', place);
    mkdirSync(`${place}/scratch`);
    // Podman makes /etc/mtab and the like in a tree. The first of them would have overlayfs touch the tree's root, which is when its digest is made anew.
    for (const entry of readdirSync(place, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      mkdirSync(join(place, entry.name, '.copy-up'));
      rmdirSync(join(place, entry.name, '.copy-up'));
    }
  }
  for (const share of ['/home', '/scratch']) {
    mkdirSync(share, { recursive: true });
    must('mount', '-t', 'tmpfs', 'tmpfs', share);
  }
  writeFileSync('/scratch/data', 'of the site\n');
  // As systemd makes it.
  must('mount', '--make-rshared', '/');
  containersConf(blockOf('docs/podman.md', '[engine]').lines);
}

/** The files that the page shows, each behind a line `# cat FILE`. */
export function writeFilesOfPage(): void {
  for (const { text, output } of commandsOf(blockOf(page, '# cat /etc/chos.d'))) {
    const file = text.replace(/^cat /, '');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${output.join('\n')}\n`, { mode: 0o644 });
  }
  mkdirSync('/var/lib/ci/reports', { recursive: true });
}

/** A project that the runner clones; `change` is a commit of somebody. */
export function projectWith(name: string, change: (folder: string) => void = () => {}): string {
  const folder = join(home, 'projects', name);
  cpSync(example, folder, { recursive: true });
  change(folder);
  return folder;
}

/** What must be the same before and after a pipeline. */
export function traces(): readonly string[] {
  const containers = must('podman', 'ps', '--all', '--quiet', '--no-trunc').split('\n');
  // The two that Podman never removes.
  const groups = withChildren(cgroupsNamed('libpod_parent')).filter(
    path => !/\/(libpod_parent|conmon)$/.test(path),
  );
  // A zombie has ended; process 1 of this machine waits for none that is not its own.
  const processes = entries('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(pid => /^(\d+ \(.*\)) [^Z]/.exec(readIfThere(`/proc/${pid}/stat`))?.[1] ?? '')
    .filter(text => text !== '');
  return [
    ...mountLines().map(line => `mount ${line}`),
    ...containers.map(id => `container ${id}`),
    ...groups.map(path => `cgroup ${path}`),
    ...processes.map(process => `process ${process}`),
    ...['/var/lib/ci/reports', '/run/chos-runtime', '/run/chos-hooks/job-report'].flatMap(directory =>
      entries(directory)
        .filter(name => name !== AGAIN_DIRECTORY)
        .map(name => `file ${directory}/${name}`),
    ),
  ].filter(line => !/^(container )?$/.test(line));
}

function entries(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
