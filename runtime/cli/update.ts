/** `update`: other limits for a container that runs. */
import type { Config } from '../../spec/generated/config.js';
import { isMemoryBandwidth } from '../../spec/resctrl.js';
import { type AdmittedResources, admitResources } from '../admit/admit.js';
import { schemataLines } from '../admit/normal/linux.js';
import { compileUpdate } from '../compile/update.js';
import { probeHostFacts } from '../host/facts.js';
import { withResctrl } from '../host/resctrl.js';
import { COMMAND_LINE } from '../program/action.js';
import { encode } from '../program/encode.js';
import { oneLine } from '../report/diagnostic.js';
import { jsonText } from '../report/json-text.js';
import { ignoredOptionsText } from '../report/warning-text.js';
import { findContainer } from './find-container.js';
import { type Attempt, absolute, failed, type Invocation, type Outcome, ok, refuse } from './invocation.js';
import { readConfig } from './launch.js';
import { readHanded } from './read-input.js';
import { refusedByCompiler, refusedInput } from './refusal.js';
import { resourcesOfOptions } from './resource-options.js';
import { readSavedConfig } from './saved-config.js';
import { systemdOf } from './systemd.js';

interface Asked {
  readonly resources: AdmittedResources;
  readonly warnings: readonly string[];
}

/** The file of --resources, and then nothing else (crun and runc agree on that); else the options. */
function askedResources(invocation: Invocation, { ociVersion }: Config): Attempt<Asked> {
  const { texts } = invocation.line.options;
  const file = texts.get('resources');
  let source: { readonly file: string; readonly text: Uint8Array | string };
  if (file === undefined) {
    const given = resourcesOfOptions(texts);
    if (given.kind === 'failure') return given;
    source = { file: COMMAND_LINE, text: jsonText(given.value) };
  } else {
    const read = readHanded(invocation.request.input, file, absolute(invocation, file));
    if (read.kind === 'failure') return read;
    source = { file: file === '-' ? 'standard input' : file, text: read.value };
  }
  // A 0 on the command line is a 0 whatever the version of config.json.
  const result = admitResources(source, file === undefined ? null : ociVersion);
  if (result.kind === 'refused') return refuse(refusedInput(result.diagnostics));
  const ignored = file === undefined ? [] : [...texts.keys()].filter(name => name !== 'resources');
  return ok({
    resources: result.spec,
    warnings: [
      ...(ignored.length > 0
        ? [
            ignoredOptionsText(
              ignored.map(name => `--${name}`),
              '--resources',
            ),
          ]
        : []),
      ...result.warnings.map(oneLine),
    ],
  });
}

/** `hasGroup`: the container has one in resctrl. An empty option counts as not given; with --resources none of them counts. */
function askedSchemata({ line }: Invocation, hasGroup: boolean): Attempt<readonly string[]> {
  const { texts } = line.options;
  const [cache = '', bandwidth = ''] = ['l3-cache-schema', 'mem-bw-schema'].map(name => texts.get(name));
  if (texts.has('resources') || `${cache}${bandwidth}` === '') return ok([]);
  const option = cache === '' ? '--mem-bw-schema' : '--l3-cache-schema';
  if (!hasGroup) return refuse({ kind: 'no-resctrl', option });
  if (bandwidth !== '' && !isMemoryBandwidth(bandwidth))
    return refuse({
      kind: 'usage',
      fault: {
        kind: 'bad-value',
        option: '--mem-bw-schema',
        value: bandwidth,
        expected: 'one line that begins with MB:',
      },
    });
  return ok(schemataLines({ l3CacheSchema: cache, memBwSchema: bandwidth }));
}

export function update(invocation: Invocation): Outcome {
  const found = findContainer(invocation, 'update');
  if (found.kind === 'failure') return failed(found.failure);
  const { id, directory, state, status } = found.value;
  if (status === 'stopped' || status === 'creating')
    return failed({ kind: 'not-running', id, verb: 'update' });
  const opened = readSavedConfig(directory, invocation.request.caller.euid);
  if (opened.kind === 'failure') return failed(opened.failure);
  const saved = `${directory}/config.json`;
  const config = readConfig(saved, saved, { kind: 'bytes', bytes: opened.value });
  if (config.kind === 'failure') return failed(config.failure);
  const { spec } = config.value;
  const facts = withResctrl(probeHostFacts(invocation.request.caller), spec.config);
  const schemata = askedSchemata(invocation, facts.resctrl !== undefined);
  if (schemata.kind === 'failure') return failed(schemata.failure);
  const asked = askedResources(invocation, spec.written);
  if (asked.kind === 'failure') return failed(asked.failure);
  const result = compileUpdate({
    spec,
    asked: asked.value.resources,
    schemata: schemata.value,
    facts,
    systemd: systemdOf(invocation),
    state,
  });
  if (result.kind === 'refused') return failed(refusedByCompiler(result.refusals));
  return {
    kind: 'launch',
    entry: 'host',
    image: encode(result.program),
    values: { ID: id, STATE_DIR: directory },
    warnings: asked.value.warnings,
  };
}
