/** Recipes by name: the site's own first, then those that come with the program. They decide what root runs, and are judged as the registry is. */
import type { Recipe } from '../../spec/generated/recipe.js';
import { recipes } from '../../spec/recipes.js';
import type { Diagnostic } from '../admit/diagnostic.js';
import { isBad, jsonFiles, type NoRegistry, readTrusted } from './read-registry.js';
import { parseRecipe } from './recipe-file.js';
import { isTreeName } from './registry.js';

export const RECIPES = '/etc/chos-recipes.d';

export type FoundRecipe =
  | { readonly kind: 'recipe'; readonly recipe: Recipe }
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: 'unknown'; readonly known: readonly string[] };

const nameOf = (file: string): string => file.slice(RECIPES.length + 1, -'.json'.length);

export function findRecipe(name: string): FoundRecipe | NoRegistry {
  const files = jsonFiles(RECIPES);
  if (isBad(files) && 'kind' in files) return files;
  const known = [...new Set([...files.map(nameOf), ...Object.keys(recipes)])].sort();
  const file = `${RECIPES}/${name}.json`;
  if (isTreeName(name) && files.includes(file)) {
    const bytes = readTrusted(file);
    if (bytes !== null && isBad(bytes)) return bytes;
    if (bytes !== null) {
      const read = parseRecipe(file, bytes);
      return read.kind === 'read' ? { kind: 'recipe', recipe: read.recipe } : read;
    }
  }
  const recipe = Object.hasOwn(recipes, name) ? recipes[name] : undefined;
  return recipe === undefined ? { kind: 'unknown', known } : { kind: 'recipe', recipe };
}
