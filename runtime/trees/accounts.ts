/**
 * passwd(5) and group(5) of a tree in which the users of the host work: the tree's own accounts of the system, whose numbers its files have, and the host's users. Pure.
 */

/** Below it accounts are the system's (login.defs(5)); nobody is, too. */
const FIRST_USER = 1000;
const RESERVED: ReadonlySet<number> = new Set([65534, 65535]);
const NUMBER = 2;

interface Entry {
  readonly name: string;
  readonly id: number;
  readonly line: string;
}

/** Lines that name no account (comments, "+" of NIS) are none of either. Texts are bytes: what \s takes for a space beyond ASCII is half of a letter. */
function entriesOf(text: string, fields: number): readonly Entry[] {
  return text.split('\n').flatMap(line => {
    const parts = line.split(':');
    const [name = '', , number = ''] = parts;
    const sound =
      parts.length === fields && /^[^+\-# \t\v\f\r][^ \t\v\f\r]*$/.test(name) && /^\d{1,10}$/.test(number);
    return sound ? [{ name, id: Number(parts[NUMBER]), line }] : [];
  });
}

const isUser = ({ id }: Entry): boolean => id >= FIRST_USER && !RESERVED.has(id);

/** `fields`: of a line. What the host has for its system is added where the tree has neither its name nor its number: processes may have it. */
function merged(tree: string, host: string, fields: number): string {
  const hosts = entriesOf(host, fields);
  const users = hosts.filter(isUser);
  const taken = new Set(users.map(({ name }) => name));
  const own = entriesOf(tree, fields).filter(entry => !isUser(entry) && !taken.has(entry.name));
  const names = new Set(own.map(({ name }) => name));
  const ids = new Set(own.map(({ id }) => id));
  const rest = hosts.filter(entry => !isUser(entry) && !names.has(entry.name) && !ids.has(entry.id));
  return [...own, ...rest, ...users].map(({ line }) => `${line}\n`).join('');
}

export const MERGED: Readonly<Record<string, (tree: string, host: string) => string>> = {
  '/etc/passwd': (tree, host) => merged(tree, host, 7),
  '/etc/group': (tree, host) => merged(tree, host, 4),
};
