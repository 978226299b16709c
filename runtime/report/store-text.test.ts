import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import { storeFaultText } from './store-text.js';

test("other programs' names of sources are told what they are here", () => {
  for (const [source, words] of [
    [
      'docker://site.io/a:1',
      'nothing is fetched here; podman pull site.io/a:1, then give podman:site.io/a:1',
    ],
    ['docker-daemon:a:1', 'docker save a:1 -o FILE, then give FILE'],
    ['containers-storage:a:1', 'give podman:a:1'],
    ['docker-archive:/tmp/a.tar', 'give the path alone: /tmp/a.tar'],
    ['oci:/tmp/a:v1', 'give the path alone: /tmp/a, and --image'],
  ] as const)
    assert.equal(
      storeFaultText({ kind: 'no-source', source, why: 'transport' }),
      `import \`${source}\`: ${words}`,
    );
});

test('of a name that is very long both ends are told', () => {
  const told = storeFaultText({ kind: 'leaves', what: 'a.tar', entry: `../${'n'.repeat(5000)}/end` });
  assert.match(told, /^unpack `a\.tar`: the entry `\.\.\/n+…n+\/end` leads out of the tree$/);
  assert.ok(told.length < 400);
});

test.run();
