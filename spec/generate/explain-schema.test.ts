import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { caseNames, readCase } from '../../runtime/compile/golden/case.js';
import { explain } from '../../runtime/program/explain.js';
import { jsonText } from '../../runtime/report/json-text.js';
import { operations } from '../operations/index.js';
import { EXPLAIN_SCHEMA, explainSchema, explainSchemaText } from './explain-schema.js';

const validate = new Ajv({ allowUnionTypes: true }).compile(explainSchema());

test('spec/explain.schema.json is up to date (make spec/explain.schema.json)', () => {
  assert.is(readFileSync(EXPLAIN_SCHEMA, 'utf8'), explainSchemaText());
});

test('what explain prints of every golden case follows it', () => {
  for (const name of caseNames()) {
    const golden = readCase(name);
    for (const kind of golden.kinds) {
      const printed = JSON.parse(jsonText(explain(golden.compile(kind), { steps: true })));
      assert.ok(validate(printed), `${name} ${kind}: ${JSON.stringify(validate.errors?.slice(0, 3))}`);
    }
  }
});

test('a field that the table does not know, or one that is missing, is none of it', () => {
  const printed = (more: object): object => ({
    entries: ['run'],
    tracks: [
      {
        name: 'run',
        actions: [
          {
            kind: 'await-message',
            who: 'init',
            because: { kind: 'rule', rule: 'test' },
            title: 'wait for init',
            steps: null,
            listing: [],
            ...more,
          },
        ],
        afterFailure: [],
      },
    ],
    subroutines: [],
    counts: { actions: 1, steps: 0, mounts: 0, bytes: 0 },
  });
  assert.ok(validate(printed({})));
  assert.not.ok(validate(printed({ who: 'nobody' })));
  assert.not.ok(validate(printed({ who: undefined })));
  assert.not.ok(validate(printed({ more: 1 })));
});

test('no field of an operation hides what all have', () => {
  for (const [kind, fields] of Object.entries(operations))
    for (const name of ['kind', 'because', 'title', 'steps', 'listing'])
      assert.not.ok(name in fields, `${kind}: ${name}`);
});

test.run();
