import type { LinuxSeccomp, LinuxSeccompAction } from '../../spec/generated/config.js';
import { checkAbsolute } from './check-text.js';
import type { Note, Reason, ValuePath } from './diagnostic.js';

/** The actions that return a number of the profile's choice, seccomp(2). */
const errnoActions: readonly LinuxSeccompAction[] = ['SCMP_ACT_ERRNO', 'SCMP_ACT_TRACE'];

/** sun_path of struct sockaddr_un, less its NUL (unix(7)). */
const socketPathLimit = 107;

/** What the schema cannot say about `linux.seccomp`. Unknown system calls are no error: other kernels have them. */
export function checkSeccomp(seccomp: LinuxSeccomp, base: ValuePath, note: Note, warn: Note): void {
  if (seccomp.defaultErrnoRet !== undefined && !errnoActions.includes(seccomp.defaultAction)) {
    note([...base, 'defaultErrnoRet'], onlyWith('defaultAction'));
  }
  const { listenerMetadata = '', listenerPath = '' } = seccomp;
  if (listenerMetadata !== '' && listenerPath === '') {
    // The specification forbids it; runc and crun do not look, since without a listener nobody reads it.
    warn([...base, 'listenerMetadata'], { kind: 'needs', property: 'listenerPath' });
  }
  const notifies = seccomp.syscalls?.some(({ action }) => action === 'SCMP_ACT_NOTIFY') ?? false;
  if (notifies && listenerPath !== '') {
    checkAbsolute(listenerPath, [...base, 'listenerPath'], note);
    if (Buffer.byteLength(listenerPath) > socketPathLimit)
      note([...base, 'listenerPath'], { kind: 'too-long', limit: socketPathLimit });
  }
  for (const [index, rule] of (seccomp.syscalls ?? []).entries()) {
    const path = [...base, 'syscalls', index];
    // The specification demands a name; runc and crun take a rule without as one that never applies.
    if (rule.names.length === 0) warn([...path, 'names'], { kind: 'without-effect' });
    if (rule.errnoRet !== undefined && !errnoActions.includes(rule.action)) {
      note([...path, 'errnoRet'], onlyWith('action'));
    }
    for (const [position, name] of rule.names.entries()) {
      if (name === '') note([...path, 'names', position], { kind: 'empty' });
    }
  }
}

function onlyWith(property: string): Reason {
  return { kind: 'only-with', property, values: errnoActions };
}
