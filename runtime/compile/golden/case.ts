/**
 * Golden cases: a config.json (with process.json and state.json for exec) and a faked host.json (with environment.json, what runtime/trees
 * hands over), or the work.json of a command for trees, compiled and put into the words of `explain --steps` (see show.ts). Most faked kernels have two capabilities only, which keeps programs short.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../../spec/environment.js';
import type { HostFacts } from '../../../spec/host-facts.js';
import { type AdmittedProcess, type AdmittedSpec, admit, admitProcess } from '../../admit/admit.js';
import type { Program } from '../../program/action.js';
import { explain } from '../../program/explain.js';
import { explainText } from '../../report/explain-text.js';
import { compileExec, compileLaunch } from '../compile.js';
import type { ExecInput } from '../exec.js';
import { createLaunch, type LaunchInput, type LaunchOptions, noOptions } from '../launch/launch.js';
import { compileLifecycle } from '../stored/lifecycle.js';
import { type Common, commonOf, shownProgram } from './show.js';
import { compileWork, type Work } from './site.js';

export const casesFolder = 'runtime/compile/golden';

export function caseNames(): readonly string[] {
  return readdirSync(casesFolder, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name);
}

/**
 * What a case shows: the launch (or exec) by a back end, the stored program of the container, the page that `explain` prints, or what is done for
 * the machine.
 */
export type Kind = 'private' | 'pinned' | 'kmod' | 'stored' | 'explain' | Work['kind'];

/** options.json: what differs from `create` without a terminal. */
interface CaseOptions {
  readonly launch?: Partial<LaunchOptions>;
  readonly show?: readonly Kind[];
}

export interface GoldenCase {
  readonly name: string;
  readonly kinds: readonly Kind[];
  /** Compile anew: nothing is kept from one call to the next. */
  compile(kind: Kind): Program;
}

export function goldenFile(name: string, kind: Kind): string {
  return join(casesFolder, name, kind === 'explain' ? 'explain.txt' : `program.${kind}.txt`);
}

/** With what the others are compared, each with those before it. */
const references = ['default', 'exec', 'three-back-ends', 'tree-prepare'];
const whole = ['default', 'exec'];

const nothing: Common = { actions: new Set(), steps: new Map() };
const commonWith = new Map<number, Common>();

/** What the first references do. */
function common(count: number): Common {
  const made =
    commonWith.get(count) ??
    commonOf(
      references
        .slice(0, count)
        .map(one => readCase(one))
        .flatMap(one => one.kinds.filter(kind => kind !== 'explain').map(one.compile)),
    );
  commonWith.set(count, made);
  return made;
}

export function shown(name: string, kind: Kind, program: Program): string {
  if (kind === 'explain') return explainText(explain(program, { steps: false }));
  const place = references.indexOf(name);
  return shownProgram(
    program,
    whole.includes(name) ? nothing : common(place < 0 ? references.length : place),
  );
}

function readText(name: string, file: string): string {
  return readFileSync(join(casesFolder, name, file), 'utf8');
}

function admitted<Spec>(name: string, result: { kind: 'admitted'; spec: Spec } | { kind: 'refused' }): Spec {
  if (result.kind === 'refused') throw new Error(`${name} is not admitted: ${JSON.stringify(result)}`);
  return result.spec;
}

function programOf(
  name: string,
  compiled: { kind: 'program'; program: Program } | { kind: 'refused' },
): Program {
  if (compiled.kind === 'refused') throw new Error(`${name} is not compiled: ${JSON.stringify(compiled)}`);
  return compiled.program;
}

/** environment.json, with the Map that JSON cannot hold. */
function environmentOf(json: unknown): Environment {
  const given = json as Environment & {
    readonly sources: { readonly directories: object; readonly shares: object };
  };
  return {
    ...given,
    sources: {
      ...given.sources,
      directories: new Map(Object.entries(given.sources.directories)),
      shares: new Map(Object.entries(given.sources.shares)),
    },
  };
}

/** How a case is read, if not as it is. */
export interface Reading {
  /** The name of process.json. */
  readonly processFile?: string;
  /** Gets all that the compiler is given. */
  readonly see?: (input: object) => void;
}

export function readCase(name: string, { processFile = 'process.json', see }: Reading = {}): GoldenCase {
  const has = (file: string): boolean => existsSync(join(casesFolder, name, file));
  const json = (file: string): unknown => JSON.parse(readText(name, file));
  if (has('work.json')) {
    const work = json('work.json') as Work;
    return { name, kinds: [work.kind], compile: () => compileWork(work) };
  }
  const configText = readText(name, 'config.json');
  const spec: AdmittedSpec = admitted(name, admit({ file: 'config.json', text: configText }));
  const given = json('host.json') as Partial<HostFacts>;
  const facts = { egid: 0, owner: 'root', userNamespace: null, withheld: null, ...given } as HostFacts;
  const options = (has('options.json') ? json('options.json') : {}) as CaseOptions;
  if (has('process.json')) {
    const process: AdmittedProcess = admitted(
      name,
      admitProcess({ file: processFile, text: readText(name, 'process.json') }),
    );
    const input: ExecInput = {
      config: spec,
      process,
      state: json('state.json') as ExecInput['state'],
      facts,
      options: {
        console: false,
        pidfdSocket: false,
        detach: false,
        ignorePaused: false,
        environmentEntries: [],
        cgroups: [],
      },
    };
    see?.(input);
    return {
      name,
      kinds: [input.state.chos.backEnd as Kind],
      compile: () => programOf(name, compileExec(input)),
    };
  }
  // All is read before anything is compiled, which looks at no file (pure.test.ts).
  const read = (file: string): Environment | null => (has(file) ? environmentOf(json(file)) : null);
  const environment = read('environment.json');
  const kinds = options.show ?? [environment?.backEnd ?? 'private'];
  const environments = new Map(
    kinds.map(kind => [kind, read(`environment.${kind}.json`) ?? environment] as const),
  );
  const input = (kind: Kind): LaunchInput => ({
    spec,
    facts,
    environment: environments.get(kind) ?? null,
    options: {
      ...noOptions,
      entry: 'create',
      console: spec.config.process.terminal,
      detach: true,
      bundle: '/bundle',
      configText,
      environmentEntries: [],
      ...options.launch,
    },
  });
  for (const kind of kinds) see?.(input(kind));
  return {
    name,
    kinds,
    compile: kind =>
      kind === 'stored'
        ? compileLifecycle(createLaunch(input(kind)))
        : programOf(name, compileLaunch(input(kind))),
  };
}
