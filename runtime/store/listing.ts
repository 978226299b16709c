/**
 * What `bsdtar -tv` says of an archive, a line for each entry: what it is, how large, its name. Names are bytes, as Latin-1 strings. A line that is not
 * understood makes the archive unusable.
 */
export interface Entry {
  /** As ls(1) has it: - d l c b p s, and h for a further name of a file (hard link). */
  readonly type: string;
  readonly size: number;
  /** Without `./` in front and slashes at the end; the root itself is empty. */
  readonly path: string;
}

// MODE LINKS OWNER GROUP SIZE|MAJOR,MINOR DATE NAME
const LINE =
  /^([-dlhcbps])\S{9,10} *\d+ +\S+ +\S+ +(\d+|\d+, *\d+) [A-Z][a-z]{2} [ \d]\d (?:[ \d]\d:\d\d| ?-?\d+) (.*)$/s;

const letters: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** bsdtar writes what cannot be printed as \n, \\ or \ooo. */
function bytesIn(name: string): string {
  return name.includes('\\')
    ? name.replace(/\\([0-7]{3}|.)/gs, (whole, code: string) =>
        code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (letters[code] ?? whole),
      )
    : name;
}

/** What follows the name of a link. */
const targets: Readonly<Record<string, string>> = { l: ' -> ', h: ' link to ' };

export const cleanName = (name: string): string =>
  name
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .join('/');

/** Null: it is no such line. */
export function parseLine(line: string): Entry | null {
  const [, type = '', size = '', written = ''] = LINE.exec(line) ?? [];
  if (type === '') return null;
  const mark = targets[type];
  const end = mark === undefined ? -1 : written.indexOf(mark);
  if (mark !== undefined && end < 0) return null;
  const name = bytesIn(end < 0 ? written : written.slice(0, end));
  return { type, size: size.includes(',') ? 0 : Number(size), path: cleanName(name) };
}

/** A way out of the tree; absolute names mean the tree's own root. */
export const leadsOut = ({ path }: Entry): boolean => path.split('/').includes('..');
