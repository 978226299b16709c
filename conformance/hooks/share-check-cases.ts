/** share-check: a share that does not answer ends the start, by name, server and time. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../harness/config.js';
import { type HookCase, underEach } from './case.js';
import { type DeadShare, withDeadShare } from './dead-share.js';
import {
  byHand,
  cgroupParent,
  hookPath,
  hooksDir,
  insist,
  kernelLog,
  type Machine,
  newName,
  podman,
  podmanRun,
  readIfThere,
  run,
  settingsFile,
  stateText,
  until,
  within,
} from './machine.js';

const name = 'share-check';

const deadLine = ({ path, server }: DeadShare, place: string): string =>
  `share-check: ${path} did not answer within 1500 ms: ${server} on ${path} (${place}`;

const bind = (source: string) => (config: Config) => {
  config.process.args = ['/bin/true'];
  config.mounts.push({ destination: '/mnt', type: 'bind', source, options: ['rbind'] });
};

const fast = (machine: Machine, more: object = {}) => [
  '--settings',
  settingsFile(machine, { milliseconds: 1500, ...more }),
];

/** Those that have not ended: their number, and that of their parent. */
function hookProcesses(): readonly { readonly pid: number; readonly parent: number }[] {
  return readdirSync('/proc').flatMap(entry => {
    const stat = /^\d+$/.test(entry) ? readIfThere(`/proc/${entry}/stat`) : '';
    const [, state, parent] = /^\d+ \(share-check\) (.) (\d+)/.exec(stat) ?? [];
    return state === undefined || state === 'Z' ? [] : [{ pid: Number(entry), parent: Number(parent) }];
  });
}

/** What the hook says of the registry, in a directory made for that. */
function ofRegistry(machine: Machine, make: (file: string) => void): string {
  const bundle = join(machine.dir, newName());
  mkdirSync(bundle);
  writeFileSync(join(bundle, 'config.json'), '{}');
  mkdirSync('/etc/chos.d', { recursive: true });
  try {
    make('/etc/chos.d/site.json');
    return byHand(name, [name], stateText({ bundle, annotations: { 'org.chos.tree': 'one' } })).stderr;
  } finally {
    rmSync('/etc/chos.d', { recursive: true });
  }
}

export const shareCheckCases: readonly HookCase[] = [
  ...underEach('share-check/config.json/all well', (machine, runtime) => {
    const { code, stderr } = run(machine, runtime, {
      hooks: { createRuntime: { args: [name] } },
      change: bind('/home'),
    });
    insist('words', stderr, '');
    insist('exit code', code, 0);
  }),
  ...underEach('share-check/Podman/all well', (machine, runtime) => {
    const { code, stderr } = podmanRun(runtime, hooksDir(machine, name), ['-v', '/home:/mnt'], ['true']);
    insist('words', stderr, '');
    insist('exit code', code, 0);
  }),
  ...underEach('share-check/config.json/a share that does not answer', (machine, runtime) =>
    withDeadShare(machine, share => {
      const { path } = share;
      // The runtimes touch what they mount first: the dead one is the site's.
      const began = Date.now();
      const ran = run(machine, runtime, {
        hooks: { createRuntime: { args: [name, ...fast(machine, { shares: [path] })] } },
        change: bind('/home'),
      });
      const line = deadLine(share, 'settings: shares)');
      // crun shows what hooks say only in its log file.
      if (runtime.name !== 'crun') insist('words', ran.stderr.includes(line) || ran.stderr, true);
      insist('it starts', ran.code !== 0, true);
      insist('it waits no longer', Date.now() - began < 20_000, true);
    }),
  ),
  ...underEach('share-check/Podman/a share that does not answer', (machine, runtime) =>
    withDeadShare(machine, share => {
      const dir = hooksDir(machine, name, fast(machine, { shares: [share.path] }));
      const ran = podmanRun(runtime, dir, [], ['true']);
      const line = deadLine(share, 'settings: shares)');
      if (runtime.name !== 'crun') insist('words', ran.stderr.includes(line) || ran.stderr, true);
      insist('it starts', ran.code !== 0, true);
    }),
  ),
  ...underEach(
    'share-check/Podman/precreate, a share that is dead when a container starts again',
    (machine, runtime) => {
      const dir = hooksDir(machine, name, fast(machine), ['share-check-precreate']);
      const id = newName();
      const share = join(machine.dir, `share-${id}`);
      mkdirSync(share);
      const own = ['--network', 'none', '--cgroup-parent', cgroupParent, '--name', id, '-v', `${share}:/mnt`];
      insist(
        'create',
        podman(runtime, dir, 'create', ...own, '--rootfs', runtime.place.tree, 'true').stderr,
        '',
      );
      insist('well', podman(runtime, dir, 'start', '--attach', id).stderr, '');
      return withDeadShare(
        machine,
        dead => {
          const ran = podman(runtime, dir, 'start', '--attach', id);
          insist('words', ran.stderr, /precreate hook: executing \[share-check .*: exit status 1/);
          const log = readFileSync(kernelLog(machine.dir), 'utf8');
          insist('kernel log', log.includes(deadLine(dead, 'config.json mounts[')) || log, true);
        },
        share,
      );
    },
  ),
  {
    name: 'share-check/by hand/the dead one is named, and what asks it holds no stream',
    run: machine =>
      withDeadShare(machine, share => {
        const { path } = share;
        const bundle = join(machine.dir, newName());
        mkdirSync(bundle);
        const mounts = ['/home', path, '/tmp'].map(source => ({ destination: '/a', type: 'bind', source }));
        writeFileSync(join(bundle, 'config.json'), JSON.stringify({ mounts }));
        const ran = byHand(name, [name, ...fast(machine)], stateText({ bundle }));
        const line = `${deadLine(share, 'config.json mounts[1])')}
`;
        insist('words', ran.stderr, line);
        insist('exit code', ran.code, 1);
      }),
  },
  {
    name: 'share-check/by hand/as many binds as a config.json may have',
    run: machine => {
      const bundle = join(machine.dir, newName());
      const source = (n: number): string => join(bundle, `${n}`);
      mkdirSync(bundle);
      const sources = Array.from({ length: 10_000 }, (_, n) => source(n));
      const mounts = sources.map(source => ({ destination: '/a', type: 'bind', source }));
      for (const one of sources.slice(0, -1)) mkdirSync(one);
      writeFileSync(join(bundle, 'config.json'), JSON.stringify({ mounts }));
      const ran = byHand(name, [name, ...fast(machine)], stateText({ bundle }));
      insist(
        'words',
        ran.stderr,
        /9999 cannot be used: it does not exist \(.*config.json mounts\[9999\]\)\n$/,
      );
      mkdirSync(source(9999));
      insist('all there', byHand(name, [name, ...fast(machine)], stateText({ bundle })).stderr, '');
    },
  },
  {
    name: 'share-check/by hand/two dead ones, and one that is missing',
    run: machine =>
      withDeadShare(machine, ({ path: first }) =>
        withDeadShare(machine, ({ path: second }) => {
          const more = { shares: [first, second, '/nonexistent'] };
          const bundle = join(machine.dir, newName());
          mkdirSync(bundle);
          writeFileSync(join(bundle, 'config.json'), '{}');
          const ran = byHand(name, [name, ...fast(machine, more)], stateText({ bundle }));
          insist('words', ran.stderr, /did not answer within 1500 ms: .*; and 2 more\n$/);
        }),
      ),
  },
  {
    name: 'share-check/by hand/the shares of the tree in the registry',
    run: machine => {
      const bundle = join(machine.dir, newName());
      mkdirSync(bundle);
      mkdirSync('/etc/chos.d', { recursive: true });
      writeFileSync(join(bundle, 'config.json'), '{}');
      const shares = [{ path: '/home' }, { path: '/gone' }];
      const own = { path: '/', shares: [{ path: '/own-gone' }, { path: '/maybe', optional: true }] };
      const site = {
        trees: { one: { path: '/' }, own, none: { path: '/', shares: [] } },
        shares,
        default: 'one',
      };
      writeFileSync('/etc/chos.d/site.json', JSON.stringify(site), { mode: 0o644 });
      const asked = (annotations: object): string =>
        byHand(name, [name], stateText({ bundle, annotations })).stderr;
      const gone =
        /^share-check: \/gone cannot be used: it does not exist \(.*; \/etc\/chos.d\/site.json shares\)\n$/;
      insist('annotation', asked({ 'org.chos.tree': 'one' }), gone);
      insist('default', asked({ 'org.chos.tree': 'default' }), gone);
      insist('generation', asked({ 'org.chos.environment': 'one@3' }), gone);
      insist('its own', asked({ 'org.chos.tree': 'own' }), /\/own-gone .*site.json trees.own.shares\)\n$/);
      insist('none', asked({ 'org.chos.tree': 'none' }), '');
      insist('no tree', asked({}), '');
      const twice = { shares: [{ path: '/gone', optional: true }, { path: '/gone' }] };
      writeFileSync('/etc/chos.d/more.json', JSON.stringify(twice), { mode: 0o644 });
      writeFileSync('/etc/chos.d/site.json', JSON.stringify({ trees: site.trees }), { mode: 0o644 });
      insist('optional for one only', asked({ 'org.chos.tree': 'one' }), /\/gone cannot be used/);
      rmSync('/etc/chos.d', { recursive: true });
    },
  },
  {
    name: 'share-check/by hand/what asks holds no descriptor of the caller, and nobody is left',
    run: machine =>
      withDeadShare(machine, async ({ path }) => {
        const bundle = join(machine.dir, newName());
        mkdirSync(bundle);
        writeFileSync(join(bundle, 'config.json'), '{}');
        const ofCaller = openSync('/etc/passwd', 'r');
        const hook = spawn(hookPath(name), fast(machine, { shares: ['/home', path], milliseconds: 3000 }), {
          stdio: ['pipe', 'ignore', 'ignore', ofCaller, ofCaller],
        });
        const ended = new Promise(done => hook.on('close', done));
        hook.stdin?.end(stateText({ bundle }));
        const asking = () => hookProcesses().filter(({ parent }) => parent === hook.pid);
        await until('two children', () => asking().length === 2);
        for (const { pid } of asking()) {
          const held = readdirSync(`/proc/${pid}/fd`).map(fd => readlinkSync(`/proc/${pid}/fd/${fd}`));
          insist('descriptors', held.join(), /^pipe:\[\d+\]$/);
        }
        closeSync(ofCaller);
        insist('exit code', await within(60, 'its end', ended), 1);
        await until('the end of all', () => hookProcesses().length === 0);
      }),
  },
  {
    name: 'share-check/by hand/nobody is left when its caller kills it',
    run: machine =>
      withDeadShare(machine, async ({ path }) => {
        const settings = fast(machine, { shares: [path], milliseconds: 60_000 });
        const hook = spawn(hookPath(name), settings, { stdio: ['pipe', 'ignore', 'ignore'] });
        const bundle = join(machine.dir, newName());
        mkdirSync(bundle);
        writeFileSync(join(bundle, 'config.json'), '{}');
        hook.stdin?.end(stateText({ bundle }));
        await until('two children', () => hookProcesses().length === 3);
        hook.kill('SIGKILL');
        await until('the end of all', () => hookProcesses().length === 0);
      }),
  },
  {
    name: 'share-check/by hand/a registry that others can write to, or that is not what it should be',
    run: machine => {
      const text = JSON.stringify({ trees: { one: { path: '/' } }, shares: ['/gone'] });
      const written = (change: (file: string) => void, content = text) =>
        ofRegistry(machine, file => {
          writeFileSync(file, content, { mode: 0o644 });
          change(file);
        });
      const refused = /^share-check: refuses \/etc\/chos.d\/site.json: owner (0, mode 666|1000, mode 644);/;
      const elsewhere = join(machine.dir, newName());
      writeFileSync(elsewhere, text, { mode: 0o644 });
      const linked = (target: string) => ofRegistry(machine, file => symlinkSync(target, file));
      insist(
        'well',
        written(() => {}),
        /\/gone cannot be used/,
      );
      insist(
        'mode',
        written(file => chmodSync(file, 0o666)),
        refused,
      );
      insist(
        'owner',
        written(file => chownSync(file, 1000, 0)),
        refused,
      );
      insist('a link', linked(elsewhere), /\/gone cannot be used/);
      chownSync(elsewhere, 1000, 0);
      insist('a link to what is not trusted', linked(elsewhere), refused);
      insist('a link to nothing', linked('/nonexistent'), '');
      insist('a circle', linked('site.json'), /open \/etc\/chos.d\/site.json: Too many levels/);
      insist(
        'a directory',
        ofRegistry(machine, file => mkdirSync(file)),
        /it is not a regular file/,
      );
      const kind = /^share-check: \/etc\/chos.d\/site.json shares: it is not a list\n$/;
      insist(
        'kind',
        written(() => {}, text.replace('["/gone"]', '"/gone"')),
        kind,
      );
    },
  },
];
