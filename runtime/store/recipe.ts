/** A recipe carried out: its program makes a tar below `part`, which then comes in like any other. */
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Recipe } from '../../spec/generated/recipe.js';
import { isInstalled, missing, work } from './child.js';
import type { Result } from './fault.js';
import { placeIn, removeAll } from './inside.js';
import { madeBy } from './take-up.js';

/**
 * Namespaces of its own for processes and mounts: whatever the program has started and mounted ends with it, and it ends with us, also by SIGKILL.
 */
const APART = [
  ...['setpriv', '--pdeathsig', 'KILL'],
  ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
];

export const sourceLines = ({ repositories }: Recipe): readonly string[] =>
  repositories.map(({ url, suite = '', components = ['main'], key }) => {
    const signed = key === undefined ? '' : `[signed-by=${key}] `;
    return `deb ${signed}${url} ${suite} ${components.join(' ')}`;
  });

export function debianArguments(recipe: Recipe, tar: string): readonly string[] {
  const { repositories, variant = 'minbase', packages = [], proxy } = recipe;
  return [
    // Not --quiet: what apt says of a failure would be left out.
    ...['--mode=root', '--format=tar', `--variant=${variant}`],
    ...packages.map(one => `--include=${one}`),
    ...(proxy === undefined ? [] : [`--aptopt=Acquire::http::Proxy "${proxy}"`]),
    ...['--', repositories[0]?.suite ?? '', tar],
    ...sourceLines(recipe),
  ];
}

/** What dnf reads instead of the files of the host. */
export function dnfConfiguration({ repositories, proxy }: Recipe, nothing: string): string {
  const proxied = proxy === undefined ? [] : [`proxy=${proxy}`];
  const main = [
    '[main]',
    `reposdir=${nothing}`,
    'plugins=0',
    'gpgcheck=1',
    'install_weak_deps=0',
    ...proxied,
  ];
  const each = repositories.flatMap(({ name, url, key }) => [
    ...['', `[${name}]`, `name=${name}`, `baseurl=${url}`, 'enabled=1', 'gpgcheck=1', `gpgkey=${key}`],
  ]);
  return `${[...main, ...each].join('\n')}\n`;
}

export const dnfArguments = (recipe: Recipe, configuration: string, root: string): readonly string[] => [
  ...['--quiet', '--assumeyes', `--config=${configuration}`, `--installroot=${root}`],
  ...[`--releasever=${recipe.release}`, 'install', ...(recipe.packages ?? [])],
];

interface Place {
  readonly part: string;
  /** Of the lock. */
  readonly lock: number;
}

const verb = (name: string): string => `make a tree by the recipe \`${name}\``;

async function byDnf(name: string, recipe: Recipe, tar: string, place: Place): Promise<Result<null>> {
  const { part, lock } = place;
  const root = `${part}/root`;
  const configuration = `${part}/dnf.conf`;
  for (const directory of [root, `${root}/dev`, `${part}/nothing`]) mkdirSync(directory, { mode: 0o755 });
  writeFileSync(configuration, dnfConfiguration(recipe, `${part}/nothing`), { mode: 0o600 });
  // What scripts of packages throw away would become a file.
  for (const [device, minor] of [
    ['null', '3'],
    ['zero', '5'],
    ['random', '8'],
    ['urandom', '9'],
  ] as const) {
    const args = ['-m', '666', `${root}/dev/${device}`, 'c', '1', minor];
    const made = await work({ program: 'mknod', args, verb: verb(name), hold: [lock] });
    if (made.kind === 'fault') return made;
  }
  const args = dnfArguments(recipe, configuration, root);
  const done = await work({
    program: 'dnf',
    args,
    within: APART,
    words: 'last',
    verb: verb(name),
    hold: [lock],
  });
  if (done.kind === 'fault') return done;
  for (const rest of ['var/cache/dnf', 'var/cache/libdnf5']) {
    const at = placeIn(root, rest);
    if (at !== null) removeAll(at);
  }
  const pack = ['--format=pax', '--numeric-owner', '--one-file-system', '-C', root, '-cf', tar, '.'];
  return work({ program: 'bsdtar', args: pack, verb: verb(name), hold: [lock] });
}

/** The tar is then at `madeBy(part)`. */
export async function carryOut(name: string, recipe: Recipe, place: Place): Promise<Result<null>> {
  const { part, lock } = place;
  const tar = madeBy(part);
  const temporary = `${part}/tmp`;
  if (!isInstalled(recipe.program)) return missing(recipe.program);
  mkdirSync(temporary, { mode: 0o755 });
  return recipe.program === 'dnf'
    ? byDnf(name, recipe, tar, place)
    : work({
        program: 'mmdebstrap',
        args: debianArguments(recipe, tar),
        within: APART,
        words: 'last',
        environment: { TMPDIR: temporary },
        verb: verb(name),
        hold: [lock],
      });
}
