/** The registry, and what was made of it: trees, generations, the skeleton. */
import { NUMBERS, PINS, PUBLIC } from '../../../spec/environment.js';
import { brokenFileLines } from '../../report/broken-file-text.js';
import { errnoText } from '../../report/errno-text.js';
import { findingText } from '../../report/finding-text.js';
import { untrustedText } from '../../report/tree-text.js';
import { type Finding, isFault } from '../../trees/check-tree.js';
import { currentGeneration, type Generation } from '../../trees/pins.js';
import { ENTRIES, PLACE } from '../../trees/public-files.js';
import type { NoRegistry } from '../../trees/read-registry.js';
import type { BrokenFile, RegisteredTree } from '../../trees/registry.js';
import { skeletonFaults, skeletonNotes } from '../skeleton-findings.js';
import { strays } from '../tree.js';
import type { Host } from './host.js';
import { counted, fault, type Line, note, ok, quoted, type Result, some } from './line.js';
import { pathsOfTree, type Subject, silentPaths } from './subject.js';

function mendTrust(path: string, why: 'owner' | 'mode' | 'not-a-file'): string | null {
  if (why === 'not-a-file') return null;
  return why === 'owner' ? `chown root ${quoted(path)}` : `chmod go-w ${quoted(path)}`;
}

function unreadable(no: NoRegistry): Line {
  return no.kind === 'untrusted'
    ? fault(`${no.path}: ${untrustedText(no.why)}`, mendTrust(no.path, no.why))
    : fault(`${no.path}: ${errnoText(no.code)}`);
}

function broken(one: BrokenFile): readonly Line[] {
  const mend = one.why.kind === 'untrusted' ? mendTrust(one.file, one.why.why) : null;
  return brokenFileLines(one).map(line => fault(line, mend));
}

export function registryCheck({ host, registry, noRegistry }: Subject): readonly Line[] {
  if (host.facts.userNamespace !== null && noRegistry?.kind === 'untrusted' && noRegistry.why === 'owner')
    return [
      note(
        `${noRegistry.path}: in a user namespace it cannot be seen whether it is root's; ask outside of it`,
      ),
    ];
  if (noRegistry !== null) return [unreadable(noRegistry)];
  const faults = registry.broken.flatMap(broken);
  const { size } = registry.trees;
  if (faults.length > 0) return faults;
  if (size === 0) return [note('no tree is registered', 'chos-runtime tree import podman:IMAGE --name NAME')];
  const shares = counted(registry.shares.length, 'share', 'shares');
  return [ok(`${counted(size, 'tree', 'trees')}, ${shares}, default ${registry.defaultTree ?? 'none'}`)];
}

/** Told by other checks, or nothing that could be otherwise. */
const elsewhere: ReadonlySet<Finding['kind']> = new Set(['skeleton', 'left-out', 'not-live']);

function mendTree(tree: RegisteredTree, finding: Finding): string | null {
  switch (finding.kind) {
    case 'stale':
      return `chos-runtime tree prepare ${quoted(tree.name)}`;
    case 'writable':
      return finding.uid === 0 ? `chmod go-w ${quoted(finding.path)}` : `chown root ${quoted(finding.path)}`;
    case 'cannot-use':
      // The reason ends with it, where there is one.
      return /: run (chos-runtime [^:;]+)$/.exec(finding.reason)?.[1] ?? null;
    default:
      return null;
  }
}

interface Found {
  readonly result: Result;
  readonly text: string;
  readonly mend: string | null;
  readonly trees: string[];
}

/** What `tree check` says, the same words for several trees once. */
export function trees(subject: Subject): readonly Line[] {
  const { registry } = subject;
  const dead = new Set(silentPaths(subject));
  const found = new Map<string, Found>();
  const add = (name: string, { result, what, mend }: Line): void => {
    const key = `${result}\0${what}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { result, text: what, mend, trees: [name] });
    else known.trees.push(name);
  };
  for (const tree of registry.trees.values()) {
    const silent = pathsOfTree(tree, registry.features).find(path => dead.has(path));
    if (silent !== undefined) {
      add(tree.name, note(`not looked at, because ${silent} does not answer`));
      continue;
    }
    for (const finding of subject.checkTree(tree).findings) {
      if (elsewhere.has(finding.kind)) continue;
      const line = isFault(finding) ? fault : note;
      add(tree.name, line(findingText(finding), mendTree(tree, finding)));
    }
  }
  const lines = [...found.values()].map(
    ({ result, text, mend, trees: names }): Line => ({
      result,
      what: `${some(names)}: ${text}`,
      mend: names.length === 1 ? mend : (mend?.replace(/ tree prepare .*/, ' tree prepare --all') ?? null),
    }),
  );
  if (lines.length > 0) return lines;
  return [ok(registry.trees.size === 0 ? 'none is registered' : 'each can be started')];
}

/** What `tree prepare` writes to, and nobody else. */
function places(host: Host): readonly Line[] {
  if (!host.isRoot) return [];
  return [PINS, NUMBERS, PUBLIC, PLACE, `${PLACE}/${ENTRIES}`].flatMap((path): readonly Line[] => {
    const found = host.lstat(path);
    if (found === null) return [];
    if (!found.isDirectory())
      return [fault(`${path} is no directory, and tree prepare fails`, `mv ${path} ${path}.old`)];
    if (found.uid === 0 && (found.mode & 0o022) === 0) return [];
    return [fault(`${path} is not root's alone`, `chown root ${path} && chmod go-w ${path}`)];
  });
}

function brokenPin({ tree, name, broken }: Generation): readonly Line[] {
  if (broken === null) return [];
  const again = `chos-runtime tree prepare ${quoted(tree)}`;
  return [fault(`${name} is not used: its record ${broken}`, again)];
}

/** Generations: what each start would otherwise mount anew. */
export function pins(subject: Subject): readonly Line[] {
  const { host, registry, generations, kernel } = subject;
  const damaged = [...places(host), ...generations.flatMap(brokenPin)];
  if (damaged.length > 0) return damaged;
  if (!host.isRoot) return [note('only root can see what is prepared', 'sudo chos-runtime doctor')];
  const left = strays({ registry, generations, kernel }).filter(one => one.state !== 'closing');
  const closing = generations.filter(one => one.state === 'closing');
  const wanted = [...registry.trees.values()].filter(
    ({ backEnd }) => backEnd === 'auto' || backEnd === 'pinned',
  );
  const missing = kernel.kind === 'present' ? wanted.filter(({ backEnd }) => backEnd === 'pinned') : wanted;
  const without = missing.filter(({ name }) => currentGeneration(generations, name) === undefined);
  const lines = [
    ...closing.map(({ tree, name }) =>
      note(`${name} is being released, or a release was killed`, `chos-runtime tree release ${quoted(tree)}`),
    ),
    ...left.map(({ tree, name }) =>
      note(`${name} is of no registered tree`, `chos-runtime tree release ${quoted(tree)}`),
    ),
    ...(without.length === 0
      ? []
      : [
          note(
            `not prepared, so that each start makes its mounts: ${some(without.map(({ name }) => name))}`,
            'chos-runtime tree prepare --all && systemctl enable chos-prepare',
          ),
        ]),
  ];
  if (lines.length > 0) return lines;
  const ready = generations.filter(one => one.state === 'ready').length;
  return [ok(ready === 0 ? 'nothing has to be prepared' : `${counted(ready, 'generation', 'generations')}`)];
}

/** The root of environments by the kernel's link. */
export function skeleton(subject: Subject): readonly Line[] {
  const { host, kernel, recorded } = subject;
  if (host.isRoot && recorded?.kind === 'broken')
    return [fault(`the record of the skeleton ${recorded.why}`, 'chos-runtime skeleton create')];
  if (kernel.kind !== 'present') return [ok('none is needed without the kernel module')];
  if (!host.isRoot)
    return host.stat(kernel.skeleton)?.isDirectory() === true
      ? [note(`${kernel.skeleton}: only root can compare it with the registry`, 'sudo chos-runtime doctor')]
      : [note(`there is no skeleton ${kernel.skeleton}`, 'chos-runtime skeleton create')];
  const look = subject.lookAtSkeleton();
  if (look === null) return [note(`${kernel.skeleton} was not looked at, because a share does not answer`)];
  const { path, place } = look;
  const mend = 'chos-runtime skeleton create';
  if (place.kind === 'taken') return [fault(`${path} is no skeleton, but something else is there`)];
  if (place.kind === 'free') {
    return look.input.trees.length > 0
      ? [note(`there is no skeleton ${path}: the kernel's link is not used`, mend)]
      : [ok('none is needed without trees')];
  }
  const lines = [
    ...skeletonFaults(look).map(text => fault(text, mend)),
    // What the other checks tell is not told again.
    ...skeletonNotes({ ...look, notLive: [] }, { ...kernel, valid: null }).map(text => note(text, mend)),
  ];
  return lines.length > 0 ? lines : [ok(`${path} is as the registry asks for`)];
}
