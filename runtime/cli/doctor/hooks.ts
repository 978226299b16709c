/** Whether the files of hooks.d can be used, by Podman and by `chos-runtime hooks` (docs/hooks.md). */
import type { Found, HookFile } from '../../hooks/directories.js';
import { distrustWay } from '../../state/trusted.js';
import { faultsOfHooks } from '../hook-findings.js';
import { counted, fault, type Line, note, ok, quoted } from './line.js';
import { type Subject, silentPaths } from './subject.js';

const programOf = ({ read }: HookFile): string | null =>
  read.kind === 'read' ? read.definition.hook.path : null;

/** Programs that may be on a file server. */
export const hookPrograms = ({ files }: Found): readonly string[] =>
  files.flatMap(file => programOf(file) ?? []);

/** What root's Podman runs is what the file says, whoever has written it. */
function distrusted({ file }: HookFile, euid: number): readonly Line[] {
  const distrust = distrustWay(file, euid, 'file', 'host');
  if (distrust === null || distrust.why.kind !== 'others') return [];
  const { path, why } = distrust;
  const on = path === file ? '' : `${path} has `;
  const what = `${file}: ${on}owner ${why.uid}, mode ${why.mode.toString(8)}: others than root say what its hook does`;
  return [fault(what, `chown root ${quoted(path)} && chmod go-w ${quoted(path)}`)];
}

export function hooks(subject: Subject): readonly Line[] {
  const { hooks: found } = subject;
  const silent = new Set(silentPaths(subject));
  const waiting = found.files.filter(file => silent.has(programOf(file) ?? ''));
  const files = found.files.filter(file => !waiting.includes(file));
  const lines = [
    ...files.flatMap(file => distrusted(file, subject.host.facts.euid)),
    ...faultsOfHooks(found, files).map(what => fault(what)),
    ...waiting.map(file => note(`${file.file}: its program was not looked at, because it does not answer`)),
  ];
  if (lines.length > 0) return lines;
  return [
    ok(files.length === 0 ? 'there are none' : `${counted(files.length, 'file', 'files')}, none wrong`),
  ];
}
