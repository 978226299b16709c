/** delete, kill, pause and resume of a container whose stored program cannot be run. */
import type { Entry } from '../../spec/commands.js';
import { isRecord } from '../../spec/is-record.js';
import { type AdmittedSpec, admit } from '../admit/admit.js';
import { compileEnding } from '../compile/ending.js';
import type { Values } from '../engine/wire.js';
import { probeHostFacts } from '../host/facts.js';
import { withResctrl } from '../host/resctrl.js';
import { encode } from '../program/encode.js';
import { hooksLostText } from '../report/ending-text.js';
import { readState } from '../state/read-state.js';
import { failed, type Invocation, type Outcome } from './invocation.js';
import { readSavedConfig } from './saved-config.js';
import { systemdOf } from './systemd.js';

interface Understood {
  readonly spec: AdmittedSpec;
  /** Its hooks are not known. */
  readonly hooksLost: boolean;
}

const skeleton = {
  ociVersion: '1.0.2',
  root: { path: '/' },
  process: { cwd: '/', args: ['-'], user: { uid: 0, gid: 0 } },
};

/** What the end of a container needs of its config.json, where this version refuses something else in it. */
function essence(text: string): object | null {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(config)) return null;
  const hooks = isRecord(config.hooks) ? config.hooks : {};
  const linux = isRecord(config.linux) ? config.linux : {};
  const namespaces = (Array.isArray(linux.namespaces) ? linux.namespaces : []).filter(
    one => isRecord(one) && one.type === 'pid',
  );
  return {
    ...skeleton,
    ...(config.annotations === undefined ? {} : { annotations: config.annotations }),
    ...(hooks.poststop === undefined ? {} : { hooks: { poststop: hooks.poststop } }),
    linux: { namespaces, ...(linux.cgroupsPath === undefined ? {} : { cgroupsPath: linux.cgroupsPath }) },
  };
}

/** Without a namespace for pids, so that every process of the cgroup is killed. */
const nothing = JSON.stringify({ ...skeleton, linux: { namespaces: [] } });

function understand(file: string, text: string | null): Understood {
  const known = text === null ? [] : [text, JSON.stringify(essence(text))];
  for (const candidate of known) {
    const result = admit({ file, text: candidate });
    if (result.kind !== 'refused') return { spec: result.spec, hooksLost: false };
  }
  const result = admit({ file, text: nothing });
  if (result.kind === 'refused') throw new Error('the least config.json is refused');
  return { spec: result.spec, hooksLost: true };
}

export function ending(invocation: Invocation, entry: Entry, values: Values): Outcome {
  const id = invocation.line.operands[0] ?? '';
  const directory = `${invocation.root}/${id}`;
  const read = readState(invocation.root, id, invocation.request.caller.euid);
  if (read.kind === 'distrust') return failed(read);
  const saved = readSavedConfig(directory, invocation.request.caller.euid);
  // What is no file is lost, and nothing of it is believed.
  if (
    saved.kind === 'failure' &&
    saved.failure.kind === 'distrust' &&
    saved.failure.distrust.why.kind !== 'other-kind'
  )
    return failed(saved.failure);
  const file = `${directory}/config.json`;
  const text = saved.kind === 'ok' ? Buffer.from(saved.value).toString('utf8') : null;
  const { spec, hooksLost } = understand(file, text);
  const state = read.kind === 'state' ? read.live.state : null;
  const program = compileEnding({
    spec,
    facts: withResctrl(probeHostFacts(invocation.request.caller), spec.config),
    systemd: systemdOf(invocation),
    // Where hooks begin; nothing else tells.
    bundle: state?.bundle ?? '/',
    cgroups: state === null ? null : { manager: state.chos.cgroupManager, directories: state.chos.cgroups },
  });
  return {
    kind: 'launch',
    entry,
    image: encode(program),
    values: { ...values, STATE_DIR: directory },
    warnings: hooksLost && entry === 'delete' ? [hooksLostText(id)] : [],
  };
}
