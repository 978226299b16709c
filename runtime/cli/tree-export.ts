/** `tree export NAME|DIRECTORY -o FILE`: a tar of it, as `tree import` takes it. */
import { mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { codeOf } from '../host/error-code.js';
import { jsonText } from '../report/json-text.js';
import { work } from '../store/child.js';
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
  const made = await work({
    program: 'bsdtar',
    args: [
      ...packed,
      '--format=pax',
      '--numeric-owner',
      '--one-file-system',
      '-C',
      directory,
      '-cf',
      draft,
      '.',
    ],
    verb: `export \`${directory}\``,
  });
  try {
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
