/** chos.d(5) and chos-recipes.d(5), from the schemas of these files. */
import { readFileSync } from 'node:fs';
import { escapeRoff } from './man.js';
import { type Property, propertiesOf } from './property-paths.js';

interface FilePage {
  readonly name: string;
  readonly about: string;
  readonly schema: string;
  readonly text: readonly string[];
  readonly example: string;
  /** Other pages, with their section. */
  readonly seeAlso: readonly string[];
}

const trust =
  'Each file must belong to root and be writable by nobody else, and so must the directory. A key that is not listed here, a value of another type, a relative path are errors with file, line and column.';

const pages: readonly FilePage[] = [
  {
    name: 'chos.d',
    about: 'registered trees, and what they share with the host',
    schema: 'spec/registry.schema.json',
    text: [
      '/etc/chos.d/*.json are the files of the registry, in JSON. A tree is a directory with an operating system in it; chos(1) and containers enter it by its name.',
      trust,
      'What is wrong takes away what that file registers, and nothing else. A name that two files give is nobody\'s. "chos-runtime tree check FILE" judges a file before it is put in its place.',
      'shares and files of a file count for the trees of that file; those of a file without trees for the whole site. What a tree says itself counts more.',
      'The classic file /etc/chos is read, too: lines NAME:PATH, or PATH alone, below the line %SHELLS.',
      'What has changed counts after the next "chos-runtime tree prepare" or "chos-runtime tree load".',
    ],
    example: `{
  "trees": {
    "debian12": { "path": "/ostrees/debian12", "shell": "bash" },
    "alma9": { "path": "/ostrees/alma9", "readonly": true, "environment": { "unset": ["LD_*"] } }
  },
  "shares": [{ "path": "/home" }, { "path": "/scratch", "optional": true }],
  "default": "debian12",
  "choices": [{ "group": "physics", "tree": "alma9" }]
}
`,
    seeAlso: ['chos(1)', 'chos-recipes.d(5)', 'chos-runtime-tree(8)', 'chos-runtime-doctor(8)'],
  },
  {
    name: 'chos-recipes.d',
    about: 'how trees of distributions are made',
    schema: 'spec/recipe.schema.json',
    text: [
      '/etc/chos-recipes.d/NAME.json is what "chos-runtime tree create NAME" makes a tree by, with mmdebstrap(1) or dnf(8). A file with the name of a recipe that comes with the program takes its place.',
      trust,
    ],
    example: `{
  "program": "mmdebstrap",
  "repositories": [{ "url": "http://mirror.example.org/debian", "suite": "trixie" }],
  "packages": ["gcc", "make"]
}
`,
    seeAlso: ['chos.d(5)', 'chos-runtime-tree(8)', 'mmdebstrap(1)', 'dnf(8)'],
  },
];

export const pageNames: readonly string[] = pages.map(({ name }) => `${name}.5`);

/** Hooks have the same keys at each of their stages. */
const stages = /\.hooks\.(\w+)\[\]/;

function term({ path, description, values }: Property): string {
  const name = path.replaceAll('.*', '.NAME').replace(stages, '.hooks.STAGE[]');
  const few = values === undefined ? '' : `${description === '' ? '' : ': '}${values.join(', ')}`;
  const about = `${description}${few}`;
  return `.TP\n\\fB${escapeRoff(name)}\\fR\n${escapeRoff(about === '' ? 'Text for people.' : `${about}.`)}\n`;
}

function keys(schema: string): string {
  const all = propertiesOf(schema).filter(({ path }) => path !== '$schema');
  const kinds = [...new Set(all.flatMap(({ path }) => stages.exec(path)?.[1] ?? []))];
  const first = all.filter(({ path }) => (stages.exec(path)?.[1] ?? kinds[0]) === kinds[0]);
  const note =
    kinds.length === 0 ? '' : `.PP\n${escapeRoff(`A STAGE of hooks is one of ${kinds.join(', ')}.`)}\n`;
  return `${first.map(term).join('')}${note}`;
}

const titleOf = (schema: string): string => String(JSON.parse(readFileSync(schema, 'utf8')).description);

/** By file name. */
export function filePages(version: string): ReadonlyMap<string, string> {
  return new Map(
    pages.map(({ name, about, schema, text, example, seeAlso }) => [
      `${name}.5`,
      [
        `.TH "${escapeRoff(name.toUpperCase())}" "5" "" "chos\\-runtime ${version}" "File formats"\n`,
        `.SH NAME\n${escapeRoff(name)} \\- ${escapeRoff(about)}\n`,
        `.SH SYNOPSIS\n.PP\n\\fI/etc/${escapeRoff(name)}/*.json\\fR\n`,
        `.SH DESCRIPTION\n.PP\n${escapeRoff(`${titleOf(schema)}.`)}\n`,
        ...text.map(one => `.PP\n${escapeRoff(one)}\n`),
        `.SH KEYS\n.PP\n${escapeRoff('"[]" stands for each entry of a list, NAME for a name that is the file\'s own.')}\n`,
        keys(schema),
        `.SH EXAMPLE\n.PP\n.nf\n${escapeRoff(example)}.fi\n`,
        `.SH SEE ALSO\n${seeAlso.map(page => `\\fB${escapeRoff(page.replace(/\(.*/, ''))}\\fR${page.slice(page.indexOf('('))}`).join(', ')}\n`,
      ].join(''),
    ]),
  );
}
