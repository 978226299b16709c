/** From the command line of create, run, explain and compile to a launch program. */
import { join } from 'node:path';
import { type CgroupDriverName, cgroupDrivers } from '../../spec/cgroup-drivers.js';
import type { HostFacts } from '../../spec/host-facts.js';
import { type Accepted, type AdmittedSpec, admit, type Diagnostic, type Refused } from '../admit/admit.js';
import { compileLaunch } from '../compile/compile.js';
import { type LaunchInput, type LaunchOptions, noOptions } from '../compile/launch/launch.js';
import type { Input } from '../engine/wire.js';
import { foreignHooks } from '../hooks/foreign-hooks.js';
import { hookFiles } from '../hooks/origin.js';
import { delegationOf, withDelegation } from '../host/delegation.js';
import { machineOf, probeHostFacts } from '../host/facts.js';
import { Looks } from '../host/looks.js';
import { withResctrl } from '../host/resctrl.js';
import { delegatedBy } from '../host/systemd.js';
import type { Program } from '../program/action.js';
import { brokenFileText } from '../report/broken-file-text.js';
import { oneLine } from '../report/diagnostic.js';
import { warningText } from '../report/warning-text.js';
import { chooseEnvironment } from './environment.js';
import type { GivenFacts } from './facts-file.js';
import { type Attempt, absolute, absoluteBase, type Invocation, ok, refuse } from './invocation.js';
import { Known } from './known.js';
import { sizeOf } from './known-image.js';
import { listenEntries, notifyDirectory } from './launch-values.js';
import { readHanded } from './read-input.js';
import { refusedByCompiler, refusedInput } from './refusal.js';
import { systemdOf } from './systemd.js';
import { unfitFacts } from './unfit-facts.js';

/** What a launch program is made of. */
export interface Prepared {
  readonly input: LaunchInput;
  /** Of config.json and what is known of mounts, in bytes, more or less. */
  readonly size: number;
  readonly bundle: string;
  readonly warnings: readonly string[];
  /** What was looked at for it. */
  readonly looks: Looks;
}

export interface Launch {
  readonly program: Program;
  readonly bundle: string;
  readonly warnings: readonly string[];
}

/** What was found in the last `most` files config.json of usual size. */
export const knownConfigs = (
  most: number,
): Known<readonly [file: string, text: Uint8Array], Accepted<AdmittedSpec> | Refused> =>
  new Known(most, result => result.kind === 'admitted');

const admitted = knownConfigs(16);

/** The cgroup driver asked for. */
export function cgroupManager({ line }: Invocation): Attempt<CgroupDriverName> {
  const given = line.global.texts.get('cgroup-manager');
  const usual = line.global.flags.has('systemd-cgroup') ? 'systemd' : 'cgroupfs';
  const driver = given === undefined ? usual : cgroupDrivers.find(name => name === given);
  if (driver !== undefined) return ok(driver);
  return refuse({
    kind: 'usage',
    fault: { kind: 'bad-value', option: '--cgroup-manager', value: given ?? '', expected: cgroupDrivers },
  });
}

export function launchOptions(
  invocation: Invocation,
  input: { readonly bundle: string; readonly text: Uint8Array; readonly manager: CgroupDriverName },
  looks = new Looks(),
): LaunchOptions {
  const { command, options } = invocation.line;
  return {
    ...noOptions,
    entry: command.name === 'create' ? 'create' : 'run',
    cgroupManager: input.manager,
    ...(input.manager === 'systemd' ? { systemd: systemdOf(invocation, looks) } : {}),
    noPivot: options.flags.has('no-pivot'),
    noNewKeyring: options.flags.has('no-new-keyring'),
    notify: notifyDirectory(invocation),
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

/** Read and check a config.json, called `file` in messages. `handed` as in the request; `known`: where it may have been checked before. */
export function readConfig(
  file: string,
  at: string,
  handed: Input,
  known = admitted,
): Attempt<{
  readonly spec: AdmittedSpec;
  readonly text: Uint8Array;
  readonly warnings: readonly Diagnostic[];
}> {
  const text = readHanded(handed, file, at);
  if (text.kind === 'failure') return text;
  const source = { file, text: text.value };
  const result = known.find([file, source.text], source.text.length, () => admit(source));
  if (result.kind === 'refused') return refuse(refusedInput(result.diagnostics));
  return ok({ spec: result.spec, text: text.value, warnings: result.warnings });
}

/** The host as the driver of the cgroups leaves it to the caller. */
export function launchFacts(
  { request: { caller } }: Invocation,
  spec: AdmittedSpec,
  { cgroupManager: manager, systemd }: LaunchOptions,
  looks = new Looks(),
): HostFacts {
  const machine = machineOf(caller, looks);
  const probed = withResctrl(probeHostFacts(caller, machine), spec.config);
  return manager === 'systemd'
    ? delegatedBy(systemd, probed, machine.read)
    : withDelegation(probed, spec.config.linux.cgroupsPath, delegationOf(looks));
}

/**
 * What the launch program of a bundle directory (as the caller wrote it) is made of. Names in messages stay as short as the caller's: `config.json` for
 * a bundle in the current directory. `base`: where relative paths in it begin, if that is another directory. `given`: facts of another machine or caller.
 */
export function prepareInput(
  invocation: Invocation,
  directory: string,
  handed: Input,
  base?: string,
  given: GivenFacts | null = null,
): Attempt<Prepared> {
  const manager = cgroupManager(invocation);
  if (manager.kind === 'failure') return manager;
  const file = invocation.line.options.texts.get('config') ?? join(directory, 'config.json');
  const read = readConfig(file, absolute(invocation, file), handed);
  if (read.kind === 'failure') return read;
  const { spec, text } = read.value;
  const found = base === undefined ? absoluteBase(invocation, directory) : ok(base);
  if (found.kind === 'failure') return found;
  const bundle = found.value;
  const looks = new Looks();
  const options = launchOptions(invocation, { bundle, text, manager: manager.value }, looks);
  const facts = given?.facts ?? launchFacts(invocation, spec, options, looks);
  const environment = chooseEnvironment(invocation, spec, bundle, looks);
  if (environment.kind === 'failure') return environment;
  const unfit = unfitFacts(given, invocation, environment.value.environment, manager.value);
  if (unfit !== null) return refuse(unfit);
  const warnings = [
    ...environment.value.broken.map(brokenFileText),
    ...read.value.warnings.map(oneLine),
    ...foreignHooks(spec, invocation.request.caller.euid, looks).map(oneLine),
  ];
  const input = {
    spec: environment.value.spec,
    facts,
    environment: environment.value.environment,
    options,
    hookFiles: hookFiles(spec.config.hooks, looks),
  };
  return ok({ input, size: sizeOf(text, input.environment), bundle, warnings, looks });
}

/** The launch program of a bundle directory; as prepareInput(). */
export function prepareLaunch(...asked: Parameters<typeof prepareInput>): Attempt<Launch> {
  const prepared = prepareInput(...asked);
  if (prepared.kind === 'failure') return prepared;
  const { input, bundle, warnings } = prepared.value;
  const result = compileLaunch(input);
  if (result.kind === 'refused') return refuse(refusedByCompiler(result.refusals));
  return ok({
    program: result.program,
    bundle,
    warnings: [...warnings, ...result.warnings.map(warningText)],
  });
}
