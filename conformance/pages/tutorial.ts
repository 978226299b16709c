/** docs/tutorial.md, from its first line to its last: each block takes what the one before has left. */
import { chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Block } from './blocks.js';
import { must, place, shell } from './machine.js';
import { inOrder, type Scenario } from './scenario.js';
import { withStandIns } from './trees-in.js';

const page = 'docs/tutorial.md';
const ANN = 1001;

const systems = { alma9: 'AlmaLinux 9.6 (Sage Margay)', debian13: 'Debian GNU/Linux 13 (trixie)' };

const files = ['passwd', 'group', 'resolv.conf'];

/** Our trees as those of distributions are, as far as the page shows it. */
function dressed(run: () => void): void {
  const names = Object.keys(systems) as readonly (keyof typeof systems)[];
  const releases = names.map(name => `/ostrees/${name}/etc/os-release`);
  const own = releases.map(file => readFileSync(file));
  names.forEach((name, i) => {
    writeFileSync(releases[i] ?? '', `PRETTY_NAME="${systems[name]}"\n`);
    rmSync(`/ostrees/${name}/scratch`, { recursive: true });
    for (const file of files) writeFileSync(`/ostrees/${name}/etc/${file}`, '');
  });
  try {
    run();
  } finally {
    names.forEach((name, i) => {
      writeFileSync(releases[i] ?? '', own[i] ?? '');
      mkdirSync(`/ostrees/${name}/scratch`);
      for (const file of files) rmSync(`/ostrees/${name}/etc/${file}`);
    });
  }
}

/** A machine on which nothing is registered or prepared, and archives as distributions publish them: a shell and os-release are all that is in ours. */
function begin(block: Block): void {
  rmSync('/etc/chos.d', { recursive: true, force: true });
  mkdirSync('/etc/chos.d');
  for (const name of ['alma9', 'debian12', 'debian13'])
    shell(`chos-runtime tree release --force ${name}; chos-runtime tree remove ${name}`);
  rmSync('/run/chos-trees.numbers', { recursive: true, force: true });
  // As the reader has it.
  shell('umount /scratch; rmdir /scratch');
  const not = 'there is no network';
  dressed(() => {
    for (const file of ['alma9', 'alma9-newer']) {
      must('bsdtar', '-C', '/ostrees/alma9', '-cf', `${place}/${file}.tar`, '.');
      must('touch', '/ostrees/alma9/etc/os-release');
    }
    withStandIns(() => inOrder(block, { 'podman pull': { not }, 'podman save': { not } }));
  });
}

/** The file is written as the page shows it. */
function register(block: Block): void {
  const from = block.lines.findIndex(line => line.startsWith('# cat ')) + 1;
  const to = block.lines.findIndex((line, index) => index > from && line.startsWith('# '));
  writeFileSync('/etc/chos.d/site.json', block.lines.slice(from, to).join('\n'), { mode: 0o644 });
  inOrder(block);
}

/** What she types is typed by the user 1001, in her home directory. */
function asAnn(block: Block): void {
  const home = '/home/ann';
  mkdirSync(home, { recursive: true });
  chownSync(home, ANN, ANN);
  must('sh', '-c', `getent passwd ann || echo ann:x:${ANN}:${ANN}::${home}:/bin/sh >>/etc/passwd`);
  shell('chos-runtime tree files');
  const become = `cd ${home} && HOME=${home} setpriv --reuid ${ANN} --regid ${ANN} --clear-groups bash -c`;
  const lines = block.lines.map(line => {
    const [, text] = /^ann\$ (.*)$/.exec(line) ?? [];
    return text === undefined ? line : `$ ${become} '${text.replaceAll("'", `'\\''`)}'`;
  });
  inOrder({ ...block, lines });
}

export const tutorial: readonly Scenario[] = [
  { page, first: '# chos-runtime tree create', run: begin },
  { page, first: '# mkdir -p /scratch', run: register },
  { page, first: 'ann$ touch notes', run: asAnn },
  { page, first: '# chos alma9', run: block => inOrder(block) },
  { page, first: '# chos-runtime tree update', run: block => inOrder(block) },
  { page, first: '# podman', run: block => inOrder(block) },
  { page, first: 'ann$ srun', run: 'conformance/slurm runs jobs of users in trees' },
  { page, first: '# umount', run: block => inOrder(block) },
];

export const administration: readonly Scenario[] = [
  { page: 'docs/administration.md', first: 'tree update NAME', run: 'a picture of what comes after what' },
];
