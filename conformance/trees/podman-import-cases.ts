/** `tree import podman:IMAGE` and `container:NAME`, with the real Podman and a store of its own on this machine. */
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { put, tarOf, textOf } from './archives.js';
import { caseList, good } from './case.js';
import { base, chos } from './machine.js';

const { cases, test } = caseList('import: ');

const store = '/var/lib/chos/trees';

/** A write to /etc stays on this machine. */
function podman(...args: readonly string[]): string {
  mkdirSync('/etc/containers', { recursive: true });
  writeFileSync(
    '/etc/containers/storage.conf',
    `[storage]\ndriver = "vfs"\ngraphroot = "${base}/podman"\nrunroot = "${base}/podman-run"\n`,
  );
  return good(spawnSync('podman', args, { encoding: 'utf8' })).trim();
}

test('an image and a container of Podman', () => {
  const root = put(
    'podman.tar',
    tarOf([
      { name: 'etc/who', text: 'podman' },
      { name: 'bin/sh', text: '', mode: 0o755 },
    ]),
  );
  podman('import', '--quiet', root, 'chos-trees:1');
  const image = JSON.parse(good(chos('tree', 'import', 'podman:chos-trees:1', '--name', 'image', '--json')));
  assert.equal(textOf(`${store}/image/1/etc/who`), 'podman');
  assert.equal(
    image.image.digest.slice('sha256:'.length),
    podman('images', '--no-trunc', '--quiet', 'chos-trees').slice('sha256:'.length),
  );
  podman('create', '--name', 'box', 'chos-trees:1', '/bin/sh');
  good(chos('tree', 'import', 'container:box', '--name', 'box'));
  assert.equal(textOf(`${store}/box/1/etc/who`), 'podman');
  for (const [source, words] of [
    ['podman:nobody', /save the image `nobody`: podman: .*not known/],
    ['container:nobody', /export the container `nobody`: podman: .*no such container/],
    ['podman:--help', /podman: /],
  ] as const) {
    const ran = chos('tree', 'import', source, '--name', 'none');
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, words);
    assert.equal(existsSync(`${store}/none`), false);
  }
  podman('rm', 'box');
  podman('rmi', 'chos-trees:1');
  for (const name of ['image', 'box']) good(chos('tree', 'remove', name));
});

export { cases as podmanImportCases };
