/** docs/tools.md, by root: what is tried with the programs themselves stands at the end of the page. */
import * as assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { freshRegistry, must, shell } from './machine.js';
import { inOrder, type Scenario } from './scenario.js';

const PAGE = 'docs/tools.md';
const registered = { alma9: { path: '/ostrees/alma9' }, debian12: { path: '/ostrees/debian12' } };
const shares = [{ path: '/home' }, { path: '/scratch' }];

function prepared(more: object = {}): void {
  mkdirSync('/scratch', { recursive: true });
  freshRegistry(JSON.stringify({ trees: registered, shares, default: 'debian12', ...more }));
  must('chos-runtime', 'tree', 'prepare', '--all');
}

function released(): void {
  for (const tree of Object.keys(registered)) must('chos-runtime', 'tree', 'release', tree);
}

function program(path: string, lines: readonly string[]): void {
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o755 });
}

const place = 'busybox grep -qx ID=alma9 /etc/os-release';

export const toolsPage: readonly Scenario[] = [
  {
    page: PAGE,
    first: '{ "display_name"',
    run: ({ lines }) => {
      prepared();
      const { argv } = JSON.parse(lines.join('\n')) as { argv: readonly string[] };
      writeFileSync('/home/kernel-1.json', 'ports\n');
      const kernel = argv.slice(0, argv.indexOf('python3')).join(' ');
      assert.equal(shell(`${kernel} cat /home/kernel-1.json`).stdout, 'ports\n');
      assert.equal(shell(`${kernel} ${place}`).status, 0);
      released();
    },
  },
  {
    page: PAGE,
    first: '# jupyterhub_config.py',
    run: ({ lines }) => {
      prepared();
      const [, words = ''] = /^c\.Spawner\.cmd = (.*)$/m.exec(lines.join('\n')) ?? [];
      const command = (JSON.parse(words) as readonly string[])
        .join(' ')
        .replace('jupyterhub-singleuser', 'cat /etc/os-release');
      // Of who has chosen nothing the hub sets an empty one: it is as without it, by ~/.chos of a page before this one, too.
      assert.equal(shell(`CHOS=alma9 ${command}`).stdout, 'ID=alma9\n');
      assert.equal(shell(`CHOS=debian12 ${command}`).stdout, 'ID=debian12\n');
      const usual = shell(command).stdout;
      assert.match(usual, /^ID=/);
      assert.equal(shell(`CHOS= ${command}`).stdout, usual);
      assert.equal(shell(`CHOS=alma8 ${command}`).status, 125);
      released();
    },
  },
  {
    page: PAGE,
    first: '# ~/.ssh/config on the desk',
    run: ({ lines }) => {
      prepared();
      const command = lines.at(-1)?.replace(/^ *RemoteCommand /, '') ?? '';
      // The script of the editor is the input of what has been started.
      assert.equal(shell(command, { input: `${place} && echo $CHOS\n` }).stdout, 'alma9\n');
      released();
    },
  },
  { page: PAGE, first: '{ "remote.SSH', run: 'VS Code is not here' },
  { page: PAGE, first: '# config.toml', run: 'the runner is not here; its driver is the next block' },
  {
    page: PAGE,
    first: '#!/bin/sh',
    run: ({ lines }) => {
      prepared();
      program('/usr/local/lib/gitlab-chos', lines);
      writeFileSync('/tmp/job', `${place} && exit 0\necho on the host\nexit 3\n`);
      const stage = (name: string, tree: string) =>
        shell(
          `SYSTEM_FAILURE_EXIT_CODE=42 BUILD_FAILURE_EXIT_CODE=41 CUSTOM_ENV_CHOS=${tree} /usr/local/lib/gitlab-chos /tmp/job ${name}`,
        );
      assert.equal(stage('step_script', 'alma9').status, 0);
      assert.equal(stage('build_script', 'debian12').status, 41);
      assert.equal(stage('step_script', 'alma').status, 42);
      assert.equal(stage('get_sources', 'alma9').stdout, 'on the host\n');
      released();
    },
  },
  { page: PAGE, first: '# ~/.tmux.conf', run: 'tmux is not here' },
  {
    page: PAGE,
    first: '# crontab -e',
    run: ({ lines }) => {
      prepared();
      const set = lines.filter(line => /^\w+=/.test(line)).join(' ');
      const jobs = lines.flatMap(line => /^\d+ \d+ \* \* \* (.*)$/.exec(line)?.[1] ?? []);
      const texts = jobs.map(job =>
        job
          .replace('make -C /home/ann/report', 'cat /etc/os-release')
          .replace(/cd check.*mail/, 'echo $CHOS; cat /etc/os-release'),
      );
      const printed = texts.map(text => {
        writeFileSync('/tmp/line', text);
        return shell(`env -i HOME=/root ${set} sh -c "$(cat /tmp/line)"`).stdout;
      });
      assert.deepEqual(printed, ['ID=alma9\n', 'debian12\nID=debian12\n']);
      released();
    },
  },
  {
    page: PAGE,
    first: '#!/bin/sh',
    run: ({ lines }) => {
      prepared();
      program('/home/alma9-sh', lines);
      assert.equal(shell(`/home/alma9-sh -c 'echo "$CHOS" "a  b"'`).stdout, 'alma9 a  b\n');
      writeFileSync('/home/Makefile', 'SHELL := /home/alma9-sh\nall:\n\t@echo $$CHOS; cat /etc/os-release\n');
      assert.equal(shell('make', { cwd: '/home' }).stdout, 'alma9\nID=alma9\n');
      released();
    },
  },
  {
    page: PAGE,
    first: "$ find . -name '*.c'",
    run: block => {
      prepared();
      mkdirSync('/home/work', { recursive: true });
      writeFileSync('/home/work/a.c', '');
      writeFileSync('/home/work/Makefile', 'all: ; $(CC) a.c\n');
      const cwd = '/home/work';
      inOrder(block, {
        find: { cwd, with: { 'gcc -c': 'cat' } },
        'make CC': { cwd, with: { gcc: 'cat' } },
        watch: { not: 'it goes on: conformance/trees/chos-context-cases.ts' },
        'chos alma9 make': { cwd, with: { 'make -j8': 'cat a.c' } },
      });
      released();
    },
  },
  { page: PAGE, first: '$ sudo chos', run: 'sudo is not here' },
  {
    page: PAGE,
    first: '{ "trees"',
    run: ({ lines }) => {
      freshRegistry(lines.join('\n'));
      must('chos-runtime', 'tree', 'prepare', 'alma9');
      const { stdout } = shell(
        'export BASH_ENV=/x LMOD_CMD=/x MODULEPATH=/x KEPT=1; module() { :; }; export -f module; chos alma9 cat /proc/self/environ',
      );
      const names = stdout.split('\0').map(entry => entry.split('=')[0]);
      assert.ok(names.includes('KEPT'));
      assert.deepEqual(
        names.filter(name => /^(BASH|LMOD|MODULE)/.test(name ?? '')),
        [],
      );
      must('chos-runtime', 'tree', 'release', 'alma9');
    },
  },
  {
    page: PAGE,
    first: '{ "files"',
    run: ({ lines }) => {
      mkdirSync('/var/lib/sss/pipes', { recursive: true });
      writeFileSync('/etc/nsswitch.conf', 'passwd: files sss\n');
      writeFileSync('/var/lib/sss/pipes/nss', '');
      prepared(JSON.parse(lines.join('\n')) as object);
      const { stdout } = shell('chos alma9 sh -c "cat /etc/nsswitch.conf; ls /var/lib/sss/pipes"');
      assert.equal(stdout, 'passwd: files sss\nnss\n');
      released();
    },
  },
];
