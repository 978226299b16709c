/** chos-environment: the shares of a prepared tree in containers of other runtimes, live where the runtime leaves them so. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HookCase, underEach } from './case.js';
import {
  byHand,
  hooksDir,
  insist,
  type Machine,
  podmanRun,
  type Runtime,
  run,
  stateText,
  top,
} from './machine.js';

const name = 'chos-environment';
const chos = (...args: readonly string[]) =>
  spawnSync(join(top, 'build/chos-runtime'), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

function must(program: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}

/** A prepared tree whose share is /mnt, a shared mount of the host; the body adds to it what comes later. */
function withTree(runtime: Runtime, body: (tree: string) => void): void {
  const tree = `env-${runtime.name}`;
  const { tree: path } = runtime.place;
  mkdirSync(join(path, 'mnt'), { recursive: true });
  must('mount', '-t', 'tmpfs', 'chos-hooks', '/mnt');
  must('mount', '--make-shared', '/mnt');
  mkdirSync('/etc/chos.d', { recursive: true });
  writeFileSync('/mnt/note', 'of the share\n');
  const site = { trees: { [tree]: { path } }, shares: [{ path: '/mnt' }] };
  writeFileSync('/etc/chos.d/environment.json', JSON.stringify(site), { mode: 0o644 });
  const prepared = chos('tree', 'prepare', tree);
  try {
    insist('prepare', prepared.stderr, '');
    body(tree);
  } finally {
    chos('tree', 'release', '--force', tree);
    spawnSync('rm', ['/etc/chos.d/environment.json']);
    spawnSync('umount', ['-R', '-l', '/mnt']);
  }
}

const look = 'cat /mnt/note; grep -c " /mnt .* master:" /proc/self/mountinfo';

function start(machine: Machine, runtime: Runtime, tree: string) {
  return run(machine, runtime, {
    hooks: { createRuntime: { args: [name] } },
    change: config => {
      config.process.args = ['/bin/sh', '-c', look];
      config.annotations = { 'org.chos.tree': tree };
      config.linux.rootfsPropagation = 'rslave';
    },
  });
}

/** Under chos-runtime the hook does nothing; that nothing is in the way shows the case by Podman. */
const underOthers: typeof underEach = (what, body) =>
  underEach(what, body).filter(one => !one.name.endsWith('[chos-runtime]'));

export const environmentCases: readonly HookCase[] = [
  ...underOthers(
    'chos-environment/config.json/the share is there, and follows the host',
    (machine, runtime) =>
      withTree(runtime, tree => {
        const ran = start(machine, runtime, tree);
        insist('words', ran.stderr, '');
        insist('inside', ran.stdout, 'of the share\n1\n');
      }),
  ),
  ...underEach('chos-environment/Podman/the share is there', (machine, runtime) =>
    withTree(runtime, tree => {
      const annotation = ['--annotation', `org.chos.tree=${tree}`];
      const ran = podmanRun(runtime, hooksDir(machine, name), annotation, ['cat', '/mnt/note']);
      insist('words', ran.stderr, '');
      insist('inside', ran.stdout, 'of the share\n');
    }),
  ),
  ...underOthers('chos-environment/config.json/a tree that nobody has prepared', (machine, runtime) => {
    const ran = start(machine, runtime, 'nobodys');
    insist('it starts', ran.code !== 0, true);
  }),
  {
    name: 'chos-environment/by hand/no annotation, no generation',
    run: () => {
      insist('none', byHand(name, [name], stateText()).code, 0);
      const bundle = '/nowhere';
      const annotations = { 'org.chos.tree': 'x' };
      insist(
        'bundle',
        byHand(name, [name], stateText({ bundle, annotations })).stderr,
        /read \/nowhere\/config.json: No such/,
      );
    },
  },
];
