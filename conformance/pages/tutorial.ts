/** docs/tutorial.md, from its first line to its last: each block takes what the one before has left. */
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Block } from './blocks.js';
import { must, place, shell } from './machine.js';
import { inOrder, type Scenario } from './scenario.js';
import { withStandIns } from './trees-in.js';

const page = 'docs/tutorial.md';
const ANN = 1001;

/** A machine on which nothing is registered or prepared, and archives as distributions publish them: a shell and os-release are all that is in ours. */
function begin(block: Block): void {
  rmSync('/etc/chos.d', { recursive: true, force: true });
  mkdirSync('/etc/chos.d');
  for (const name of ['alma9', 'debian12', 'debian13'])
    shell(`chos-runtime tree release --force ${name}; chos-runtime tree remove ${name}`);
  rmSync('/run/chos-trees.numbers', { recursive: true, force: true });
  for (const file of ['alma9', 'alma9-newer']) {
    must('bsdtar', '-C', '/ostrees/alma9', '-cJf', `${place}/${file}.tar.xz`, '.');
    must('touch', '/ostrees/alma9/etc/os-release');
  }
  withStandIns(() => inOrder(block));
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
  writeFileSync(`${home}/notes`, '');
  for (const path of [home, `${home}/notes`]) chownSync(path, ANN, ANN);
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
  { page, first: '# cat /etc/chos.d/site.json', run: register },
  { page, first: 'ann$ chos --list', run: asAnn },
  { page, first: '# chos alma9', run: block => inOrder(block) },
  { page, first: '# chos-runtime tree update', run: block => inOrder(block) },
  { page, first: '# podman', run: block => inOrder(block) },
  { page, first: 'ann$ srun', run: 'conformance/slurm runs jobs of users in trees' },
  { page, first: '# chos-runtime tree release', run: block => inOrder(block) },
];

export const administration: readonly Scenario[] = [
  { page: 'docs/administration.md', first: 'tree update NAME', run: 'a picture of what comes after what' },
];
