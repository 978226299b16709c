import { hostIdOf } from '../../../spec/id-mappings.js';
import { isMapped, mayNotSetGroups } from '../launch/confined.js';
import type { Asked, ProcessLaunch } from '../launch/launch.js';
import type { Judgement, Refuse } from '../launch/refusal.js';
import { judgeCapabilities } from './capabilities.js';

/** What a command was asked to do with the terminal of the process that it starts. */
export interface TerminalOptions {
  /** --console-socket was given. */
  readonly console: Asked;
  /** Nobody stays in the foreground. */
  readonly detach: Asked;
}

/** What speaks against starting a process, the first of a container or one more; other concerns judge what is theirs. */
export function judgeProcess(
  launch: ProcessLaunch,
  { console, detach }: TerminalOptions,
  { refuse, warn }: Judgement,
): void {
  const { terminal } = launch.process;
  judgeIds(launch, refuse);
  judgeMapped(launch, refuse);
  judgeCapabilities(launch, refuse, warn);
  judgeArguments(launch, refuse);
  if (console === true && !terminal)
    refuse(launch.because('process'), { kind: 'console-socket-without-terminal' });
  if (terminal && console === false && detach === true)
    refuse(launch.because('process', 'terminal'), { kind: 'terminal-without-console-socket' });
}

/** MAX_ARG_STRLEN (linux/binfmts.h) less the NUL: 32 pages, of which the largest that the architecture has. */
const argumentMost = { x86_64: 32 * 4096 - 1, aarch64: 32 * 65_536 - 1 };

/** Of all together admission knows. */
function judgeArguments(launch: ProcessLaunch, refuse: Refuse): void {
  const most = argumentMost[launch.facts.arch];
  const judge = (name: 'args' | 'env', what: 'argument' | 'variable') => {
    const texts = launch.process[name];
    for (let index = 0; index < texts.length; index++) {
      const text = texts[index] as string;
      // A character has three bytes at most.
      if (3 * text.length <= most) continue;
      const bytes = Buffer.byteLength(text);
      if (bytes > most)
        refuse(launch.because('process', name, index), { kind: 'argument-too-long', what, bytes, most });
    }
  };
  judge('args', 'argument');
  judge('env', 'variable');
}

/** A process becomes only who is somebody in the user namespace of the caller. */
function judgeIds(launch: ProcessLaunch, refuse: Refuse): void {
  const { userNamespace } = launch.facts;
  if (userNamespace === null || launch.namespaces.has('user')) return;
  const { uids, gids } = userNamespace;
  const { uid, gid, additionalGids } = launch.process.user;
  const because = launch.because('process', 'user');
  if (!isMapped(uids, uid)) refuse(because, { kind: 'unmapped-id', of: 'uid', id: uid });
  for (const id of [gid, ...additionalGids])
    if (!isMapped(gids, id)) refuse(because, { kind: 'unmapped-id', of: 'gid', id });
  if (additionalGids.length > 0 && mayNotSetGroups(launch)) refuse(because, { kind: 'setgroups-denied' });
}

/** Of `exec` above all: those of config.json have been judged with it. */
function judgeMapped({ config, namespaces, process, because }: ProcessLaunch, refuse: Refuse): void {
  const { uidMappings, gidMappings } = config.linux;
  if (!namespaces.has('user')) return;
  if (namespaces.get('user') === 'new' && (uidMappings.length === 0 || gidMappings.length === 0))
    refuse(because('linux', 'namespaces', [...namespaces.keys()].indexOf('user')), {
      kind: 'needs-mappings',
    });
  if (uidMappings.length === 0) return;
  const { uid, gid, additionalGids } = process.user;
  if (hostIdOf(uidMappings, uid) === null)
    refuse(because('process', 'user'), { kind: 'not-mapped', of: 'user', id: uid });
  for (const id of [gid, ...additionalGids])
    if (hostIdOf(gidMappings, id) === null)
      refuse(because('process', 'user'), { kind: 'not-mapped', of: 'group', id });
}
