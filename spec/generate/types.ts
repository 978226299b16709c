// Writes spec/generated/{config,state,features,registry}.ts from the schemas.

import { mkdirSync, writeFileSync } from 'node:fs';
import { compile } from 'json-schema-to-typescript';
import { type Json, loadSchemas, mapObjects } from './schemas.js';

type JsonObject = { readonly [key: string]: Json };

/** JSON has one kind of number; what goes beyond 2^53 is read as a bigint (runtime/admit). */
function widenBigIntegers(object: JsonObject): JsonObject {
  const wide = object.format === 'int64' || object.format === 'uint64';
  return wide ? { ...object, tsType: 'number | bigint' } : object;
}

/** The generator has no option for readonly. Its output is regular enough for three replacements. */
function makeReadonly(source: string): string {
  return source
    .replace(/^( +)("?[\w$]+"?\??:[ \n]|\[k: string\]: )/gm, '$1readonly $2')
    .replace(/(: |= )((?:[\w."|& ]+|\([^()]*\))\[\])/g, '$1readonly $2')
    .replace(/(: |= )(\[[\w, .]+\])(;|$)/gm, '$1readonly $2$3');
}

/** The generator names every user of a definition in a comment, which says nothing that the code does not. */
function dropCrossReferences(source: string): string {
  const reference = / \*\n \* This interface was referenced by `.*\n \* via the `definition` ".*"\.\n/;
  const only = / \* This interface was referenced by `.*\n \* via the `definition` ".*"\.\n/;
  return source
    .replace(new RegExp(reference, 'g'), '')
    .replace(new RegExp(only, 'g'), '')
    .replace(/\/\*\*\n \*\/\n/g, '');
}

mkdirSync('spec/generated', { recursive: true });
for (const { file, module, schema } of loadSchemas()) {
  const source = await compile(mapObjects(schema, widenBigIntegers) as object, module, {
    additionalProperties: false,
    bannerComment: `// Generated from ${file} by spec/generate/types.ts. Do not edit.`,
    style: { singleQuote: true, printWidth: 110 },
    maxItems: -1,
    unreachableDefinitions: true,
  });
  writeFileSync(`spec/generated/${module}.ts`, makeReadonly(dropCrossReferences(source)));
}
