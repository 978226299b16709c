import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fileName, generationFile, generationOf } from './names.js';

test('a generation is found again by the name of its file, whatever the tree is called', () => {
  for (const tree of ['debian12', '/chos', '/a%2Fb', 'a@3', '%25'])
    assert.equal(generationOf(generationFile(fileName(tree), 7)), { tree, number: 7 }, tree);
  assert.not.match(fileName('/os/a'), '/');
});

test('other files are not those of generations', () => {
  for (const file of ['a@7.json', 'a@7.mounts', '@7', 'a@', 'a@-1', '%2Fchos.json'])
    assert.is(generationOf(file), null, file);
});

test.run();
