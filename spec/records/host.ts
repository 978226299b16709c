/** What both records of pinned things begin or go on with: from which mount namespace and root they were made, and when. */
import type { DirectoryFact, Pin } from '../environment.js';
import { TemplateField } from '../instructions.js';
import type { Fill, Filled, Members } from './record.js';

/** A directory, by three numbers that the program asks the kernel for. */
type DirectoryField<Prefix extends string> = `${Prefix}Major` | `${Prefix}Minor` | `${Prefix}Inode`;

export type HostField = 'namespace' | DirectoryField<'hostRoot'> | 'created';

export function directoryTemplate<Field, Prefix extends string>(
  prefix: Prefix,
  fill: Fill<DirectoryField<Prefix>, Field>,
): Filled<Field> {
  return [
    '{"major":',
    fill(TemplateField.DECIMAL, `${prefix}Major`),
    ',"minor":',
    fill(TemplateField.DECIMAL, `${prefix}Minor`),
    ',"inode":',
    fill(TemplateField.DECIMAL, `${prefix}Inode`),
    '}',
  ];
}

/** As members of an object: `"host":{...},"created":"..."`. */
export function hostTemplate<Field>(fill: Fill<HostField, Field>): Filled<Field> {
  return [
    '"host":{"namespace":',
    fill(TemplateField.DECIMAL, 'namespace'),
    ',"root":',
    ...directoryTemplate('hostRoot', fill),
    '},"created":"',
    fill(TemplateField.TIME, 'created'),
    '"',
  ];
}

export const readDirectory = (members: Members): DirectoryFact => ({
  major: members.natural('major'),
  minor: members.natural('minor'),
  inode: members.natural('inode'),
});

export const readHost = (members: Members): Pin['host'] => ({
  namespace: members.natural('namespace'),
  root: members.object('root', readDirectory),
});
