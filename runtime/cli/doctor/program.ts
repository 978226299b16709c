/** Programs that the configuration of others names, which may be on a file server that is gone. */
import { programOf } from './host.js';
import { fault, type Line, note } from './line.js';
import { type Subject, silentPaths } from './subject.js';

export type Presence = 'there' | 'missing' | 'silent';

/** `program`: a path, or a name that is looked for. */
export function presenceOf(subject: Subject, program: string): Presence {
  if (!program.startsWith('/')) return programOf(subject.host, program) === undefined ? 'missing' : 'there';
  if (silentPaths(subject).includes(program)) return 'silent';
  return subject.host.stat(program)?.isFile() === true ? 'there' : 'missing';
}

/** `where` it is named; nothing to say of one that is there. */
export function programLines(subject: Subject, where: string, program: string): readonly Line[] {
  switch (presenceOf(subject, program)) {
    case 'there':
      return [];
    case 'missing':
      return [fault(`${where}: ${program} is not there`)];
    case 'silent':
      return [note(`${where}: ${program} was not looked at, because it does not answer`)];
  }
}
