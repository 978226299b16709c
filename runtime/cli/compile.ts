import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attach } from '../engine/executable.js';
import type { Request } from '../engine/wire.js';
import { codeOf } from '../host/error-code.js';
import { ownDirectory } from '../host/own-engine.js';
import { encode } from '../program/encode.js';
import { givenFacts } from './facts.js';
import { givenBundle } from './given-bundle.js';
import {
  type Attempt,
  absolute,
  done,
  failed,
  type Invocation,
  type Outcome,
  ok,
  refuse,
} from './invocation.js';
import { prepareLaunch } from './launch.js';

/**
 * The engine to attach to: the running one, which asks and belongs to this compiler whatever lies beside it; without one (development)
 * the one in the directory of the bundle file.
 */
function readEngine({
  caller: { pid },
}: Request): Attempt<{ readonly path: string; readonly bytes: Uint8Array }> {
  const path = pid === process.pid ? join(ownDirectory, 'chos-runtime') : `/proc/${pid}/exe`;
  try {
    return ok({ path, bytes: readFileSync(path) });
  } catch (error) {
    return refuse({ kind: 'file', verb: 'read', path, code: codeOf(error) });
  }
}

/** Write beside, then rename: whoever runs the file at this moment goes on with the old one, and nobody sees half of the new one. */
function writeExecutable(path: string, shown: string, bytes: Uint8Array): Attempt<null> {
  const beside = `${path}.${process.pid}.new`;
  // A device or a fifo is not replaced: /dev/stdout, say.
  const there = statSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !there.isFile())
    return refuse({
      kind: 'file',
      verb: 'write',
      path: shown,
      code: there.isDirectory() ? 'EISDIR' : 'EEXIST',
    });
  try {
    writeFileSync(beside, bytes, { flag: 'wx', mode: 0o755 });
    chmodSync(beside, 0o755);
    renameSync(beside, path);
    return ok(null);
  } catch (error) {
    rmSync(beside, { force: true });
    return refuse({ kind: 'file', verb: 'write', path: shown, code: codeOf(error) });
  }
}

/** `compile BUNDLE -o FILE`: the engine and the launch program in one static executable. */
export function compile(invocation: Invocation): Outcome {
  const { line, request } = invocation;
  const output = line.options.texts.get('output');
  if (output === undefined) {
    return failed({
      kind: 'usage',
      fault: { kind: 'missing-operand', operand: '--output FILE', command: 'compile' },
    });
  }
  const bundle = givenBundle(invocation);
  if (bundle.kind === 'failure') return failed(bundle.failure);
  const facts = givenFacts(invocation);
  if (facts.kind === 'failure') return failed(facts.failure);
  const launch = prepareLaunch(invocation, bundle.value, request.input, undefined, facts.value);
  if (launch.kind === 'failure') return failed(launch.failure);
  const engine = readEngine(request);
  if (engine.kind === 'failure') return failed(engine.failure);
  const attached = attach(engine.value.bytes, encode(launch.value.program));
  if (attached.kind === 'fault') {
    return failed({ kind: 'bad-engine', path: engine.value.path, fault: attached.fault });
  }
  const written = writeExecutable(absolute(invocation, output), output, attached.bytes);
  return written.kind === 'failure' ? failed(written.failure) : done('', launch.value.warnings);
}
