import { spawnSync } from 'node:child_process';
import type { Preparation } from '../../spec/environment.js';
import { compilePrepare } from '../compile/prepare.js';
import { hostArch } from '../host/facts.js';
import { encode } from '../program/encode.js';
import { brokenFileText } from '../report/broken-file-text.js';
import { jsonText } from '../report/json-text.js';
import { listOf } from '../report/names-text.js';
import { storeFaultText } from '../report/store-text.js';
import { versionDigest } from '../store/place.js';
import { type CallerView, callerView } from '../trees/caller.js';
import { PINS, pinFile, readGenerations } from '../trees/pins.js';
import { prepareInput } from '../trees/prepare-input.js';
import type { Registry } from '../trees/registry.js';
import { valueText, wantsJson } from './as-json.js';
import { isAbandoned } from './close-record.js';
import { openRegistry, treeOf } from './environment.js';
import { type Attempt, done, failed, type Invocation, type Outcome, ok, refuse } from './invocation.js';
import { mountImageOf } from './mount-image-of.js';
import { publish } from './publish.js';
import { refusedInput } from './refusal.js';
import { runningContainers } from './running-containers.js';
import { writeFiles } from './write-files.js';

type HostView = Exclude<CallerView, { readonly kind: 'unknown' }>;

/** Whether and from where the mount namespace of process 1 can be changed. */
export function hostViewFor(verb: string, { request: { caller } }: Invocation): Attempt<HostView> {
  if (caller.euid !== 0) return refuse({ kind: 'tree', fault: { kind: 'needs-root', verb } });
  const view = callerView(caller);
  return view.kind === 'unknown'
    ? refuse({ kind: 'tree', fault: { kind: 'no-host-namespace', verb, code: view.code } })
    : ok(view);
}

export const prefixOf = (view: HostView): string => (view.kind === 'other' ? view.prefix : '');

/** The name that `tree prepare` and `tree release` need. */
export function givenName({ line }: Invocation): Attempt<string> {
  const name = line.operands[1];
  if (name !== undefined) return ok(name);
  const fault = { kind: 'missing-operand', operand: 'NAME', command: 'tree' } as const;
  return refuse({ kind: 'usage', fault });
}

interface Fault {
  /** `-` where it is of no tree. */
  readonly name: string;
  readonly what: string;
}

/** What is wrong with a share of the site is wrong with every tree, and told once. */
export function togetherText(faults: readonly Fault[]): readonly string[] {
  const namesOf = new Map<string, string[]>();
  for (const { name, what } of faults) namesOf.set(what, [...(namesOf.get(what) ?? []), name]);
  return [...namesOf].map(([what, names]) => (names[0] === '-' ? what : `${listOf(names)}: ${what}`));
}

/**
 * `tree prepare --all`: one after the other, by the command itself, because each is a program of its own. What keeps one from being prepared does not
 * keep the others; of trees that are never started from a generation images are mounted, nothing else.
 */
async function prepareAll(invocation: Invocation, registry: Registry, view: HostView): Promise<Outcome> {
  const all = [...registry.trees.values()];
  const trees = all.filter(({ backEnd }) => backEnd === 'auto' || backEnd === 'pinned');
  const json = wantsJson(invocation);
  const said: string[] = [];
  const heard = new Set<string>();
  const faults: Fault[] = registry.broken.map(one => ({ name: '-', what: brokenFileText(one) }));
  for (const tree of all.filter(one => !trees.includes(one))) {
    const mounted = await mountImageOf(tree, view);
    if (mounted.kind === 'fault') faults.push({ name: tree.name, what: storeFaultText(mounted.fault) });
  }
  for (const { name } of trees) {
    const self = `/proc/${process.ppid}/exe`;
    const argv = ['--root', invocation.root, 'tree', 'prepare', name, ...(json ? ['--json'] : [])];
    const { status, stdout, stderr } = spawnSync(self, argv, { encoding: 'utf8', env: {} });
    const last = stderr.trim().replace(/^chos-runtime: /, '');
    // Of one that was killed it may be the half.
    if (status === 0) {
      said.push(stdout);
      for (const line of stderr.split('\n'))
        if (line !== '') heard.add(line.replace(/^(?:chos-runtime: )?(?:warning: )?/, ''));
    } else faults.push({ name, what: last === '' ? 'it was ended' : last });
  }
  const out = json ? valueText({ prepared: said.map(one => JSON.parse(one)), faults }) : said.join('');
  for (const warning of await publish(registry, null, prefixOf(view))) heard.add(warning);
  const warnings = [...heard];
  if (faults.length === 0) return done(out, warnings);
  const each = [...togetherText(faults), ...warnings];
  return {
    kind: 'failure',
    failure: { kind: 'tree', fault: { kind: 'not-all-prepared', faults: each } },
    out,
  };
}

/** Generations of a tree that a release has closed and then, being killed, has left pinned. */
async function abandoned(
  { request: { caller } }: Invocation,
  tree: string,
  view: HostView,
): Promise<ReadonlySet<string>> {
  const directory = `${prefixOf(view)}${PINS}`;
  const left = new Set<string>();
  for (const one of readGenerations(caller, directory))
    if (one.tree === tree && one.state === 'closing') {
      const file = `${pinFile(one, directory)}.closing`;
      if (await isAbandoned(file)) left.add(one.name);
    }
  return left;
}

function preparedJson({ tree: { name, path }, generation, root, shares }: Preparation) {
  const object = {
    name,
    path,
    generation: `${name}@${generation}`,
    root: root.kind,
    why: root.kind === 'skeleton' ? root.why : null,
    shares: shares
      .filter(({ from }) => from === undefined)
      .map(share => ({ path: share.path, readonly: share.readonly, live: share.live })),
    files: shares.filter(({ from }) => from !== undefined).map(share => share.path),
  };
  const textOf = (made: boolean): string => jsonText({ ...object, made }, 2);
  return { made: textOf(true), already: textOf(false) };
}

/** `tree prepare NAME`: a new generation of the environment. */
export async function prepare(invocation: Invocation): Promise<Outcome> {
  if (invocation.line.options.flags.has('all')) {
    const given = invocation.line.operands[1];
    if (given !== undefined)
      return failed({ kind: 'usage', fault: { kind: 'conflict', one: '--all', other: given } });
    const view = hostViewFor('prepare', invocation);
    if (view.kind === 'failure') return view;
    const registry = openRegistry(prefixOf(view.value));
    return registry.kind === 'failure' ? registry : prepareAll(invocation, registry.value, view.value);
  }
  const name = givenName(invocation);
  if (name.kind === 'failure') return name;
  const view = hostViewFor('prepare', invocation);
  if (view.kind === 'failure') return view;
  const prefix = prefixOf(view.value);
  const registry = openRegistry(prefix);
  if (registry.kind === 'failure') return registry;
  const tree = treeOf(registry.value, name.value);
  if (tree.kind === 'failure') return tree;
  const mounted = await mountImageOf(tree.value, view.value);
  if (mounted.kind === 'fault') return failed({ kind: 'store', fault: mounted.fault });
  const unwritten = writeFiles([tree.value], prefix);
  if (unwritten.length > 0)
    return failed({ kind: 'tree', fault: { kind: 'files-not-written', faults: unwritten } });
  const input = prepareInput(
    tree.value,
    view.value,
    runningContainers(invocation),
    await abandoned(invocation, tree.value.name, view.value),
  );
  if (input.kind === 'refused') return failed(refusedInput(input.diagnostics));
  const digest = versionDigest(input.input.tree.directory, prefix);
  const program = compilePrepare({
    ...input.input,
    ...(wantsJson(invocation) ? { said: preparedJson(input.input) } : {}),
    ...(digest === null ? {} : { digest }),
    arch: hostArch(),
  });
  const warnings = [
    ...registry.value.broken.map(brokenFileText),
    ...(await publish(registry.value, tree.value, prefix)),
  ];
  return { kind: 'launch', entry: 'host', image: encode(program), values: {}, warnings };
}
