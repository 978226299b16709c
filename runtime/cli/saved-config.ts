import { openTrusted } from '../state/trusted.js';
import { type Attempt, refuse } from './invocation.js';
import { readOpened } from './read-input.js';

/** The config.json that create kept in ROOT/ID: it decides what exec makes and what hooks run, so nobody else may have written it. */
export function readSavedConfig(directory: string, euid: number): Attempt<Uint8Array> {
  const path = `${directory}/config.json`;
  const opened = openTrusted('file', path, euid);
  if (opened.kind === 'open') return readOpened(opened.fd, path);
  return refuse(opened.kind === 'distrust' ? opened : { kind: 'file', verb: 'open', path, code: 'ENOENT' });
}
