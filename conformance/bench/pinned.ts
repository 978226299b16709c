/**
 * Environments of the `pinned` back end. It uses an environment only from the mount namespace of process 1, so it is the
 * timer's own namespace (whose process 1 the timer is) that gets a registry, shares and a prepared tree.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeShares, writeBundle } from './bundle.js';
import type { Tools } from './contenders.js';
import type { Contestant, Step } from './plan.js';
import type { Context, Race, Scenario } from './race.js';

const treeName = 'benchtree';
/** The same tree without a share. */
const bareName = 'benchbare';
export const variants = ['no mount namespace', 'own mount namespace', 'own, shares elided'] as const;
type Variant = (typeof variants)[number];
/** What those with shares are compared with: the same launch of the bare tree, in turns with them. */
export const bare = (variant: Variant): string => `${variant}, bare`;

export const whyNotPinned = (tools: Tools): string | undefined => {
  if (!existsSync(tools.chos)) return `${tools.chos}: not there`;
  const listed = spawnSync(tools.chos, ['tree', 'list'], { encoding: 'utf8' });
  return listed.status === 0 ? undefined : `tree list: ${listed.stderr.trim()}`;
};

/** Makes the registry visible on a writable view of /etc that only this namespace has, and prepares trees of it. */
export const registryScript = (
  context: Context,
  registry: string,
  trees: readonly string[] = [treeName, bareName],
): string =>
  [
    'mkdir -p /run/etc-upper /run/etc-work',
    'mount -t overlay -o lowerdir=/etc,upperdir=/run/etc-upper,workdir=/run/etc-work overlay /etc',
    `mkdir -p /etc/chos.d && cp ${registry} /etc/chos.d/bench.json`,
    // A share is live inside only if the host's mount is shared (docs/architecture.md, "Rules of shared views", 2).
    'mount --make-rshared /',
    ...trees.map(name => `${context.tools.chos} tree prepare ${name}`),
  ].join(' && ');

const bundleFor = (
  context: Context,
  id: string,
  variant: Variant,
  shares: readonly (readonly [string, string])[],
  tree: string,
): string => {
  const name = `${tree}-${id}-${variants.indexOf(variant)}`;
  const args = ['/bin/true'];
  const own = variant !== 'no mount namespace';
  const binds = variant === 'own, shares elided' ? shares.map(([at]) => [at, at] as const) : [];
  return writeBundle(context.directory, name, context.rootfs, {
    args,
    shares: binds,
    tree,
    ownMounts: own,
  });
};

const contestant = (context: Context, name: string, bundle: string): Contestant => {
  const { chos } = context.tools;
  const container = `chosbench-${basename(bundle)}`;
  const steps: readonly Step[] = [
    {
      kind: 'once',
      argv: [chos, '--cgroup-manager', 'disabled', 'compile', bundle, '-o', `${bundle}.run`],
    },
    { kind: 'time', label: 'run', argv: [`${bundle}.run`, '--id', container] },
    { kind: 'finish', argv: [chos, 'delete', '--force', container] },
  ];
  return { name, steps };
};

const scenario = (id: string, title: string, shareCount: number, hostMounts: number): Scenario => ({
  id,
  title,
  rounds: 40,
  set: (context): Race => {
    const reason = whyNotPinned(context.tools);
    if (reason !== undefined)
      return { contestants: [], absent: variants.map(name => ({ name, status: 'absent', reason })) };
    const shares = makeShares(context.directory, context.rootfs, shareCount);
    const registry = join(context.directory, `${id}.registry.json`);
    const content = {
      trees: { [treeName]: { path: context.rootfs }, [bareName]: { path: context.rootfs, shares: [] } },
      shares: shares.map(([path]) => ({ path })),
      default: treeName,
    };
    writeFileSync(registry, JSON.stringify(content, null, 1));
    return {
      absent: [],
      prepare: [
        ['binds', join(context.directory, 'shares'), `${Math.max(shareCount, hostMounts)}`],
        ['setup', '/bin/sh', '-c', registryScript(context, registry)],
      ],
      contestants: [
        ...variants.map(variant =>
          contestant(context, variant, bundleFor(context, id, variant, shares, treeName)),
        ),
        ...(shareCount === 0 ? [] : variants.slice(0, 2)).map(variant =>
          contestant(context, bare(variant), bundleFor(context, id, variant, [], bareName)),
        ),
      ],
    };
  },
});

export const pinnedScenarios: readonly Scenario[] = [
  scenario('pinned-0', 'pinned environment, no shares', 0, 0),
  scenario('pinned-1000', 'pinned environment, 1000 shares', 1000, 0),
  scenario('pinned-mounts-5000', 'pinned environment, 5000 more host mounts', 0, 5000),
];
