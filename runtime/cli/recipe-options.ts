/** The recipe that a source names, with what the command line changes of it. */
import type { Recipe } from '../../spec/generated/recipe.js';
import type { UsageFault } from '../report/failure.js';
import { hasForm } from '../trees/recipe-file.js';
import { findRecipe } from '../trees/recipes.js';
import { registryFailure } from './environment.js';
import { type Attempt, type Invocation, ok, refuse } from './invocation.js';
import { refusedInput } from './refusal.js';

/** Whoever has the same address as the first repository goes with it: the updates of a release, say. */
function withMirror({ repositories, ...rest }: Recipe, mirror: string | undefined): Recipe {
  const [first] = repositories;
  const changed = repositories.map(one =>
    mirror === undefined || one.url !== first?.url ? one : { ...one, url: mirror },
  );
  return { ...rest, repositories: changed };
}

type Expected = Extract<UsageFault, { kind: 'bad-value' }>['expected'];

const badValue = (option: string, value: string, expected: Expected) =>
  refuse({ kind: 'usage', fault: { kind: 'bad-value', option, value, expected } });

export function recipeOf(invocation: Invocation, source: string): Attempt<Recipe | null> {
  const { texts, lists } = invocation.line.options;
  const mirror = texts.get('mirror');
  const packages = lists.get('package') ?? [];
  if (!source.startsWith('recipe:'))
    return mirror === undefined && packages.length === 0
      ? ok(null)
      : refuse({ kind: 'store', fault: { kind: 'no-source', source, why: 'no-recipe' } });
  if (mirror !== undefined && !hasForm(mirror, 'repository-address'))
    return badValue(
      '--mirror',
      mirror,
      'an address of http, https or file, without blanks, quotes and brackets',
    );
  const wrong = packages.find(one => !hasForm(one, 'package'));
  if (wrong !== undefined) return badValue('--package', wrong, 'the name of a package');
  const name = source.slice('recipe:'.length);
  const found = findRecipe(name);
  switch (found.kind) {
    case 'recipe': {
      const recipe = withMirror(found.recipe, mirror);
      return ok({ ...recipe, packages: [...(recipe.packages ?? []), ...packages] });
    }
    case 'refused':
      return refuse(refusedInput(found.diagnostics));
    case 'unknown':
      return refuse({ kind: 'store', fault: { kind: 'unknown-recipe', name, known: found.known } });
    default:
      return refuse(registryFailure(found));
  }
}
