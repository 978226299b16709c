import { existsSync, readFileSync } from 'node:fs';

/** One schema file and what is generated from it. */
export type SchemaSource = {
  /** Path from the repository's top. */
  readonly file: string;
  /** `NAME.ts` in spec/generated. */
  readonly module: string;
  /** Exported validator -> definition inside the schema; `undefined` is the schema's own root. */
  readonly validators: Readonly<Record<string, string | undefined>>;
};

/** Every schema that types and validators are made from. A file that does not exist yet is left out. */
export const schemaSources: readonly SchemaSource[] = [
  {
    file: 'spec/oci/config.schema.json',
    module: 'config',
    validators: {
      validateConfig: undefined,
      validateProcess: 'Process',
      validateResources: 'LinuxResources',
    },
  },
  { file: 'spec/oci/state.schema.json', module: 'state', validators: { validateState: undefined } },
  { file: 'spec/oci/features.schema.json', module: 'features', validators: { validateFeatures: undefined } },
  { file: 'spec/registry.schema.json', module: 'registry', validators: { validateRegistry: undefined } },
  {
    file: 'spec/hook-definition.schema.json',
    module: 'hook-definition',
    validators: { validateHookDefinition: undefined },
  },
  { file: 'spec/recipe.schema.json', module: 'recipe', validators: { validateRecipe: undefined } },
];

/** A JSON value, as far as the generators look at it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The sources whose files exist, each with its parsed schema. */
export function loadSchemas(): readonly (SchemaSource & { readonly schema: Json })[] {
  return schemaSources
    .filter(source => existsSync(source.file))
    .map(source => ({ ...source, schema: JSON.parse(readFileSync(source.file, 'utf8')) as Json }));
}

/** Copy of a JSON value in which `change` has been applied to every object, innermost first. */
export function mapObjects(
  value: Json,
  change: (object: { readonly [key: string]: Json }) => { readonly [key: string]: Json },
): Json {
  if (Array.isArray(value)) return value.map(item => mapObjects(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return change(
    Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapObjects(item, change)])),
  );
}
