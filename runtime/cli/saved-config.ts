import { openTrusted } from '../state/trusted.js';
import { type Attempt, ok, refuse } from './invocation.js';

/** Open the config.json that create kept in ROOT/ID: it decides what exec makes and what hooks run, so nobody else may have written it. */
export function openSavedConfig(directory: string): Attempt<number> {
  const path = `${directory}/config.json`;
  const opened = openTrusted('file', path);
  if (opened.kind === 'open') return ok(opened.fd);
  return refuse(opened.kind === 'distrust' ? opened : { kind: 'file', verb: 'open', path, code: 'ENOENT' });
}
