import type { AdmittedProcess } from '../admit/admit.js';
import { compileExec } from '../compile/compile.js';
import type { ExecInput } from '../compile/exec.js';
import { probeHostFacts } from '../host/facts.js';
import { withResctrl } from '../host/resctrl.js';
import { COMMAND_LINE } from '../program/action.js';
import { oneLine } from '../report/diagnostic.js';
import { warningText } from '../report/warning-text.js';
import { subCgroups } from './exec-cgroup.js';
import { execProcess } from './exec-process.js';
import { findContainer } from './find-container.js';
import { failed, type Invocation, type Outcome } from './invocation.js';
import { CONTAINERS, LARGEST } from './known.js';
import { knownFilter } from './known-filter.js';
import { imageOf } from './known-image.js';
import { knownConfigs, readConfig } from './launch.js';
import { givenValues, listenEntries } from './launch-values.js';
import { refusedByCompiler } from './refusal.js';
import { readSavedConfig } from './saved-config.js';

const containers = knownConfigs(CONTAINERS);

/** Of a text of usual size no argument, nor all together, is longer than the kernel takes, which the compiler would have to say. */
const isUsual = (text: Uint8Array | string): boolean => Buffer.byteLength(text) <= LARGEST;

/** The program is the same for any: they are values beside it. */
const withoutArguments = (spec: AdmittedProcess): AdmittedProcess => ({
  ...spec,
  process: { ...spec.process, args: [''] },
});

const NEWLINE = 0x0a;
const BRACE = 0x7d;

/** Behind the last property there may be some: Go's encoder ends with one. */
const hasLines = (text: Uint8Array | string): boolean => {
  const [first, end] =
    typeof text === 'string'
      ? [text.indexOf('\n'), text.lastIndexOf('}')]
      : [text.indexOf(NEWLINE), text.lastIndexOf(BRACE)];
  return first !== -1 && first < end;
};

/** On which lines of the file properties stand, which the words of failures tell. In what Podman and containerd write it is the first for all; the command line has none. */
const linesOf = (text: Uint8Array | string, file: string): Uint8Array | string | null =>
  file === COMMAND_LINE || !hasLines(text) ? null : text;

/** It is made of nothing but what the engine compares (spec/reuse.ts) and what the program itself looks at. Of what is mounted it needs its cgroups, each where state.json says. */
function isReusable({ config, facts, state }: ExecInput): boolean {
  const { cgroup } = facts;
  const mounts =
    cgroup.layout === 'none'
      ? []
      : [
          ...(cgroup.layout === 'v2' ? [] : cgroup.hierarchies),
          ...(cgroup.layout === 'v1' ? [] : [cgroup.unified]),
        ];
  const isThere = (path: string): boolean => mounts.some(({ mount }) => path.startsWith(`${mount}/`));
  return (
    state.pidStart !== null && config.config.linux.intelRdt === null && state.chos.cgroups.every(isThere)
  );
}

/** `exec`: one more process in a container, from process.json or from the command line. */
export function exec(invocation: Invocation): Outcome {
  const found = findContainer(invocation, 'exec in');
  if (found.kind === 'failure') return failed(found.failure);
  const { id, directory, state, status } = found.value;
  const { options } = invocation.line;
  const usable = status === 'running' || status === 'created';
  if (!usable && !(status === 'paused' && options.flags.has('ignore-paused'))) {
    return failed(
      status === 'paused' ? { kind: 'paused', id } : { kind: 'not-running', id, verb: 'exec in' },
    );
  }
  const opened = readSavedConfig(directory, invocation.request.caller.euid);
  if (opened.kind === 'failure') return failed(opened.failure);
  const saved = `${directory}/config.json`;
  const config = readConfig(saved, saved, { kind: 'bytes', bytes: opened.value }, containers);
  if (config.kind === 'failure') return failed(config.failure);
  const admitted = execProcess(invocation, config.value.spec.written);
  if (admitted.kind === 'failure') return failed(admitted.failure);
  const cgroups = subCgroups(options.lists.get('cgroup') ?? []);
  if (cgroups.kind === 'failure') return failed(cgroups.failure);
  const { spec, text } = admitted.value;
  const { args } = spec.process;
  const input: ExecInput = {
    config: config.value.spec,
    process: isUsual(text) ? withoutArguments(spec) : spec,
    state,
    facts: withResctrl(probeHostFacts(invocation.request.caller), config.value.spec.config),
    options: {
      console: options.texts.has('console-socket'),
      pidfdSocket: options.texts.has('pidfd-socket'),
      detach: options.flags.has('detach'),
      ignorePaused: options.flags.has('ignore-paused'),
      environmentEntries: [...state.chos.variables, ...listenEntries(invocation)],
      cgroups: cgroups.value,
    },
  };
  const { config: container, process, ...others } = input;
  const size = opened.value.length + text.length;
  // What differs from one to the next comes first: the rest need not be compared then.
  const own = [linesOf(text, process.file), process.file === COMMAND_LINE, process.process];
  const all = [...own, container.file, opened.value, others, container.config];
  const result = imageOf('exec', all, size, () => compileExec({ ...input, compileFilter: knownFilter }));
  if (result.kind === 'refused') return failed(refusedByCompiler(result.refusals));
  return {
    kind: 'launch',
    entry: 'exec',
    image: result.image,
    reusable: isUsual(text) && isReusable(input),
    values: { ...givenValues(invocation), STATE_DIR: directory, ARGS: args, ARG0: args[0] },
    warnings: [...admitted.value.warnings.map(oneLine), ...result.warnings.map(warningText)],
  };
}
