/** share-check: a share that does not answer ends the start, by name, server and time. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../harness/config.js';
import { type HookCase, underEach } from './case.js';
import {
  byHand,
  hooksDir,
  insist,
  type Machine,
  newName,
  podmanRun,
  run,
  settingsFile,
  stateText,
} from './machine.js';

const name = 'share-check';

/** A FUSE mount whose server never answers: what touches it waits, as with an NFS server that is gone. */
function withDeadShare(machine: Machine, body: (path: string) => void): void {
  const path = join(machine.dir, `dead-${newName()}`);
  mkdirSync(path);
  const server = openSync('/dev/fuse', 'r+');
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0';
  const { status, stderr } = spawnSync(
    'mount',
    ['-i', '-t', 'fuse', '-o', options, 'filer1:/scratch', path],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe', server],
    },
  );
  if (status !== 0) throw new Error(`mount: ${stderr}`);
  try {
    body(path);
  } finally {
    // What still waits for an answer gets an error.
    closeSync(server);
    spawnSync('umount', ['-l', path]);
  }
}

const bind = (source: string) => (config: Config) => {
  config.process.args = ['/bin/true'];
  config.mounts.push({ destination: '/mnt', type: 'bind', source, options: ['rbind'] });
};

const fast = (machine: Machine, more: object = {}) => [
  '--settings',
  settingsFile(machine, { milliseconds: 1500, ...more }),
];

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
    withDeadShare(machine, path => {
      // The runtimes touch what they mount first: the dead one is the site's.
      const began = Date.now();
      const ran = run(machine, runtime, {
        hooks: { createRuntime: { args: [name, ...fast(machine, { shares: [path] })] } },
        change: bind('/home'),
      });
      const line = `share-check: ${path} did not answer within 1500 ms: fuse filer1:/scratch on ${path} (settings: shares)`;
      // crun shows what hooks say only in its log file.
      if (runtime.name !== 'crun') insist('words', ran.stderr.includes(line) || ran.stderr, true);
      insist('it starts', ran.code !== 0, true);
      insist('it waits no longer', Date.now() - began < 20_000, true);
    }),
  ),
  ...underEach('share-check/Podman/a share that does not answer', (machine, runtime) =>
    withDeadShare(machine, path => {
      const dir = hooksDir(machine, name, fast(machine, { shares: [path] }));
      const ran = podmanRun(runtime, dir, [], ['true']);
      if (runtime.name !== 'crun') insist('words', ran.stderr, /did not answer within 1500 ms: fuse filer1/);
      insist('it starts', ran.code !== 0, true);
    }),
  ),
  {
    name: 'share-check/by hand/the dead one is named, and what asks it holds no stream',
    run: machine =>
      withDeadShare(machine, path => {
        const bundle = join(machine.dir, newName());
        mkdirSync(bundle);
        const mounts = ['/home', path, '/tmp'].map(source => ({ destination: '/a', type: 'bind', source }));
        writeFileSync(join(bundle, 'config.json'), JSON.stringify({ mounts }));
        const ran = byHand(name, [name, ...fast(machine)], stateText({ bundle }));
        const line = `share-check: ${path} did not answer within 1500 ms: fuse filer1:/scratch on ${path} (config.json mounts[1])\n`;
        insist('words', ran.stderr, line);
        insist('exit code', ran.code, 1);
      }),
  },
  {
    name: 'share-check/by hand/two dead ones, and one that is missing',
    run: machine =>
      withDeadShare(machine, first =>
        withDeadShare(machine, second => {
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
      rmSync('/etc/chos.d', { recursive: true });
    },
  },
];
