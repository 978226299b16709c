/** From the command line of create, run, explain and compile to a launch program. */
import { join } from 'node:path';
import { type CgroupDriverName, cgroupDrivers } from '../../spec/cgroup-drivers.js';
import { type AdmittedSpec, admit, type Diagnostic } from '../admit/admit.js';
import { compileLaunch } from '../compile/compile.js';
import type { LaunchOptions } from '../compile/launch/launch.js';
import { probeHostFacts } from '../host/facts.js';
import type { Program } from '../program/action.js';
import { brokenFileText } from '../report/broken-file-text.js';
import { oneLine } from '../report/diagnostic.js';
import { warningText } from '../report/warning-text.js';
import { chooseEnvironment } from './environment.js';
import { type Attempt, absolute, type Invocation, ok, refuse } from './invocation.js';
import { listenEntries } from './launch-values.js';
import { readHanded } from './read-input.js';
import { refusedByCompiler, refusedInput } from './refusal.js';

export interface Launch {
  readonly program: Program;
  readonly bundle: string;
  readonly warnings: readonly string[];
}

/** The cgroup driver asked for; systemd's belongs to a later version. */
export function cgroupManager({ line }: Invocation): Attempt<CgroupDriverName> {
  const given = line.global.texts.get('cgroup-manager');
  if (line.global.flags.has('systemd-cgroup') || given === 'systemd')
    return refuse({ kind: 'systemd-cgroup' });
  const driver = given === undefined ? 'cgroupfs' : cgroupDrivers.find(name => name === given);
  if (driver !== undefined) return ok(driver);
  return refuse({
    kind: 'usage',
    fault: { kind: 'bad-value', option: '--cgroup-manager', value: given ?? '', expected: cgroupDrivers },
  });
}

function launchOptions(
  invocation: Invocation,
  input: { readonly bundle: string; readonly text: Uint8Array; readonly manager: CgroupDriverName },
): LaunchOptions {
  const { command, options } = invocation.line;
  return {
    entry: command.name === 'create' ? 'create' : 'run',
    cgroupManager: input.manager,
    noPivot: options.flags.has('no-pivot'),
    noNewKeyring: options.flags.has('no-new-keyring'),
    kept: command.name === 'compile',
    ...(command.name === 'compile'
      ? { console: 'at-run', pidfdSocket: 'at-run', detach: 'at-run' }
      : {
          console: options.texts.has('console-socket'),
          pidfdSocket: options.texts.has('pidfd-socket'),
          detach: command.name === 'create' || options.flags.has('detach'),
        }),
    bundle: input.bundle,
    configText: Buffer.from(input.text.buffer, input.text.byteOffset, input.text.length).toString('utf8'),
    // Who runs the executable has descriptors of his own: --preserve-fds names them.
    environmentEntries: command.name === 'compile' ? [] : listenEntries(invocation),
  };
}

/** Read and check a config.json, called `file` in messages. `handed` as in the request. */
export function readConfig(
  file: string,
  at: string,
  handed: number,
): Attempt<{
  readonly spec: AdmittedSpec;
  readonly text: Uint8Array;
  readonly warnings: readonly Diagnostic[];
}> {
  const text = readHanded(handed, file, at);
  if (text.kind === 'failure') return text;
  const result = admit({ file, text: text.value });
  if (result.kind === 'refused') return refuse(refusedInput(result.diagnostics));
  return ok({ spec: result.spec, text: text.value, warnings: result.warnings });
}

/**
 * Compile the launch program of a bundle directory (as the caller wrote it). Names in messages stay as short as the caller's: `config.json` for
 * a bundle in the current directory. `bundle`: where relative paths in it begin, if that is another directory.
 */
export function prepareLaunch(
  invocation: Invocation,
  directory: string,
  handed: number,
  bundle = absolute(invocation, directory),
): Attempt<Launch> {
  const manager = cgroupManager(invocation);
  if (manager.kind === 'failure') return manager;
  const file = invocation.line.options.texts.get('config') ?? join(directory, 'config.json');
  const read = readConfig(file, absolute(invocation, file), handed);
  if (read.kind === 'failure') return read;
  const { spec, text } = read.value;
  const facts = probeHostFacts(invocation.line.command.name === 'explain' ? 'root' : 'caller');
  const environment = chooseEnvironment(invocation, spec, bundle);
  if (environment.kind === 'failure') return environment;
  const result = compileLaunch({
    spec,
    facts,
    environment: environment.value.environment,
    options: launchOptions(invocation, { bundle, text, manager: manager.value }),
  });
  if (result.kind === 'refused') return refuse(refusedByCompiler(result.refusals));
  const warnings = [
    ...environment.value.broken.map(brokenFileText),
    ...read.value.warnings.map(oneLine),
    ...result.warnings.map(warningText),
  ];
  return ok({ program: result.program, bundle, warnings });
}
