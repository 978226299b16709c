/** Recipes that come with the program (spec/recipe.schema.json); `/etc/chos-recipes.d` has those of the site. */
import type { Recipe } from './generated/recipe.js';
import alma9 from './recipes/alma9.json' with { type: 'json' };
import debianSid from './recipes/debian-sid.json' with { type: 'json' };
import debian12 from './recipes/debian12.json' with { type: 'json' };
import debian13 from './recipes/debian13.json' with { type: 'json' };
import rocky9 from './recipes/rocky9.json' with { type: 'json' };

/** Texts of JSON are plain strings to TypeScript; runtime/trees/recipes.test.ts judges them as it would a file of the site. */
export const recipes = {
  debian12,
  debian13,
  'debian-sid': debianSid,
  alma9,
  rocky9,
} as Readonly<Record<string, unknown>> as Readonly<Record<string, Recipe>>;
