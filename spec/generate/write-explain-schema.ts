/** `write-explain-schema.ts`: write spec/explain.schema.json. */
import { writeFileSync } from 'node:fs';
import { EXPLAIN_SCHEMA, explainSchemaText } from './explain-schema.js';

writeFileSync(EXPLAIN_SCHEMA, explainSchemaText());
