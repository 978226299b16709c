/** The blocks of README.md and docs in the order in which they are tried; what one makes is there for those of the same page behind it. */
import * as assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Block, commandsOf, missingLine } from './blocks.js';
import { chosPage } from './chos.js';
import { ciBlocks } from './ci-blocks.js';
import { dashboardPage, doctorPage } from './doctor.js';
import { byHand } from './hooks-by-hand.js';
import {
  containersConf,
  freshRegistry,
  makeBundle,
  makeRoot,
  must,
  place,
  project,
  shell,
} from './machine.js';
import { inOrder, type Scenario } from './scenario.js';
import { toolsPage } from './tools.js';
import { treesPage } from './trees.js';
import { treesIn } from './trees-in.js';
import { administration, tutorial } from './tutorial.js';

const [README, COMPATIBILITY, PROGRAM, PODMAN, TREES, LINK, DOCKER, CONTAINERD, SLURM, KUBERNETES, HOOKS] = [
  'README.md',
  'docs/compatibility.md',
  'docs/launch-program.md',
  'docs/podman.md',
  'docs/trees.md',
  'docs/kernel-link.md',
  'docs/docker.md',
  'docs/containerd.md',
  'docs/slurm.md',
  'docs/kubernetes.md',
  'docs/hooks.md',
] as const;

const PICTURE = 'a picture';
const MODULE = 'it needs the kernel module: conformance/kernel-link loads it in virtual machines';
const SYSTEMD = 'process 1 is not systemd here';
const DAEMONS = 'conformance/vm/cases/docker.ts does this in a machine that systemd has booted';
const BUILDS_MODULE = 'it installs DKMS and kernel headers: conformance/vm installs and builds the module';

/** Targets of the Makefile that take minutes, or are what this is a part of: they are there, and so are programs that are run by node. */
function makes(block: Block): void {
  const files = [
    'Makefile',
    'kmod/build.mk',
    ...readdirSync(`${project}/conformance`).map(part => `conformance/${part}/build.mk`),
  ];
  const text = files
    .filter(file => existsSync(`${project}/${file}`))
    .map(file => readFileSync(`${project}/${file}`, 'utf8'));
  for (const command of commandsOf(block)) {
    const [program, target = ''] = command.text.split(' ');
    const part = /^build\/conformance\/(\w+)\.mjs$/.exec(target)?.[1];
    if (program === 'node') assert.ok(existsSync(`${project}/conformance/${part}/main.ts`), command.text);
    else assert.match(text.join('\n'), new RegExp(`^\\.PHONY:.* ?${target}( |$)`, 'm'), command.text);
  }
}

/** A bundle as runc writes it, which the pages take for their examples. */
function runcBundle(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(`${directory}/rootfs`, { recursive: true });
  must('sh', '-c', `cd ${directory} && runc spec`);
}

const number = /\b\d[\d.]*\b/g;

/** That many actions, steps and bytes: within a tenth, so that not every change of a program is one of the page. */
function nearly(shown: string, printed: string): void {
  const [some, others] = [shown, printed].map(line => (line.match(number) ?? []).map(Number)) as [
    number[],
    number[],
  ];
  assert.equal(printed.replace(number, 'N'), shown.replace(number, 'N'));
  for (const [index, one] of some.entries())
    assert.ok(Math.abs((others[index] ?? 0) - one) <= one / 10, `"${printed}", the page has "${shown}"`);
}

/** The lines that a page shows come in that order. Their own numbers may have moved; on a mismatch the lines as they would be now are told. */
function explained(block: Block, ...args: readonly string[]): void {
  const printed = must('chos-runtime', 'explain', ...args)
    .trimEnd()
    .split('\n');
  const shown = block.lines.filter(line => !/^\d+ actions, /.test(line));
  const unnumbered = (line: string): string => line.replace(/^ +\d+ +/, '');
  const missing = missingLine(shown.map(unnumbered), printed.map(unnumbered));
  if (missing === null) return;
  const title = (line: string): string => unnumbered(line).split(/ {2,}/)[0] ?? '';
  const now = shown.map(line => printed.find(one => title(one) === title(line)) ?? `${line}   <- gone`);
  assert.fail(`not there, or not in this order: "${missing}". As it is now:\n${now.join('\n')}`);
}

/** A container that the page takes for granted. */
function running(id: string, bundle: string): void {
  const { status, stderr } = shell(`chos-runtime run --detach -b ${bundle} ${id}`);
  assert.equal(status, 0, stderr);
}

const USER = 1000;

/** By a user who is root nowhere, in a directory of its own with a root file system; a shell is left at once. */
function byUser(block: Block): void {
  freshRegistry(site);
  const [home, session] = ['/home/user', `/run/user/${USER}`];
  rmSync(home, { recursive: true, force: true });
  makeRoot(`${home}/rootfs`);
  mkdirSync(session, { recursive: true });
  must('chown', '-R', `${USER}:${USER}`, home, session);
  const as = `setpriv --reuid ${USER} --regid ${USER} --clear-groups`;
  for (const { text } of commandsOf(block)) {
    const { status, stdout, stderr } = shell(`${as} ${text}`, { terminal: true, input: 'exit\n', cwd: home });
    assert.equal(status, 0, `${text}: ${stdout}${stderr}`);
  }
}

const removed = (...ids: readonly string[]): void => {
  for (const id of ids) shell(`chos-runtime delete --force ${id}`);
};

const site =
  '{ "trees": { "debian13": { "path": "/ostrees/debian13" } }, "shares": [{ "path": "/home" }, { "path": "/scratch" }] }';

/** Its name is there when it listens. */
const CONSOLE = `import os, socket, sys, time
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(sys.argv[1] + ".new")
    listener.listen()
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    kept = socket.recv_fds(listener.accept()[0], 64, 1)
    time.sleep(1000)`;

/** Somebody at a console socket, who keeps the terminal. */
function withConsole(socket: string, run: () => void): void {
  const listener = spawn('python3', ['-c', CONSOLE, socket], { stdio: 'ignore' });
  must('bash', '-c', `until [ -S ${socket} ]; do :; done`);
  run();
  listener.kill('SIGKILL');
}

export const scenarios: readonly Scenario[] = [
  { page: README, first: 'make && make install', run: block => inOrder(block, { make: { cwd: project } }) },
  { page: README, first: 'make try', run: makes },
  { page: README, first: 'host:', run: 'what `make try` prints at its end, with the figures of one machine' },
  { page: README, first: 'config.json + argv', run: PICTURE },
  {
    page: README,
    first: 'mkdir -p first/rootfs/bin',
    run: block =>
      inOrder(block, {
        'chos-runtime explain': {
          look: printed => assert.match(printed, /^ +\d+ +mount proc (on|at) \/proc/m),
        },
        'chos-runtime run': {
          terminal: true,
          input: 'echo $$; exit\n',
          look: printed => assert.match(printed, /^1\r?$/m),
        },
      }),
  },
  {
    page: README,
    first: 'track run',
    run: block => {
      runcBundle('/tmp/bundle');
      explained(block, '/tmp/bundle');
      const printed = must('chos-runtime', 'explain', '/tmp/bundle');
      nearly(block.lines.at(-1) ?? '', printed.trimEnd().split('\n').at(-1) ?? '');
    },
  },
  {
    page: README,
    first: 'chos-runtime: config.json',
    run: ({ lines }) => {
      must('sed', '-i', 's/"hostname": ".*"/"hostname": 5/', '/tmp/bundle/config.json');
      const { status, stderr } = shell('chos-runtime run x', { cwd: '/tmp/bundle' });
      assert.deepEqual([status, stderr.split('\n')[0]], [1, lines[0]]);
    },
  },
  {
    page: README,
    first: 'chos-runtime compile bundle/',
    run: block => {
      makeBundle('bundle', false);
      inOrder(block, {
        './env --id web': {},
        './env': { input: 'exit 7\n', status: 7 },
      });
      assert.equal(shell('chos-runtime state web | jq -r .status').stdout, 'running\n');
      assert.ok(existsSync(`${place}/web.pid`));
      removed('web');
    },
  },
  { page: README, first: '{ "trees"', run: ({ lines }) => freshRegistry(lines.join('\n')) },
  {
    page: README,
    first: 'chos-runtime tree prepare',
    run: block => {
      inOrder(block, {
        systemctl: { not: SYSTEMD },
        'chos-runtime run': {
          terminal: true,
          input: 'cat /etc/debian_version; exit\n',
          look: printed => assert.match(printed, /^debian13\r?$/m),
        },
      });
      assert.match(shell('chos-runtime explain').stdout, /, 0 mounts/);
      shell('chos-runtime tree release debian13; rm config.json');
    },
  },
  { page: README, first: 'apt-get install', run: BUILDS_MODULE },
  {
    page: PODMAN,
    first: '[engine]',
    run: ({ lines }) => {
      containersConf(lines);
      assert.match(must('podman', '--runtime', 'chos-runtime', 'info'), /chos-runtime/);
    },
  },
  {
    page: PODMAN,
    first: 'podman --runtime chos-runtime run',
    run: block => {
      freshRegistry(site);
      inOrder(block, {
        'podman --runtime chos-runtime run --rm -it docker.io': {
          not: 'a registry is out of reach: conformance/podman runs images',
        },
      });
    },
  },
  {
    page: README,
    first: 'podman --runtime chos-runtime run',
    run: block => {
      freshRegistry(site);
      writeFileSync('/home/of-the-host', '');
      inOrder(block, { podman: { look: printed => assert.match(printed, /of-the-host/) } });
    },
  },
  { page: PODMAN, first: 'Error: chos-runtime', run: 'conformance/podman/cases compare the words of errors' },
  { page: PODMAN, first: 'make podman', run: makes },
  {
    page: PODMAN,
    first: '# /etc/containers/systemd/web.container',
    run: 'conformance/vm/cases/podman-systemd.ts starts such units, in a machine that systemd has booted',
  },
  { page: DOCKER, first: '{ "runtimes"', run: DAEMONS },
  { page: CONTAINERD, first: 'ctr run', run: 'conformance/containerd runs this with a real containerd' },
  {
    page: KUBERNETES,
    first: 'version = 2',
    run: 'conformance/containerd writes the same lines into the configuration of a real containerd',
  },
  { page: KUBERNETES, first: 'apiVersion', run: 'Kubernetes is not here' },
  {
    page: KUBERNETES,
    first: '[crio',
    run: 'CRI-O is not packaged by Debian; the names are those of its manual',
  },
  { page: HOOKS, first: '# chos-runtime hooks install', run: byHand },
  ...ciBlocks,
  ...treesIn,
  {
    page: COMPATIBILITY,
    first: 'chos-runtime --log log.json',
    run: block => {
      makeBundle('b', true, 'sh', '-c', 'trap : TERM; while :; do sleep 1; done');
      makeBundle('still', false, 'sleep', '1000');
      const commands = commandsOf(block);
      const one = (index: number): Block => ({ ...block, lines: [commands[index]?.text ?? ''] });
      mkdirSync('/run/user/1000', { recursive: true });
      inOrder(one(0), {
        'chos-runtime': {
          with: { 'bundle b ': 'bundle still ', 'b/init': 'still/init', ' ID': ' by-containerd' },
        },
      });
      inOrder(one(1), { 'chos-runtime': { with: { 'bundle b ': 'bundle still ' } } });
      withConsole(`${place}/s`, () => inOrder(one(2)));
      inOrder(one(3), { 'chos-runtime': {} });
      removed('by-containerd', 'ID');
      shell('chos-runtime --root=/run/user/1000/ delete --force node1.alice.42.0.-1');
    },
  },
  ...['$ srun --chos=alma9 make', '# /etc/slurm/plugstack.conf'].map(first => ({
    page: SLURM,
    first,
    run: 'conformance/slurm submits such jobs to a real Slurm with this plugin',
  })),
  ...['RunTimeQuery', 'RunTimeCreate'].map(first => ({
    page: SLURM,
    first,
    run: 'conformance/slurm writes these patterns into the oci.conf of a real Slurm',
  })),
  {
    page: PROGRAM,
    first: 'chos-runtime explain bundle',
    run: block => {
      removed('x');
      makeBundle('bundle', false);
      makeBundle('still', false, 'sleep', '1000');
      running('x', 'still');
      inOrder(block, {
        'chos-runtime explain --steps': { look: printed => assert.match(printed, /O_CLOEXEC/) },
        'chos-runtime explain --format json': {
          look: printed => assert.ok(JSON.parse(printed).tracks.length > 0),
        },
        'chos-runtime explain ID': { with: { ID: 'x' }, look: printed => assert.match(printed, /actions, /) },
      });
    },
  },
  { page: PROGRAM, first: 'track run', run: block => explained(block, '--steps', 'bundle') },
  {
    page: PROGRAM,
    first: 'chos-runtime explain --format json',
    run: block => {
      const bind = '{destination: "/srv", type: "bind", source: "/home", options: ["rbind"]}';
      shell(`jq '.mounts += [${bind}]' bundle/config.json > new && mv new bundle/config.json`);
      inOrder(block, { chos: { look: printed => assert.equal(printed, '/home\n') } });
    },
  },
  {
    page: PROGRAM,
    first: 'CHOS_STOP',
    run: block => {
      removed('x', 'y');
      running('y', 'still');
      inOrder(block, {
        CHOS_STOP: { cwd: project, with: { bundle: `${place}/bundle` }, status: 1 },
        CHOS_TRACE: {
          cwd: project,
          with: { bundle: `${place}/bundle` },
          look: printed => assert.match(printed, /^init \d+ RECV = 8$/m),
        },
        'build/chos-runtime-debug --engine-validate': {
          cwd: project,
          with: { 'FILE...': '/run/chos-runtime/y/program' },
          look: printed => assert.equal(printed, 'valid\n'),
        },
        'build/chos-runtime-debug --engine-run': {
          cwd: project,
          with: { FILE: '/run/chos-runtime/y/program', 'ID=x': 'ID=y' },
          look: printed => assert.match(printed, /"status":"running"/),
        },
      });
      removed('y');
    },
  },
  ...treesPage,
  ...doctorPage,
  ...dashboardPage,
  ...administration,
  ...tutorial,
  // It prepares debian12, whose first generation docs/trees.md shows.
  ...chosPage,
  ...toolsPage,
  { page: TREES, first: '# modprobe chos', run: MODULE },
  { page: 'docs/rootless.md', first: '$ chos-runtime spec --rootless', run: byUser },
  { page: 'docs/rootless.md', first: '$ chos-runtime spec --rootless --tree', run: byUser },
  { page: LINK, first: '# make kmod-install', run: BUILDS_MODULE },
  { page: LINK, first: '# rmmod chos', run: MODULE },
  { page: 'docs/architecture.md', first: 'argv, config.json', run: PICTURE },
  { page: 'docs/benchmarks.md', first: 'make bench', run: makes },
  { page: 'docs/options.md', first: 'make docs/options.md', run: makes },
  {
    page: 'docs/systemd.md',
    first: 'chos-runtime --systemd-cgroup',
    run: 'process 1 is not systemd here: conformance/vm/cases/systemd.ts',
  },
  { page: 'docs/vm.md', first: 'make vm', run: makes },
  {
    page: 'docs/checkpoint.md',
    first: 'chos-runtime checkpoint --image-path /var/lib/saved/box',
    run: 'it needs CRIU and a kernel that it knows: conformance/vm/cases/checkpoint.ts',
  },
  {
    page: 'docs/checkpoint.md',
    first: 'chos-runtime checkpoint --pre-dump',
    run: 'it needs CRIU and a kernel that it knows: conformance/vm/cases/checkpoint.ts',
  },
  { page: 'README.md', first: 'systemctl enable --now chos-runtime.socket', run: SYSTEMD },
  { page: 'docs/podman.md', first: 'setsid podman unshare', run: 'conformance/podman has one for a user' },
  { page: 'docs/compiler-service.md', first: 'systemctl enable --now chos-runtime.socket', run: SYSTEMD },
  {
    page: 'docs/install.md',
    first: '$ make deb',
    run: 'conformance/packages does this in bare Debian 12 and 13',
  },
  { page: 'docs/vm.md', first: '{', run: 'a case, not a command line' },
  {
    page: 'docs/vm.md',
    first: 'make -C',
    run: 'it downloads kernel headers: conformance/kernel-link builds the module with the first of them',
  },
];
