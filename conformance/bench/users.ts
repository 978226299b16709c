/**
 * `chos` of a user, by mounts of its own, beside what else users have to work in a tree: bwrap with the same view, and apptainer, all in a tree of Debian sid
 * that has them (`peers`). It becomes the root of the timer's mount namespace: in a chroot nobody may make user namespaces.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Contestant } from './plan.js';
import type { Context, Race, Scenario } from './race.js';

export const userNames = ['chos', 'bwrap', 'apptainer'] as const;
const USER = 1000;
const place = '/run/peers';
const view = ['/proc', '/sys', '/dev', '/home'];

/** What root prepares on the host is what is found in the tree of the peers. */
const script = ({ tools, rootfs }: Context, registry: string, tree: string): string =>
  [
    'mkdir -p /run/etc-upper /run/etc-work',
    'mount -t overlay -o lowerdir=/etc,upperdir=/run/etc-upper,workdir=/run/etc-work overlay /etc',
    `mkdir -p /etc/chos.d ${place} && cp ${registry} /etc/chos.d/bench.json`,
    `${tools.chos} tree prepare --all`,
    `mount --bind ${tree} ${place}`,
    `mount -o remount,bind,ro ${place}`,
    `for name in proc sys dev; do mount --rbind /$name ${place}/$name; done`,
    `for name in run tmp home; do mount -t tmpfs -o mode=755 tmpfs ${place}/$name; done`,
    `chmod 1777 ${place}/tmp && mkdir -p ${place}/home/user ${place}${rootfs} && chown ${USER}:${USER} ${place}/home/user`,
    `mount --bind ${rootfs} ${place}${rootfs}`,
    `cp -a /run/chos ${place}/run/chos && cp ${join(dirname(tools.chos), 'chos')} ${place}/run/chos-of-users`,
    `cd ${place} && pivot_root . . && umount -l .`,
  ].join(' && ');

const argvOf = (rootfs: string): Readonly<Record<(typeof userNames)[number], readonly string[]>> => ({
  chos: ['/run/chos-of-users', 'bench', '/bin/true'],
  bwrap: [
    '/usr/bin/bwrap',
    '--bind',
    rootfs,
    '/',
    ...view.flatMap(path => ['--dev-bind', path, path]),
    '--chdir',
    '/',
    '/bin/true',
  ],
  apptainer: ['/usr/bin/apptainer', '--silent', 'exec', rootfs, '/bin/true'],
});

export const usersScenario: Scenario = {
  id: 'chos',
  title: 'true in a tree, as a user',
  rounds: 60,
  set: (context): Race => {
    const { rootfs, directory } = context;
    const peers = spawnSync('conformance/bench/peers', { encoding: 'utf8' });
    if (peers.status !== 0)
      return {
        contestants: [],
        absent: userNames.map(name => ({ name, status: 'absent', reason: `peers: ${peers.stderr.trim()}` })),
      };
    for (const path of view) mkdirSync(join(rootfs, path), { recursive: true });
    const registry = join(directory, 'chos.registry.json');
    const trees = { bench: { path: rootfs, backEnd: 'private' } };
    writeFileSync(registry, JSON.stringify({ trees, shares: [{ path: '/home' }] }));
    const argv = argvOf(rootfs);
    return {
      absent: [],
      prepare: [
        ['user', `${USER}`],
        ['setup', '/bin/sh', '-c', script(context, registry, `${peers.stdout.trim()}/tree`)],
      ],
      contestants: userNames.map(
        (name): Contestant => ({ name, steps: [{ kind: 'time', label: 'run', argv: argv[name] }] }),
      ),
    };
  },
};
