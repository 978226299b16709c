import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { STREAMS_FILE } from '../../spec/criu.js';
import type { RestoreAsked } from '../compile/criu/options.js';
import { compileRestore } from '../compile/restore.js';
import { codeOf } from '../host/error-code.js';
import { encode } from '../program/encode.js';
import { locksLostText, warningText } from '../report/warning-text.js';
import { distrustWay } from '../state/trusted.js';
import { unfit } from './checkpoint.js';
import { containerId } from './container-id.js';
import { criuAsked } from './criu-asked.js';
import { chooseEnvironment } from './environment.js';
import {
  type Attempt,
  absolute,
  absoluteBase,
  failed,
  type Invocation,
  type Outcome,
  ok,
  refuse,
} from './invocation.js';
import { cgroupManager, launchFacts, launchOptions, readConfig } from './launch.js';
import { givenValues } from './launch-values.js';
import { readInput } from './read-input.js';
import { refusedByCompiler } from './refusal.js';

/**
 * Nobody but root and the caller can have written what processes are made of: each file, and the directory before it (--parent-path), if there is one. `behind`: those that were
 * looked at already. One that is before itself is no chain of images.
 */
export function distrusted(images: string, euid: number, behind: readonly string[] = []): Attempt<null> {
  let here: string;
  try {
    here = realpathSync(images);
  } catch (error) {
    return refuse({ kind: 'file', verb: 'open', path: images, code: codeOf(error) });
  }
  if (behind.includes(here))
    return refuse({ kind: 'file', verb: 'open', path: join(images, 'parent'), code: 'ELOOP' });
  for (const name of readdirSync(images)) {
    const path = join(images, name);
    if (!lstatSync(path).isSymbolicLink() && !name.endsWith('.img')) continue;
    const distrust = distrustWay(path, euid, name === 'parent' ? 'image directory' : 'file');
    if (distrust !== null) return refuse({ kind: 'distrust', distrust });
    if (name === 'parent') {
      const below = distrusted(path, euid, [...behind, here]);
      if (below.kind === 'failure') return below;
    }
  }
  return ok(null);
}

/** What the streams led to; images of another program than a runtime do not say it. */
export function streamsOf(images: string): readonly string[] {
  try {
    const path = join(images, STREAMS_FILE);
    const read = readInput(path, path);
    if (read.kind === 'failure') return [];
    const value: unknown = JSON.parse(Buffer.from(read.value).toString('utf8'));
    return Array.isArray(value) ? value.slice(0, 3).map(String) : [];
  } catch {
    return [];
  }
}

function askedOf(invocation: Invocation): Attempt<RestoreAsked> {
  const { flags, texts } = invocation.line.options;
  const asked = criuAsked(invocation, false);
  if (asked.kind === 'failure') return asked;
  const { images } = asked.value;
  try {
    if (!readdirSync(images).includes('inventory.img'))
      return refuse({ kind: 'criu', fault: { kind: 'no-images', path: images } });
    const trusted = distrusted(images, invocation.request.caller.euid);
    if (trusted.kind === 'failure') return trusted;
  } catch (error) {
    return refuse({ kind: 'file', verb: 'open', path: images, code: codeOf(error) });
  }
  return ok({
    ...asked.value,
    tcpClose: flags.has('tcp-close'),
    lsmProfile: texts.get('lsm-profile') ?? null,
    lsmMountContext: texts.get('lsm-mount-context') ?? null,
    streams: streamsOf(images),
  });
}

function rootOf(path: string): Attempt<string> {
  try {
    return ok(realpathSync(path));
  } catch (error) {
    return refuse({ kind: 'file', verb: 'open', path, code: codeOf(error) });
  }
}

/** Its head alone is that of an image of no locks. */
const LOCKS_HEAD = 8;

function locksAreLost({ images, flags }: RestoreAsked): boolean {
  const locks = statSync(join(images, 'filelocks.img'), { throwIfNoEntry: false });
  return locks !== undefined && locks.size > LOCKS_HEAD && !flags.includes('file-locks');
}

/** `restore`: a container out of the images of `checkpoint`. */
export function restore(invocation: Invocation): Outcome {
  const id = containerId(invocation);
  if (id.kind === 'failure') return failed(id.failure);
  const { line, request } = invocation;
  const directory = line.options.texts.get('bundle') ?? '.';
  const base = absoluteBase(invocation, directory);
  if (base.kind === 'failure') return failed(base.failure);
  const bundle = base.value;
  const manager = cgroupManager(invocation);
  if (manager.kind === 'failure') return failed(manager.failure);
  const file = join(directory, 'config.json');
  const read = readConfig(file, absolute(invocation, file), request.input);
  if (read.kind === 'failure') return failed(read.failure);
  const { spec, text } = read.value;
  const fault = unfit(spec.config);
  if (fault !== null) return failed({ kind: 'criu', fault });
  const environment = chooseEnvironment(invocation, spec, bundle);
  if (environment.kind === 'failure') return failed(environment.failure);
  if (environment.value.environment !== null) return failed({ kind: 'criu', fault: { kind: 'shared-view' } });
  const asked = askedOf(invocation);
  if (asked.kind === 'failure') return failed(asked.failure);
  const { path } = spec.config.root;
  const root = rootOf(path.startsWith('/') ? path : join(bundle, path));
  if (root.kind === 'failure') return failed(root.failure);
  const options = launchOptions(invocation, { bundle, text, manager: manager.value });
  const result = compileRestore({
    spec,
    facts: launchFacts(invocation, spec, options),
    id: id.value,
    root: root.value,
    asked: asked.value,
    options,
  });
  if (result.kind === 'refused') return failed(refusedByCompiler(result.refusals));
  return {
    kind: 'launch',
    entry: 'run',
    image: encode(result.program),
    values: { ...givenValues(invocation), BUNDLE: bundle, STATE_DIR: `${invocation.root}/${id.value}` },
    warnings: [
      ...result.warnings.map(warningText),
      ...(locksAreLost(asked.value) ? [locksLostText(asked.value.images)] : []),
    ],
  };
}
