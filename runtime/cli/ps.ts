import { execFileSync } from 'node:child_process';
import { cgroupPids, processInfo, relatedPids } from '../host/process-info.js';
import { findContainer } from './find-container.js';
import { done, failed, type Invocation, type Outcome } from './invocation.js';
import { outputFormat } from './output-format.js';

/** Host pids of the container: those of its cgroups; where it has none, those that its first process tells of. */
export function pidsOf(cgroups: readonly string[], pid: number): readonly number[] {
  if (cgroups.length === 0) return relatedPids(pid);
  const all = new Set(cgroups.flatMap(directory => cgroupPids(directory)));
  // It may have been moved elsewhere.
  if (all.size === 0 && processInfo(pid) !== null) all.add(pid);
  return [...all].sort((a, b) => a - b);
}

/** The lines of ps(1) that are about these processes, and its header. The column is found by the header, as in runc. */
function selectLines(text: string, pids: ReadonlySet<number>): string {
  const [header = '', ...lines] = text.split('\n');
  const column = header.trim().split(/\s+/).indexOf('PID');
  const selected = lines.filter(line => pids.has(Number(line.trim().split(/\s+/)[column])));
  return [header, ...selected, ''].join('\n');
}

export function ps(invocation: Invocation): Outcome {
  const format = outputFormat(invocation, ['table', 'json']);
  if (format.kind === 'failure') return failed(format.failure);
  const found = findContainer(invocation, 'list the processes of');
  if (found.kind === 'failure') return failed(found.failure);
  const { state, status } = found.value;
  const pids = status === 'stopped' ? [] : pidsOf(state.chos.cgroups, state.pid);
  if (format.value === 'json') return done(`${JSON.stringify(pids)}\n`);
  // It may take as long as all others together, and what it prints cannot be had of the pids alone: options choose the lines and columns.
  if (invocation.request.served) return { kind: 'cold', message: 'ps(1) would have to be waited for' };
  const wanted = invocation.line.operands.slice(1);
  try {
    const text = execFileSync('/bin/ps', wanted.length === 0 ? ['-ef'] : wanted, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return done(selectLines(text, new Set(pids)));
  } catch {
    return failed({ kind: 'ps-failed', options: wanted.join(' ') });
  }
}
