/**
 * Golden cases: a config.json (with process.json and state.json for exec) and a faked host, compiled and put into the words of
 * `explain --steps`. Most faked kernels have two capabilities only, which keeps the programs short.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../../spec/environment.js';
import type { HostFacts } from '../../../spec/host-facts.js';
import { type AdmittedProcess, type AdmittedSpec, admit, admitProcess } from '../../admit/admit.js';
import type { Program } from '../../program/action.js';
import { explain } from '../../program/explain.js';
import { explainText } from '../../report/explain-text.js';
import { compileExec, compileLaunch } from '../compile.js';
import type { ExecInput } from '../exec.js';
import { createLaunch, type LaunchInput, type LaunchOptions } from '../launch.js';
import { compileLifecycle } from '../lifecycle.js';

export const casesFolder = 'runtime/compile/golden';

/** What a case shows: the launch (or exec) by a back end, or the stored program of the container. */
export type Kind = 'private' | 'stored';

/** options.json: what differs from `create` without a terminal. */
interface CaseOptions {
  readonly launch?: Partial<LaunchOptions>;
  readonly programs?: readonly Kind[];
  readonly environment?: Environment;
}

export interface GoldenCase {
  readonly name: string;
  readonly kinds: readonly Kind[];
  /** Compile anew: nothing is kept from one call to the next. */
  compile(kind: Kind): Program;
}

export function goldenFile(name: string, kind: Kind): string {
  return join(casesFolder, name, `program.${kind}.txt`);
}

export function shownProgram(program: Program): string {
  return explainText(explain(program, { steps: true }));
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
      options: { console: false, detach: false, environmentEntries: [] },
    };
    return { name, kinds: ['private'], compile: () => programOf(name, compileExec(input)) };
  }
  const input: LaunchInput = {
    spec,
    facts,
    environment: options.environment ?? null,
    options: {
      entry: 'create',
      cgroupManager: 'cgroupfs',
      noPivot: false,
      noNewKeyring: false,
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
    kinds: options.programs ?? ['private'],
    compile: kind =>
      kind === 'stored' ? compileLifecycle(createLaunch(input)) : programOf(name, compileLaunch(input)),
  };
}
