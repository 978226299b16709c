import { existsSync } from 'node:fs';
import { networkLocks } from '../../spec/criu.js';
import type { NormalConfig } from '../../spec/normal-config.js';
import { compileCheckpoint } from '../compile/checkpoint.js';
import { boundPlaces } from '../compile/criu/external.js';
import type { CheckpointAsked } from '../compile/criu/options.js';
import { probeDumpFacts } from '../host/dump-facts.js';
import { codeOf } from '../host/error-code.js';
import { probeHostFacts } from '../host/facts.js';
import { followedPath } from '../host/followed-path.js';
import { encode } from '../program/encode.js';
import type { CriuFault } from '../report/criu-text.js';
import { warningText } from '../report/warning-text.js';
import { criuAsked, wordOf } from './criu-asked.js';
import { type Found, findContainer } from './find-container.js';
import { type Attempt, failed, type Invocation, type Outcome, ok, refuse } from './invocation.js';
import { readConfig } from './launch.js';
import { givenValues } from './launch-values.js';
import { refusedByCompiler } from './refusal.js';
import { readSavedConfig } from './saved-config.js';
import { systemdOf } from './systemd.js';

/** What speaks against saving it, or against restoring it. */
export function unfit({ annotations, linux }: NormalConfig): CriuFault | null {
  if (annotations['org.criu.config'] !== undefined) return { kind: 'annotation' };
  if (linux.namespaces.has('user')) return { kind: 'namespace', why: 'user' };
  if (!linux.namespaces.has('pid')) return { kind: 'namespace', why: 'host-pids' };
  return null;
}

/** ADDRESS:PORT */
function pageServer({ line }: Invocation): Attempt<CheckpointAsked['pageServer']> {
  const value = line.options.texts.get('page-server');
  if (value === undefined) return ok(null);
  const [, address = '', port = ''] = /^\[?([^\]]*)\]?:([0-9]{1,5})$/.exec(value) ?? [];
  if (address !== '') return ok({ address, port: Number(port) });
  return refuse({
    kind: 'usage',
    fault: { kind: 'bad-value', option: '--page-server', value, expected: ['ADDRESS:PORT'] },
  });
}

function askedOf(invocation: Invocation): Attempt<CheckpointAsked> {
  const { flags, texts, numbers } = invocation.line.options;
  const server = pageServer(invocation);
  if (server.kind === 'failure') return server;
  const networkLock = wordOf(invocation, 'network-lock', networkLocks);
  if (networkLock.kind === 'failure') return networkLock;
  const asked = criuAsked(invocation, true);
  if (asked.kind === 'failure') return asked;
  const parent = texts.get('parent-path') ?? null;
  if (parent !== null && !existsSync(followedPath(asked.value.images, parent)))
    return refuse({
      kind: 'file',
      verb: 'open',
      path: followedPath(asked.value.images, parent),
      code: 'ENOENT',
    });
  return ok({
    ...asked.value,
    leaveRunning: flags.has('leave-running'),
    preDump: flags.has('pre-dump'),
    parent,
    pageServer: server.value,
    statusFd: numbers.get('status-fd') ?? null,
    networkLock: networkLock.value,
  });
}

/** The facts belong to the process that state.json names; the program sees to it that this is still so. */
function compile(invocation: Invocation, { directory, state }: Found, asked: CheckpointAsked): Outcome {
  const opened = readSavedConfig(directory, invocation.request.caller.euid);
  if (opened.kind === 'failure') return failed(opened.failure);
  const saved = `${directory}/config.json`;
  const config = readConfig(saved, saved, { kind: 'bytes', bytes: opened.value });
  if (config.kind === 'failure') return failed(config.failure);
  const { spec } = config.value;
  const fault = unfit(spec.config);
  if (fault !== null) return failed({ kind: 'criu', fault });
  let dump: ReturnType<typeof probeDumpFacts>;
  try {
    dump = probeDumpFacts(state.pid, boundPlaces(spec.config));
  } catch (error) {
    return failed({ kind: 'file', verb: 'read', path: `/proc/${state.pid}`, code: codeOf(error) });
  }
  const result = compileCheckpoint({
    config: spec,
    state,
    facts: probeHostFacts(invocation.request.caller),
    systemd: systemdOf(invocation),
    dump,
    asked,
  });
  if (result.kind === 'refused') return failed(refusedByCompiler(result.refusals));
  return {
    kind: 'launch',
    entry: 'host',
    image: encode(result.program),
    values: { ...givenValues(invocation), STATE_DIR: directory },
    warnings: result.warnings.map(warningText),
  };
}

/** `checkpoint`: save the processes of a container with CRIU. */
export function checkpoint(invocation: Invocation): Outcome {
  const found = findContainer(invocation, 'checkpoint');
  if (found.kind === 'failure') return failed(found.failure);
  const { id, state, status } = found.value;
  if (status !== 'running' && status !== 'paused')
    return failed({ kind: 'not-running', id, verb: 'checkpoint' });
  if (state.chos.backEnd !== 'private' || state.chos.link !== null)
    return failed({ kind: 'criu', fault: { kind: 'shared-view' } });
  const asked = askedOf(invocation);
  return asked.kind === 'failure' ? failed(asked.failure) : compile(invocation, found.value, asked.value);
}
