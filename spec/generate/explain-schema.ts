/** The schema of what `explain --format json` prints, from the table of operations. */
import type { FieldType } from '../operations/catalog.js';
import { operations } from '../operations/index.js';

export const EXPLAIN_SCHEMA = 'spec/explain.schema.json';

type Schema = Readonly<Record<string, unknown>>;

const types: Readonly<Record<string, Schema>> = {
  text: { type: 'string' },
  number: { type: 'number' },
  integer: { type: 'integer', description: 'Any of 64 bits: beyond 2^53 too.' },
  flag: { type: 'boolean' },
  texts: { type: 'array', items: { type: 'string' } },
  numbers: { type: 'array', items: { type: 'number' } },
};

function fieldSchema(type: FieldType): Schema {
  return typeof type === 'string' ? (types[type.replace('?', '')] ?? {}) : { enum: type };
}

const isOptional = (type: FieldType): boolean => typeof type === 'string' && type.endsWith('?');

/** Fields that every operation of the list has. */
const shared: Readonly<Record<string, Schema>> = {
  title: {
    type: 'string',
    description: 'What it does, for a person. The words may change with any release.',
  },
  because: { $ref: '#/definitions/because' },
  steps: {
    description: 'Numbers of its first and last step; null if it has none.',
    anyOf: [
      { type: 'null' },
      { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 2, maxItems: 2 },
    ],
  },
  listing: { $ref: '#/definitions/listing' },
};

function operationSchema(kind: string, fields: Readonly<Record<string, FieldType>>): Schema {
  const own = Object.entries(fields);
  return closed(
    {
      kind: { const: kind },
      ...Object.fromEntries(own.map(([name, type]) => [name, fieldSchema(type)])),
      ...shared,
    },
    own.filter(([, type]) => isOptional(type)).map(([name]) => name),
  );
}

function closed(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter(name => !optional.includes(name));
  return { type: 'object', required, additionalProperties: false, properties };
}

const text: Schema = { type: 'string' };
const count: Schema = { type: 'integer', minimum: 0 };
const listOf = (items: Schema): Schema => ({ type: 'array', items });

const number: Schema = { type: 'integer', minimum: 1 };

function placed(kind: string): Schema {
  return closed({ kind: { const: kind }, file: text, line: number, path: text });
}

/** Hooks have a column, too; the file of `exec --process` has the name that the words of the program use. */
function placedInConfig(): Schema {
  const properties = {
    ...{ kind: { const: 'config' }, file: text, line: number, column: number, path: text },
    shown: { type: 'string', description: 'What the words call the file, where that is not its name.' },
  };
  return closed(properties, ['column', 'shown']);
}

export function explainSchema(): Schema {
  const kinds = Object.entries(operations).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'explain --format json',
    description: 'What a launch would do: the operations of each track, in their order.',
    ...closed({
      entries: listOf(text),
      tracks: listOf(
        closed({
          name: text,
          actions: listOf({ oneOf: kinds.map(([kind]) => ({ $ref: `#/definitions/operations/${kind}` })) }),
          afterFailure: { $ref: '#/definitions/listing' },
        }),
      ),
      subroutines: listOf(closed({ name: text, listing: { $ref: '#/definitions/listing' } })),
      counts: closed({ actions: count, steps: count, mounts: count, bytes: count }),
    }),
    definitions: {
      because: {
        description: 'The line of config.json or of the registry, or the rule, that causes it.',
        oneOf: [placedInConfig(), placed('policy'), closed({ kind: { const: 'rule' }, rule: text })],
      },
      listing: {
        description: 'The steps, with --steps only.',
        ...listOf(closed({ number: count, text })),
      },
      operations: Object.fromEntries(kinds.map(([kind, fields]) => [kind, operationSchema(kind, fields)])),
    },
  };
}

export function explainSchemaText(): string {
  return `${JSON.stringify(explainSchema(), null, 2)}\n`;
}
