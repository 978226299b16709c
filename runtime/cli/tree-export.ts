/** `tree export NAME|DIRECTORY -o FILE`: a tar of it, as `tree import` takes it. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { codeOf } from '../host/error-code.js';
import { jsonText } from '../report/json-text.js';
import { work } from '../store/child.js';
import type { Result } from '../store/fault.js';
import { inView, PLACE, TREE } from '../store/view.js';
import { wantsJson } from './as-json.js';
import { absolute, done, failed, type Invocation, type Outcome } from './invocation.js';

/** By what the name ends in; null: nothing that is known. */
export function compressionOf(file: string): readonly string[] | null {
  const [, end = ''] = /\.(tar|tgz|gz|zst|xz|bz2)$/.exec(file) ?? [];
  switch (end) {
    case 'tar':
      return [];
    case 'gz':
    case 'tgz':
      return ['--gzip'];
    case 'zst':
      return ['--zstd'];
    case 'xz':
      return ['--xz'];
    case 'bz2':
      return ['--bzip2'];
    default:
      return null;
  }
}

/** As `tar` in `place`. Who is not root can read nothing by it that is not his. */
function pack(
  directory: string,
  place: string,
  packed: readonly string[],
  isRoot: boolean,
): Promise<Result<null>> {
  const [tree, into] = isRoot ? [TREE, PLACE] : [directory, place];
  if (isRoot) mkdirSync(`${place}/view`);
  const how = [...packed, '--format=pax', '--numeric-owner', '--one-file-system'];
  return work({
    program: 'bsdtar',
    args: [...how, '-C', tree, '-cf', `${into}/tar`, '.'],
    ...(isRoot ? { within: inView(directory, place) } : {}),
    verb: `export \`${directory}\``,
  });
}

export async function exportTree(invocation: Invocation, directory: string): Promise<Outcome> {
  const given = invocation.line.options.texts.get('output');
  if (given === undefined)
    return failed({
      kind: 'usage',
      fault: { kind: 'missing-operand', operand: '--output', command: 'tree' },
    });
  const packed = compressionOf(given);
  if (packed === null) {
    const expected = ['.tar', '.tar.gz', '.tar.zst', '.tar.xz', '.tar.bz2'];
    return failed({
      kind: 'usage',
      fault: { kind: 'bad-value', option: '--output', value: given, expected },
    });
  }
  const file = absolute(invocation, given);
  // Nobody else has a name in it, and what is in the tree is not for all to read while it is written.
  let place: string;
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
      return failed({ kind: 'file', verb: 'write', path: file, code: 'EISDIR' });
    place = mkdtempSync(`${file}.part-`);
  } catch (error) {
    return failed({ kind: 'file', verb: 'write', path: file, code: codeOf(error) });
  }
  const draft = `${place}/tar`;
  let made: Result<null>;
  try {
    made = await pack(directory, place, packed, invocation.request.caller.euid === 0);
    if (made.kind === 'ok') renameSync(draft, file);
  } catch (error) {
    return failed({ kind: 'file', verb: 'write', path: file, code: codeOf(error) });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
  if (made.kind === 'fault') return failed({ kind: 'store', fault: made.fault });
  const object = { file, bytes: statSync(file).size, directory };
  return done(wantsJson(invocation) ? `${jsonText(object, 2)}\n` : `${file} is written\n`);
}
