/** What linux.intelRdt asks for, and what is there of it (Linux, Documentation/filesystems/resctrl.rst). */

/** Lines of the file `schemata`: a resource, and for each of its domains (a cache, a node) a bit mask or a number. */
type Domains = ReadonlyMap<string, string>;

/** How the default group is called in `closID`: the root of the file system. */
export const DEFAULT_GROUP = '/';

/** Names in the root of resctrl that are no groups. */
export const notGroups: readonly string[] = ['info', 'mon_data', 'mon_groups'];

/** memBwSchema, a line of its own. */
export const isMemoryBandwidth = (text: string): boolean => /^MB:[^\n]+$/.test(text);

/** The kernel pads with blanks and zeros, and writes masks in small letters. */
const bare = (value: string): string =>
  value
    .trim()
    .toLowerCase()
    .replace(/^0+(?=.)/, '');

function parse(lines: readonly string[]): ReadonlyMap<string, Domains> {
  const resources = new Map<string, Map<string, string>>();
  for (const line of lines) {
    const [, resource, list] = /^\s*([^:\s]+)\s*:(.*)$/.exec(line) ?? [];
    if (resource === undefined || list === undefined) continue;
    const domains = resources.get(resource) ?? new Map<string, string>();
    resources.set(resource, domains);
    for (const domain of list.split(';')) {
      const [name = '', value] = domain.split('=');
      if (value !== undefined) domains.set(bare(name), bare(value));
    }
  }
  return resources;
}

/** The first line that is asked for and does not hold; null: all do. `there`: the text of the file `schemata`. */
export function differingLine(asked: readonly string[], there: string): string | null {
  const found = parse(there.split('\n'));
  const holds = (line: string): boolean =>
    [...parse([line])].every(([resource, domains]) =>
      [...domains].every(([name, value]) => found.get(resource)?.get(name) === value),
    );
  return asked.find(line => !holds(line)) ?? null;
}
