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
import { knownFilter } from './known-filter.js';
import { imageOf } from './known-image.js';
import { readConfig } from './launch.js';
import { givenValues, listenEntries } from './launch-values.js';
import { refusedByCompiler } from './refusal.js';
import { readSavedConfig } from './saved-config.js';

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
  const config = readConfig(saved, saved, { kind: 'bytes', bytes: opened.value });
  if (config.kind === 'failure') return failed(config.failure);
  const admitted = execProcess(invocation, config.value.spec.written);
  if (admitted.kind === 'failure') return failed(admitted.failure);
  const cgroups = subCgroups(options.lists.get('cgroup') ?? []);
  if (cgroups.kind === 'failure') return failed(cgroups.failure);
  const input: ExecInput = {
    config: config.value.spec,
    process: admitted.value.spec,
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
  const size = opened.value.length + admitted.value.text.length;
  // What differs from one to the next comes first: the rest need not be compared then.
  const own = [admitted.value.text, process.file === COMMAND_LINE, process.process];
  const all = [...own, container.file, opened.value, others, container.config];
  const result = imageOf(all, size, () => compileExec({ ...input, compileFilter: knownFilter }));
  if (result.kind === 'refused') return failed(refusedByCompiler(result.refusals));
  return {
    kind: 'launch',
    entry: 'exec',
    image: result.image,
    values: { ...givenValues(invocation), STATE_DIR: directory },
    warnings: [...admitted.value.warnings.map(oneLine), ...result.warnings.map(warningText)],
  };
}
