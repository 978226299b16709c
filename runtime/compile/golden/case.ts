/**
 * Golden cases: a config.json (with process.json and state.json for exec) and a faked host.json (with environment.json, what runtime/trees
 * hands over), compiled and put into the words of `explain --steps`. Most faked kernels have two capabilities only, which keeps programs short.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../../spec/environment.js';
import type { HostFacts } from '../../../spec/host-facts.js';
import { type AdmittedProcess, type AdmittedSpec, admit, admitProcess } from '../../admit/admit.js';
import type { Because, Program } from '../../program/action.js';
import { type ExplainedStep, explain } from '../../program/explain.js';
import { explainText } from '../../report/explain-text.js';
import { compileExec, compileLaunch } from '../compile.js';
import type { ExecInput } from '../exec.js';
import { createLaunch, type LaunchInput, type LaunchOptions, noOptions } from '../launch/launch.js';
import { compileLifecycle } from '../stored/lifecycle.js';

export const casesFolder = 'runtime/compile/golden';

/** What a case shows: the launch (or exec) by a back end, the stored program of the container, or the page that `explain` prints. */
export type Kind = 'private' | 'pinned' | 'kmod' | 'stored' | 'explain';

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

/** Targets as distances: else one more step would change every line behind it. */
function relative({ number, text }: ExplainedStep): string {
  return text.replace(/(-> |go to | at )(\d+)(\]?)$/, (_, word: string, target: string, end: string) => {
    const distance = Number(target) - number;
    return `${word}${distance < 0 ? '' : '+'}${distance}${end}`;
  });
}

function cause(because: Because): string {
  return because.kind === 'rule' ? because.rule : `line ${because.line} ${because.path}`;
}

/** The program as `explain --steps` has it, without numbers. */
export function shownProgram(program: Program): string {
  const indented = (steps: readonly ExplainedStep[]): readonly string[] =>
    steps.map(s => `    ${relative(s)}`);
  const { tracks, subroutines } = explain(program, { steps: true });
  const lines = tracks.flatMap(track => [
    `track ${track.name}`,
    ...track.actions.flatMap(a => [`  ${a.title}   <- ${cause(a.because)}`, ...indented(a.listing)]),
    ...(track.afterFailure.length > 0 ? ['  after a failure', ...indented(track.afterFailure)] : []),
    '',
  ]);
  return [...lines, ...subroutines.flatMap(s => [`subroutine ${s.name}`, ...indented(s.listing), ''])].join(
    '\n',
  );
}

export function shown(kind: Kind, program: Program): string {
  return kind === 'explain' ? explainText(explain(program, { steps: false })) : shownProgram(program);
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

export function readCase(name: string): GoldenCase {
  const has = (file: string): boolean => existsSync(join(casesFolder, name, file));
  const json = (file: string): unknown => JSON.parse(readText(name, file));
  const configText = readText(name, 'config.json');
  const spec: AdmittedSpec = admitted(name, admit({ file: 'config.json', text: configText }));
  const facts = json('host.json') as HostFacts;
  const options = (has('options.json') ? json('options.json') : {}) as CaseOptions;
  if (has('process.json')) {
    const process: AdmittedProcess = admitted(
      name,
      admitProcess({ file: 'process.json', text: readText(name, 'process.json') }),
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
    return {
      name,
      kinds: [input.state.chos.backEnd as Kind],
      compile: () => programOf(name, compileExec(input)),
    };
  }
  const input: LaunchInput = {
    spec,
    facts,
    environment: has('environment.json') ? environmentOf(json('environment.json')) : null,
    options: {
      ...noOptions,
      entry: 'create',
      console: spec.config.process.terminal === true,
      detach: true,
      bundle: '/bundle',
      configText,
      environmentEntries: [],
      ...options.launch,
    },
  };
  return {
    name,
    kinds: options.show ?? [input.environment?.backEnd ?? 'private'],
    compile: kind =>
      kind === 'stored' ? compileLifecycle(createLaunch(input)) : programOf(name, compileLaunch(input)),
  };
}
