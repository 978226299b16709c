/** Every property that a schema knows, by its path: `a.b`, `[]` for an entry of a list, `*` for a name in a map. */
import { readFileSync } from 'node:fs';
import type { Json } from './schemas.js';

type Schema = { readonly [key: string]: Json };

export interface Property {
  readonly path: string;
  /** Of the property, or of what its type is. */
  readonly description: string;
  /** Where it has few. */
  readonly values?: readonly string[];
}

const isSchema = (value: Json | undefined): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function resolved(schema: Schema, definitions: Schema): Schema {
  const { allOf, $ref, ...own } = schema;
  const [part] = Array.isArray(allOf) ? allOf : [];
  const base = isSchema(part)
    ? part
    : typeof $ref === 'string'
      ? definitions[$ref.replace('#/definitions/', '')]
      : undefined;
  return isSchema(base) ? { ...resolved(base, definitions), ...own } : schema;
}

function leaves(schema: Schema, definitions: Schema, path: string): readonly Property[] {
  const {
    properties,
    items,
    additionalProperties,
    description = '',
    enum: few,
  } = resolved(schema, definitions);
  const inside = isSchema(items) ? resolved(items, definitions) : {};
  if (isSchema(properties))
    return Object.entries(properties).flatMap(([name, property]) =>
      isSchema(property) ? leaves(property, definitions, path === '' ? name : `${path}.${name}`) : [],
    );
  // What a map holds may be said of the map.
  if (isSchema(additionalProperties))
    return leaves({ description, ...additionalProperties }, definitions, `${path}.*`);
  if (isSchema(inside.properties)) return leaves(inside, definitions, `${path}[]`);
  return [
    { path, description: String(description), ...(Array.isArray(few) ? { values: few.map(String) } : {}) },
  ];
}

/** Those that hold a value. An object, a map or a list of objects asks for nothing but what is in it. */
export function propertiesOf(file: string): readonly Property[] {
  const schema = JSON.parse(readFileSync(file, 'utf8')) as Schema;
  return leaves(schema, isSchema(schema.definitions) ? schema.definitions : {}, '');
}
