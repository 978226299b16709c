/** All five hooks on one container, as a site has them: what each gives, and none in another's way. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Config } from '../harness/config.js';
import type { HookCase } from './case.js';
import { onlyReport, placeOf } from './job-report-place.js';
import {
  bundle,
  byHand,
  hookPath,
  hooksDir,
  insist,
  type Machine,
  newName,
  podmanRun,
  type Ran,
  type Runtime,
  runtimeCommand,
  settingsFile,
} from './machine.js';
import { pinOf, withTree } from './prepared-tree.js';

const work = 'cat /mnt/note /etc/group; test -c /dev/full; echo $? $GPU $SITE; exit 3';
const seen = 'of the share\nof the vendor\n0 all of the registry\n';

/** Places that the tree has, since chos-runtime makes none in it. */
function specification(machine: Machine): string {
  const dir = join(machine.dir, newName());
  mkdirSync(dir, { mode: 0o755 });
  writeFileSync(join(dir, 'library'), 'of the vendor\n');
  const containerEdits = {
    deviceNodes: [{ path: '/dev/full', permissions: 'r' }],
    mounts: [{ hostPath: join(dir, 'library'), containerPath: '/etc/group' }],
    env: ['GPU=all'],
  };
  const kind = 'example.com/gpu';
  writeFileSync(
    join(dir, 'one.json'),
    JSON.stringify({ cdiVersion: '0.6.0', kind, devices: [{ name: '0', containerEdits }] }),
  );
  return dir;
}

const annotationsOf = (tree: string) => ({ 'org.chos.tree': tree, 'org.chos.gpu': 'example.com/gpu=0' });

/** The settings of each, beside its name. */
interface Site {
  readonly tree: string;
  readonly digest: string;
  readonly gpu: readonly string[];
}

function judged(machine: Machine, { tree, digest }: Site, start: (report: readonly string[]) => Ran): void {
  const place = placeOf(machine);
  const ran = start(place.options);
  insist('words', ran.stderr, '');
  insist('inside', ran.stdout, seen);
  insist('exit code', ran.code, 3);
  const report = onlyReport(place);
  insist('tree', report.tree, tree);
  insist('digest', report.digest, digest);
  insist('peak', report.memory?.peak, /^[1-9]\d*$/);
  insist('CPU time', (report.cpu?.seconds ?? 0) > 0, true);
}

function byConfig(machine: Machine, runtime: Runtime, site: Site): void {
  judged(machine, site, report => {
    const hook = (name: string, args: readonly string[] = []) => ({
      path: hookPath(name),
      args: [name, ...args],
    });
    const change = (config: Config) => {
      config.process.args = ['/bin/sh', '-c', work];
      config.annotations = annotationsOf(site.tree);
      config.hooks = {
        createRuntime: [
          hook('share-check'),
          hook('chos-environment'),
          hook('tree-digest'),
          hook('job-report', report),
        ],
        poststop: [hook('job-report', report)],
      };
    };
    const id = newName();
    const dir = bundle(machine, runtime, { hooks: {}, change }, id);
    for (const [name, ...args] of [['gpu', ...site.gpu], ['chos-environment']] as const)
      insist(name, byHand(name, [name, '--bundle', dir, ...args], '').stderr, '');
    return runtimeCommand(runtime, 'run', '-b', dir, id);
  });
}

function byPodman(machine: Machine, runtime: Runtime, site: Site): void {
  judged(machine, site, report => {
    const hooks = [
      hooksDir(machine, 'share-check'),
      hooksDir(machine, 'chos-environment', [], ['chos-environment', 'chos-environment-precreate']),
      hooksDir(machine, 'tree-digest'),
      hooksDir(machine, 'gpu', site.gpu),
      hooksDir(machine, 'job-report', report),
    ];
    const annotations = Object.entries(annotationsOf(site.tree)).flatMap(pair => [
      '--annotation',
      pair.join('='),
    ]);
    return podmanRun(runtime, hooks, annotations, ['sh', '-c', work]);
  });
}

export const togetherCases: readonly HookCase[] = [
  {
    // One tree for all: to prepare it takes longer than the rest.
    name: 'together/by config.json and by Podman, under each runtime',
    run: machine => {
      const [first] = machine.runtimes;
      if (first === undefined) throw new Error('no runtime');
      return withTree(first, tree => {
        const gpu = ['--settings', settingsFile(machine, { directories: [specification(machine)] })];
        const digest = byHand('tree-digest', ['tree-digest', '--make', tree], '').stdout.trim();
        insist(
          'the same of the generation',
          byHand('tree-digest', ['tree-digest', '--make', basename(pinOf(tree))], '').stdout,
          `${digest}\n`,
        );
        for (const runtime of machine.runtimes) {
          const there = { ...runtime, place: { ...runtime.place, tree: first.place.tree } };
          for (const way of [byConfig, byPodman])
            try {
              way(machine, there, { tree, digest, gpu });
            } catch (error) {
              throw new Error(
                `${runtime.name}, ${way.name}: ${error instanceof Error ? error.message : error}`,
              );
            }
        }
      });
    },
  },
];
