/** chos-environment: the shares of a prepared tree in containers of other runtimes, live where the runtime leaves them so. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../harness/config.js';
import { type HookCase, underEach } from './case.js';
import {
  begin,
  bundle,
  byHand,
  hooksDir,
  insist,
  type Machine,
  newName,
  podmanRun,
  type Ran,
  type Runtime,
  run,
  runtimeCommand,
  stateText,
} from './machine.js';
import { must, pinOf, withTree } from './prepared-tree.js';

const name = 'chos-environment';
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

/** What a container sees of a mount that the host has made after its start. */
async function seenLater(
  machine: Machine,
  runtime: Runtime,
  tree: string,
  propagation?: string,
): Promise<string> {
  const change = (config: Config) => {
    config.process.args = ['/bin/sh', '-c', 'echo ready; cat /mnt/fifo; cat /mnt/later/note'];
    config.annotations = { 'org.chos.tree': tree };
    Object.assign(config.linux, { rootfsPropagation: propagation });
  };
  spawnSync('rm', ['-f', '/mnt/fifo']);
  must('mkfifo', '/mnt/fifo');
  mkdirSync('/mnt/later', { recursive: true });
  const child = begin(machine, runtime, { hooks: { createRuntime: { args: [name] } }, change }, newName());
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (said === '') {
      must('mount', '-t', 'tmpfs', 'chos-hooks', '/mnt/later');
      writeFileSync('/mnt/later/note', 'later\n');
      writeFileSync('/mnt/fifo', '');
    }
    said += text;
  });
  await once(child, 'close');
  spawnSync('umount', ['/mnt/later']);
  insist('it starts', said, /^ready\n/);
  return said.slice('ready\n'.length);
}

/** Something with a mount namespace of its own, as a container has. */
async function inNamespace(body: (pid: number) => void): Promise<void> {
  const child: ChildProcess = spawn('unshare', ['-m', 'sh', '-c', 'echo; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout) await once(child.stdout, 'data');
  try {
    body(child.pid ?? 0);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
}

interface Told {
  readonly tree?: string;
  readonly pid?: number;
  readonly mounts?: Config['mounts'];
  readonly root?: string;
}

/** The hook by itself, for a bundle on the root of busybox. */
function byHandCase(
  what: string,
  body: (machine: Machine, ask: (told: Told) => Ran, tree: string) => Promise<void> | void,
): HookCase {
  return {
    name: `chos-environment/by hand/${what}`,
    run: machine => {
      const runtime = machine.runtimes.find(one => one.name === 'crun');
      if (runtime === undefined) throw new Error('no crun');
      const ask = (prepared: string, { pid = process.pid, mounts = [], root, tree }: Told) => {
        const change = (config: Config) => {
          config.root.path = root ?? runtime.place.tree;
          config.mounts = [...mounts];
        };
        const at = bundle(machine, runtime, { hooks: {}, change }, newName());
        const annotations = { 'org.chos.tree': tree ?? prepared };
        return byHand(name, [name], stateText({ pid, bundle: at, annotations }));
      };
      return withTree(runtime, tree => body(machine, told => ask(tree, told), tree));
    },
  };
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
  ...underEach(
    'chos-environment/Podman/the share is there, and the variables of the registry',
    (machine, runtime) =>
      withTree(runtime, tree => {
        const hooks = hooksDir(machine, name, [], [name, `${name}-precreate`]);
        const annotation = ['--annotation', `org.chos.tree=${tree}`];
        const ran = podmanRun(runtime, hooks, annotation, [
          'sh',
          '-c',
          'cat /mnt/note; echo "$SITE"; env | grep -c SITE=',
        ]);
        insist('words', ran.stderr, '');
        insist('inside', ran.stdout, 'of the share\nof the registry\n1\n');
      }),
  ),
  {
    name: 'chos-environment/precreate/many variables on both sides',
    run: () => {
      mkdirSync('/etc/chos.d', { recursive: true });
      const env = Array.from({ length: 200 }, (_, i) => `E${i}=1`);
      const site = { trees: { big: { path: '/', env: [...env, 'E0=2', 'V0=no'] } } };
      writeFileSync('/etc/chos.d/site.json', JSON.stringify(site), { mode: 0o644 });
      const theirs = Array.from({ length: 1000 }, (_, i) => `V${i}=${'x'.repeat(1000)}`);
      const annotations = { 'org.chos.tree': 'big' };
      const config = { ociVersion: '1.0.2', annotations, process: { env: theirs } };
      const { stdout, stderr } = byHand(name, [name], JSON.stringify(config));
      rmSync('/etc/chos.d', { recursive: true });
      insist('words', stderr, '');
      const wanted = [...theirs, ...env.slice(1), 'E0=2'];
      insist('variables', JSON.stringify(JSON.parse(stdout).process.env), JSON.stringify(wanted));
    },
  },
  ...underOthers('chos-environment/bundle/the variables of the registry', (machine, runtime) =>
    withTree(runtime, tree => {
      const id = newName();
      const change = (config: Config) => {
        config.process.args = ['/bin/sh', '-c', 'echo "$SITE $PATH"'];
        config.process.env = ['PATH=/bin'];
        config.annotations = { 'org.chos.tree': tree };
      };
      const dir = bundle(machine, runtime, { hooks: {}, change }, id);
      insist('words', byHand(name, [name, '--bundle', dir], '').stderr, '');
      insist('inside', runtimeCommand(runtime, 'run', '-b', dir, id).stdout, 'of the registry /bin\n');
    }),
  ),
  ...underOthers('chos-environment/config.json/a tree that nobody has prepared', (machine, runtime) => {
    const ran = start(machine, runtime, 'nobodys');
    insist('it starts', ran.code !== 0, true);
    // crun says what a hook says in its log only.
    if (runtime.name === 'runc')
      insist('words', ran.stderr, /chos-environment: .*chos-runtime tree prepare nobodys/);
  }),
  ...underOthers('chos-environment/config.json/what is mounted later', (machine, runtime) =>
    withTree(runtime, async tree => {
      for (const propagation of [undefined, 'rslave', 'rprivate']) {
        const live = runtime.name === 'runc' || propagation === 'rslave';
        insist(`${propagation}`, await seenLater(machine, runtime, tree, propagation), live ? 'later\n' : '');
      }
    }),
  ),
  byHandCase('a container without a mount namespace of its own', (_, ask) => {
    const { code, stderr } = ask({ pid: process.pid });
    insist('words', stderr, /: the container has no mount namespace of its own\n$/);
    insist('exit code', code, 1);
    insist('mounts of the host', readFileSync('/proc/self/mountinfo', 'utf8'), /^(?!.*tree\/mnt )/s);
  }),
  byHandCase('mounts of config.json at and below the place of a share', async (_, ask) => {
    const mounted = (destination: string) => [{ destination, type: 'tmpfs', source: 'x' }];
    const hidden = ask({ mounts: mounted('/mnt/./below/') }).stderr;
    insist('below', hidden, /the share \/mnt would hide what config.json mounts on \/mnt\/below\n/);
    await inNamespace(pid => {
      for (const destination of ['/mnt/', 'x/..//mnt']) {
        insist(destination, ask({ pid, mounts: mounted(destination) }).stderr, '');
        insist('left', readFileSync(`/proc/${pid}/mountinfo`, 'utf8'), /^(?!.*tree\/mnt )/s);
      }
      insist('beside', ask({ pid, mounts: mounted('/mnt2/x') }).stderr, '');
      insist('shown', readFileSync(`/proc/${pid}/mountinfo`, 'utf8'), /tree\/mnt /);
    });
  }),
  byHandCase('a share whose place is a link to where config.json mounts', async (machine, ask) => {
    const root = join(machine.dir, newName());
    mkdirSync(join(root, 'srv/a/b'), { recursive: true });
    mkdirSync(join(root, 'opt'));
    writeFileSync(join(root, 'srv/file'), '');
    symlinkSync('/srv', join(root, 'mnt'));
    must('mount', '--bind', root, root);
    must('mount', '-t', 'tmpfs', 'chos-hooks', join(root, 'srv/a'));
    mkdirSync(join(root, 'srv/a/b'));
    await inNamespace(pid => {
      const mounted = (destination: string) =>
        ask({ pid, root, mounts: [{ destination, type: 'tmpfs', source: 'x' }] }).stderr;
      for (const path of ['/srv', '/srv/file', '/srv/a', '/srv/a/b'])
        insist(path, mounted(path), new RegExp(`: the share /mnt would hide what .* mounts on ${path}\n$`));
      for (const path of ['/opt', '/', '/nowhere']) insist(path, mounted(path), '');
    });
    must('umount', '-R', root);
  }),
  byHandCase('a place on procfs', async (machine, ask) => {
    const root = join(machine.dir, newName());
    mkdirSync(join(root, 'proc'), { recursive: true });
    symlinkSync('proc', join(root, 'mnt'));
    must('mount', '-t', 'proc', 'proc', join(root, 'proc'));
    await inNamespace(pid =>
      insist('words', ask({ pid, root }).stderr, /the place of \/mnt in \S+ is on procfs\n$/),
    );
    must('umount', join(root, 'proc'));
  }),
  byHandCase('a record that is not of what is pinned, or has no shares', async (_, ask, tree) => {
    await inNamespace(pid => {
      const changed = (change: object) => {
        const path = `${pinOf(tree)}.json`;
        const text = readFileSync(path, 'utf8');
        writeFileSync(path, JSON.stringify({ ...JSON.parse(text), ...change }));
        const { code, stderr } = ask({ pid });
        writeFileSync(path, text);
        return `${code} ${stderr}`;
      };
      insist('boot', changed({ boot: 'another' }), /^1 .* is of an earlier boot: chos-runtime tree prepare/);
      insist('inode', changed({ inode: 1 }), /^1 .* is not of the mount namespace that is pinned there/);
      for (const shares of [undefined, null, {}])
        insist('shares', changed({ shares }), /^1 .*: it has no list of shares\n$/);
      mkdirSync('/mnt/real/x', { recursive: true });
      symlinkSync('real', '/mnt/link');
      const behind = (place: string) => changed({ shares: [{ path: '/mnt', place }] });
      insist('link', behind('/mnt/link/x'), /^1 .*open \/mnt of \S+: Too many levels of symbolic links\n$/);
      insist('no link', behind('/mnt/real/x'), '0 ');
    });
  }),
  byHandCase('a tree whose name is a path', async (_, ask, tree) => {
    const [from, to] = [pinOf(tree), '/run/chos-trees/a%2Fb%25@7'];
    copyFileSync(`${from}.json`, `${to}.json`);
    writeFileSync(to, '');
    must('mount', '--bind', from, to);
    await inNamespace(pid => insist('words', ask({ pid, tree: 'a/b%' }).stderr, ''));
    must('umount', to);
    insist(
      'it is no pin',
      ask({ tree: 'a/b%' }).stderr,
      /is not of the mount namespace that is pinned there/,
    );
    rmSync(to);
    rmSync(`${to}.json`);
  }),
  byHandCase('variables that are none, and two files for one tree', async (_, _ask, tree) => {
    const registry = '/etc/chos.d/environment.json';
    const site = readFileSync(registry, 'utf8');
    const config = JSON.stringify({
      ociVersion: '1.0.2',
      process: {},
      annotations: { 'org.chos.tree': tree },
    });
    const told = (env: unknown) => {
      writeFileSync(registry, JSON.stringify({ trees: { [tree]: { path: '/', env } } }));
      const { stdout, stderr } = byHand(name, [name], config);
      return stderr || JSON.parse(stdout).process.env?.join();
    };
    insist('list', told('A=1'), `${name}: the registry: "env" of the tree ${tree} is no list\n`);
    for (const one of ['A', '=1', 5, 'A=\u0000'])
      insist(
        `${one}`,
        told([one]),
        `${name}: the registry: an entry of "env" of the tree ${tree} is not NAME=VALUE\n`,
      );
    insist('none', told(undefined), undefined);
    insist('well', told(['A=1', 'AB=2', 'A=']), 'AB=2,A=');
    writeFileSync('/etc/chos.d/more.json', site, { mode: 0o644 });
    insist('two files', told([]), / both register the tree \S+\n$/);
    rmSync('/etc/chos.d/more.json');
    writeFileSync(registry, site);
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
