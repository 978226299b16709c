/** The process that `exec` starts: the file of --process as it is, or the container's own process changed by the command line, as runc does it. */
import type { Config, Process } from '../../spec/generated/config.js';
import { type Id, largestId, toId } from '../../spec/ids.js';
import { type Accepted, type AdmittedProcess, admitProcess, type Refused } from '../admit/admit.js';
import { COMMAND_LINE } from '../program/action.js';
import { jsonText } from '../report/json-text.js';
import { type Attempt, absolute, type Invocation, ok, refuse } from './invocation.js';
import { Known } from './known.js';
import { readHanded } from './read-input.js';
import { refusedInput } from './refusal.js';

/** What was found in processes of usual size. */
const admitted = new Known<
  readonly [file: string, text: Uint8Array | string],
  Accepted<AdmittedProcess> | Refused
>(16, result => result.kind === 'admitted');

const CAPABILITY_SETS = ['bounding', 'effective', 'permitted'] as const;

/** Without a group the container's own stays, as with runc. */
function userOf(text: string): Attempt<{ readonly uid: Id; readonly gid: Id | null }> {
  const [, user = '', group] = /^(\d+)(?::(\d+))?$/.exec(text) ?? [];
  const uid = toId(user);
  const gid = group === undefined ? null : toId(group);
  if (uid === null || (group !== undefined && gid === null)) {
    const expected = `UID[:GID], from 0 to ${largestId}` as const;
    return refuse({ kind: 'usage', fault: { kind: 'bad-value', option: '--user', value: text, expected } });
  }
  return ok({ uid, gid });
}

function gidsOf(texts: readonly string[]): Attempt<readonly Id[]> {
  const gids: Id[] = [];
  for (const text of texts) {
    const gid = toId(text);
    if (gid === null) {
      const expected = `a number from 0 to ${largestId}` as const;
      const option = '--additional-gids';
      return refuse({ kind: 'usage', fault: { kind: 'bad-value', option, value: text, expected } });
    }
    gids.push(gid);
  }
  return ok(gids);
}

/** As runc: ambient, which is what a user other than root keeps over execve(2), where the container has them inheritable (capabilities(7)). */
function withCapabilities(process: Process, added: readonly string[]): Process['capabilities'] {
  if (added.length === 0) return process.capabilities;
  const names = added.map(name => (/^CAP_/i.test(name) ? name.toUpperCase() : `CAP_${name.toUpperCase()}`));
  const sets = CAPABILITY_SETS.map(set => [
    set,
    [...new Set([...(process.capabilities?.[set] ?? []), ...names])],
  ]);
  const inheritable = (process.capabilities?.inheritable ?? []).map(name => name.toUpperCase());
  const ambient = [
    ...new Set([
      ...(process.capabilities?.ambient ?? []),
      ...names.filter(name => inheritable.includes(name)),
    ]),
  ];
  return { ...process.capabilities, ...Object.fromEntries(sets), ...(ambient.length > 0 ? { ambient } : {}) };
}

function changedProcess({ line }: Invocation, process: Process): Attempt<Process> {
  const { options } = line;
  const user = options.texts.get('user');
  const identity = user === undefined ? ok(null) : userOf(user);
  if (identity.kind === 'failure') return identity;
  const gids = gidsOf(options.lists.get('additional-gids') ?? []);
  if (gids.kind === 'failure') return gids;
  const apparmor = options.texts.get('apparmor');
  const label = options.texts.get('process-label');
  const labels = {
    ...(apparmor === undefined ? {} : { apparmorProfile: apparmor }),
    ...(label === undefined ? {} : { selinuxLabel: label }),
  };
  return ok({
    ...process,
    args: line.operands.slice(1) as unknown as Process['args'],
    terminal: options.flags.has('tty'),
    cwd: options.texts.get('cwd') ?? process.cwd,
    env: [...(process.env ?? []), ...(options.lists.get('env') ?? [])],
    user: {
      ...process.user,
      uid: identity.value?.uid ?? process.user?.uid ?? 0,
      gid: identity.value?.gid ?? process.user?.gid ?? 0,
      additionalGids: [...(process.user?.additionalGids ?? []), ...gids.value],
    },
    ...labels,
    noNewPrivileges: process.noNewPrivileges === true || options.flags.has('no-new-privs'),
    capabilities: withCapabilities(process, options.lists.get('cap') ?? []) ?? {},
  });
}

/** The process, its text, and what deserves a warning in it. */
export function execProcess(
  invocation: Invocation,
  config: Config,
): Attempt<Pick<Accepted<AdmittedProcess>, 'spec' | 'warnings'> & { readonly text: Uint8Array | string }> {
  const file = invocation.line.options.texts.get('process');
  const command = invocation.line.operands[1];
  if (file !== undefined && command !== undefined) {
    return refuse({ kind: 'usage', fault: { kind: 'conflict', one: '--process', other: command } });
  }
  if (file === undefined && command === undefined) return refuse({ kind: 'exec-without-process' });
  let text: Uint8Array | string;
  if (file !== undefined) {
    const read = readHanded(invocation.request.input, file, absolute(invocation, file));
    if (read.kind === 'failure') return read;
    text = read.value;
  } else {
    const process = changedProcess(invocation, config.process);
    if (process.kind === 'failure') return process;
    text = jsonText(process.value);
  }
  const source = { file: file ?? COMMAND_LINE, text };
  const result = admitted.find([source.file, text], text.length, () => admitProcess(source));
  return result.kind === 'refused' ? refuse(refusedInput(result.diagnostics)) : ok({ ...result, text });
}
