import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseUsers } from '../host/process-details.js';
import { isAsked, type WhoRow, whoJson, whoTable } from './who.js';

const validate = new Ajv({ allowUnionTypes: true }).compile(
  JSON.parse(readFileSync('spec/who.schema.json', 'utf8')),
);
const users = parseUsers('root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:\nbroken\n:x:5:5::/:\n');

const plain: WhoRow = {
  pid: 17,
  uid: 1000,
  tree: 'debian13',
  generation: 'debian13@2',
  digest: `sha256:${'ab'.repeat(32)}`,
  backEnd: 'pinned',
  container: { id: 'box', root: '/run/chos-runtime' } as WhoRow['container'],
  job: { id: '7', step: '0' },
  start: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  command: 'sle\u001bep',
};
const bare: WhoRow = {
  ...plain,
  pid: 18,
  uid: 7,
  tree: null,
  generation: null,
  digest: null,
  backEnd: 'kmod',
  container: null,
  job: null,
};

test('a table', () => {
  assert.is(
    whoTable([plain, bare], users),
    `PID  USER  TREE      GENERATION  DIGEST               BACK END  CONTAINER  JOB  START                 COMMAND
17   ann   debian13  debian13@2  sha256:abababababab  pinned    box        7.0  2026-01-02T03:04:05Z  sle\\u{1b}ep
18   7     ?         -           -                    kmod      -          -    2026-01-02T03:04:05Z  sle\\u{1b}ep
`,
  );
});

test('JSON by the schema', () => {
  const text = whoJson([plain, bare], users);
  assert.ok(validate(JSON.parse(text)), JSON.stringify(validate.errors));
  const [one, other] = JSON.parse(text);
  assert.equal(
    [one.user, one.container, one.digest, other.user, other.job],
    ['ann', { id: 'box', root: '/run/chos-runtime' }, plain.digest, null, null],
  );
  assert.not.ok(validate([{ ...one, more: 1 }]));
});

test('a number is a process, a name a tree or a generation', () => {
  const asked = (given?: string) => [plain, bare].filter(isAsked(given)).map(({ pid }) => pid);
  assert.equal(asked(), [17, 18]);
  assert.equal(asked('18'), [18]);
  assert.equal(asked('debian13'), [17]);
  assert.equal(asked('debian13@2'), [17]);
  assert.equal(asked('debian13@1'), []);
});

test.run();
