/** A tree comes in: an image of some 300 MB by `tree import`, beside what one would do with Podman; and the digest of it beside sha256sum(1) on all cores. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contestant, Step } from './plan.js';
import type { Context, Race, Scenario } from './race.js';

const podman = '/usr/bin/podman';
const BYTES = 300 << 20;

function output(script: string): string {
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-ec', script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${script}: ${stderr}`);
  return stdout.trim();
}

/** Of the host's own files, in the order of their names, until there are enough. */
function content(): readonly string[] {
  const all = output('du -s --block-size=1 /usr/bin /usr/lib/*').split('\n');
  let bytes = 0;
  return all.flatMap(line => {
    const [size = '0', path = ''] = line.split('\t');
    if (Number(size) > BYTES || bytes > BYTES) return [];
    bytes += Number(size);
    return [path];
  });
}

/** An archive as `docker save` writes it, of one layer; made once. */
function image(directory: string): string {
  const archive = join(directory, 'image.tar');
  if (existsSync(archive)) return archive;
  const parts = join(directory, 'image');
  mkdirSync(parts);
  output(`tar -cf ${parts}/layer.tar ${content().join(' ')} 2>/dev/null`);
  const digest = output(`sha256sum <${parts}/layer.tar`).split(' ')[0];
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
  });
  const name = `${createHash('sha256').update(config).digest('hex')}.json`;
  writeFileSync(join(parts, name), config);
  const manifest = [{ Config: name, RepoTags: ['localhost/bench:1'], Layers: ['layer.tar'] }];
  writeFileSync(join(parts, 'manifest.json'), JSON.stringify(manifest));
  output(`tar -C ${parts} -cf ${archive} manifest.json ${name} layer.tar && rm -r ${parts}`);
  return archive;
}

/** The store on the disk on which Podman's is, and a registry of its own. */
const ownStore = (directory: string): string =>
  [
    'mkdir -p /run/up-etc /run/work-etc /run/up-lib /run/work-lib',
    'mount -t overlay -o lowerdir=/etc,upperdir=/run/up-etc,workdir=/run/work-etc overlay /etc',
    'mount -t overlay -o lowerdir=/var/lib,upperdir=/run/up-lib,workdir=/run/work-lib overlay /var/lib',
    `mkdir -p /etc/chos.d /var/lib/chos ${directory}/store`,
    `mount --bind ${directory}/store /var/lib/chos`,
  ].join(' && ');

const shell = (script: string): readonly string[] => ['/bin/sh', '-ec', script];

function podmanSteps(directory: string, archive: string): readonly Step[] {
  const place = join(directory, 'podman');
  const storage = `--root ${place}/root --runroot ${place}/run --tmpdir ${place}/tmp --storage-driver overlay`;
  const call = `${podman} ${storage} --cgroup-manager cgroupfs --events-backend file`;
  const load = `${call} load -q -i ${archive} >/dev/null && ${call} create --name bench localhost/bench:1 true >/dev/null`;
  return [
    { kind: 'quiet', argv: shell(`rm -rf ${place}/out && mkdir -p ${place}/out`) },
    {
      kind: 'time',
      label: 'import',
      argv: shell(`${load} && ${call} export bench | tar -x -C ${place}/out`),
    },
    { kind: 'quiet', argv: shell(`${call} rm bench >/dev/null && ${call} rmi localhost/bench:1 >/dev/null`) },
  ];
}

const scenario = (
  id: string,
  title: string,
  contestants: (context: Context, archive: string) => readonly Contestant[],
): Scenario => ({
  id,
  title,
  rounds: 3,
  set: (context): Race => {
    const directory = join(context.directory, 'import');
    mkdirSync(directory, { recursive: true });
    return {
      prepare: [['setup', ...shell(ownStore(directory))]],
      contestants: contestants(context, image(directory)),
      absent: existsSync(podman)
        ? []
        : [{ name: 'podman', status: 'absent', reason: `${podman}: not there` }],
    };
  },
});

export const importScenarios: readonly Scenario[] = [
  scenario('import', 'tree import, an image of 300 MB', ({ tools, directory }, archive) => [
    {
      name: 'cold',
      steps: [
        {
          kind: 'time',
          label: 'import',
          argv: [tools.chos, 'tree', 'import', archive, '--name', 'bench', '--json'],
        },
        { kind: 'quiet', argv: [tools.chos, 'tree', 'remove', 'bench'] },
      ],
    },
    ...(existsSync(podman)
      ? [{ name: 'podman', steps: podmanSteps(join(directory, 'import'), archive) }]
      : []),
  ]),
  scenario('digest', 'tree digest of 300 MB', ({ tools, directory }, archive) => {
    const tree = join(directory, 'import/tree');
    output(`mkdir -p ${tree} && tar -xOf ${archive} layer.tar | tar -x -C ${tree}`);
    const all = `find ${tree} -type f -print0 | xargs -0 -n 256 -P "$(nproc)" sha256sum >/dev/null`;
    return [
      {
        name: 'cold',
        steps: [{ kind: 'time', label: 'digest', argv: [tools.chos, 'tree', 'digest', tree] }],
      },
      { name: 'sha256sum', steps: [{ kind: 'time', label: 'digest', argv: shell(all) }] },
    ];
  }),
];
