/** One file of /etc/chos-recipes.d (spec/recipe.schema.json), read and checked as config.json is. Its texts become arguments and lines of other programs' files. */
import type { Recipe, Repository } from '../../spec/generated/recipe.js';
import { validateRecipe } from '../../spec/generated/validators.js';
import { isRecord } from '../../spec/is-record.js';
import { checkNames } from '../admit/check-names.js';
import { checkAbsolute, checkText } from '../admit/check-text.js';
import type { Diagnostic, Note, TextForm, ValuePath } from '../admit/diagnostic.js';
import { parse } from '../admit/parse.js';
import { noteViolations } from '../admit/shape.js';

export type ReadRecipe =
  | { readonly kind: 'read'; readonly recipe: Recipe }
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] };

const common = ['$schema', 'description', 'program', 'repositories', 'packages', 'proxy'];

/** Which names there are depends on who makes the tree: one that the other program would use does nothing. */
const properties = {
  mmdebstrap: { recipe: [...common, 'variant'], repository: ['url', 'suite', 'components', 'key'] },
  dnf: { recipe: [...common, 'release'], repository: ['url', 'name', 'key'] },
} as const satisfies Readonly<Record<Recipe['program'], unknown>>;

/** Nothing in them ends a line, a quotation or an option, or begins an option. */
const forms = {
  'repository-address': /^(https?:\/\/|file:\/)[^\s"'\\[\]<>]+$/,
  suite: /^[A-Za-z0-9][A-Za-z0-9._~+/-]*$/,
  component: /^[A-Za-z0-9][A-Za-z0-9._+/-]*$/,
  package: /^@?[A-Za-z0-9][A-Za-z0-9._+:=~^*-]*$/,
  'repository-name': /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
} as const satisfies Partial<Record<TextForm, RegExp>>;

export const hasForm = (text: string, form: keyof typeof forms): boolean => forms[form].test(text);

function checkRepository({ program }: Recipe, repository: Repository, at: ValuePath, note: Note): void {
  const check = (name: string, text: string | undefined, form: keyof typeof forms): void => {
    if (text === undefined) note([...at, name], { kind: 'missing' });
    else if (!hasForm(text, form)) note([...at, name], { kind: 'wrong-form', form });
  };
  const { url, suite, components = [], name, key } = repository;
  check('url', url, 'repository-address');
  if (program === 'dnf') {
    check('name', name, 'repository-name');
    check('key', key, 'repository-address');
    return;
  }
  check('suite', suite, 'suite');
  for (const [i, component] of components.entries())
    if (!hasForm(component, 'component'))
      note([...at, 'components', i], { kind: 'wrong-form', form: 'component' });
  if (key === undefined) return;
  checkAbsolute(key, [...at, 'key'], note);
  if (/[\s\]]/.test(key)) note([...at, 'key'], { kind: 'wrong-form', form: 'other' });
}

function checkContent(recipe: Recipe, note: Note): void {
  const { program, release, repositories, packages = [], proxy } = recipe;
  if (repositories.length === 0) note(['repositories'], { kind: 'empty' });
  for (const [i, repository] of repositories.entries())
    checkRepository(recipe, repository, ['repositories', i], note);
  if (program === 'dnf') {
    if (release === undefined) note(['release'], { kind: 'missing' });
    else if (!hasForm(release, 'repository-name'))
      note(['release'], { kind: 'wrong-form', form: 'repository-name' });
    for (const [i, { name }] of repositories.entries()) {
      const first = repositories.findIndex(one => one.name === name);
      if (first !== i)
        note(['repositories', i, 'name'], { kind: 'duplicate', first: `repositories[${first}].name` });
    }
  }
  for (const [i, one] of packages.entries())
    if (!hasForm(one, 'package')) note(['packages', i], { kind: 'wrong-form', form: 'package' });
  if (proxy !== undefined && !hasForm(proxy, 'repository-address'))
    note(['proxy'], { kind: 'wrong-form', form: 'repository-address' });
}

export function parseRecipe(file: string, text: Uint8Array | string): ReadRecipe {
  const parsed = parse({ file, text });
  if (parsed.kind === 'refused') return parsed;
  const { document } = parsed;
  const diagnostics: Diagnostic[] = [];
  const note: Note = (path, what) => diagnostics.push(document.diagnose(path, what));
  const { value } = document;
  if (!validateRecipe(value)) noteViolations(value, validateRecipe.errors ?? [], note);
  if (isRecord(value)) {
    const { program, repositories } = value;
    const names = program === 'dnf' ? properties.dnf : properties.mmdebstrap;
    const of = `a recipe for ${program === 'dnf' ? 'dnf' : 'mmdebstrap'}`;
    checkNames(value, { allowed: names.recipe, of }, [], note);
    if (Array.isArray(repositories))
      for (const [i, one] of repositories.entries())
        checkNames(one, { allowed: names.repository, of }, ['repositories', i], note);
  }
  checkText(document.text, value, note);
  if (diagnostics.length === 0) checkContent(value as Recipe, note);
  if (diagnostics.length === 0) return { kind: 'read', recipe: value as Recipe };
  diagnostics.sort((one, other) => one.line - other.line || one.column - other.column);
  return { kind: 'refused', diagnostics };
}
