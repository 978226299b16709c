import * as assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import { storeFaultText } from '../report/store-text.js';
import type { Result } from './fault.js';
import { type Image, readDocker, readOci } from './image.js';

const directory = mkdtempSync(join(tmpdir(), 'chos-image-'));
test.after(() => rmSync(directory, { recursive: true }));
mkdirSync(`${directory}/blobs/sha256`, { recursive: true });
const layout = { directory, source: 'x.tar' };

function blob(content: unknown): string {
  const text = JSON.stringify(content);
  const hex = createHash('sha256').update(text).digest('hex');
  writeFileSync(`${directory}/blobs/sha256/${hex}`, text);
  return `sha256:${hex}`;
}

/** An image of no layers; what tells it apart from others. */
const image = (mark: string): string => blob({ config: { digest: blob({ mark }) }, layers: [] });
const one = image('one');
const two = image('two');

/** As `docker save` of Docker 25 and later has them: a tag, and containerd's name. */
const saved = (digest: string, full: string) => ({
  digest,
  annotations: {
    'io.containerd.image.name': full,
    'org.opencontainers.image.ref.name': full.replace(/.*:/, ''),
  },
});
const tagged = (digest: string, tag: string) => ({
  digest,
  annotations: { 'org.opencontainers.image.ref.name': tag },
});

function oci(manifests: readonly unknown[], wanted: string | null): Result<Image> {
  writeFileSync(`${directory}/index.json`, JSON.stringify({ manifests }));
  return readOci(layout, wanted);
}

/** The name of what was chosen, or the words of the fault. */
const told = (result: Result<Image>): string | null =>
  result.kind === 'ok' ? result.value.name : storeFaultText(result.fault);
const configOf = (result: Result<Image>): string => (result.kind === 'ok' ? result.value.digest : '');

test('an image of `docker save` is called by its name in full, short, or without the tag latest', () => {
  const both = [
    saved(one, 'docker.io/library/alpha:latest'),
    saved(two, 'docker.io/library/beta:latest'),
    saved(two, 'quay.io/site/beta:latest'),
  ];
  for (const name of ['docker.io/library/alpha:latest', 'alpha:latest', 'alpha', one]) {
    const chosen = oci(both, name);
    assert.equal(configOf(chosen), blob({ mark: 'one' }), name);
    assert.equal(told(chosen), name === one ? 'alpha:latest' : name);
  }
  assert.equal(configOf(oci(both, 'quay.io/site/beta')), blob({ mark: 'two' }));
  const several = '`x.tar` holds more than one image';
  assert.equal(
    told(oci(both, null)),
    `${several}; choose one with --image: alpha:latest, beta:latest, quay.io/site/beta:latest`,
  );
  assert.equal(
    told(oci(both, 'latest')),
    `${several} called \`latest\`; choose one with --image: alpha:latest, beta:latest, quay.io/site/beta:latest`,
  );
  assert.equal(
    told(oci(both, 'alpga')),
    'there is no image `alpga` in `x.tar`; there is alpha:latest, beta:latest, quay.io/site/beta:latest',
  );
  assert.match(told(oci(both, 'alpha:lates')) ?? '', /did you mean `alpha:latest`\?$/);
});

test('what has no name of its own is chosen by its digest; tags of one image are one image', () => {
  assert.equal(
    told(oci([tagged(one, 'latest'), tagged(two, 'latest')], 'latest')),
    `\`x.tar\` holds more than one image called \`latest\`; choose one with --image: ${one}, ${two}`,
  );
  assert.equal(configOf(oci([tagged(one, 'latest'), { digest: two }], two)), blob({ mark: 'two' }));
  assert.equal(told(oci([tagged(one, 'v1'), tagged(one, 'v2')], null)), 'v1');
  assert.equal(told(oci([{ digest: one }], null)), null);
});

test('of a hundred thousand images the first are told; each compared with each other, that would take hours', () => {
  const digestOf = (i: number): string => `sha256:${i.toString(16).padStart(64, '0')}`;
  const all = Array.from({ length: 100_000 }, (_, i) => tagged(digestOf(i), `v${i >> 1}`));
  assert.match(
    told(oci(all, null)) ?? '',
    /choose one with --image: sha256:0+, sha256:0+1, .* and 99992 more$/,
  );
  assert.match(told(oci(all, 'nothing')) ?? '', /there is no image `nothing`/);
});

test('a layer has the size that the manifest says', () => {
  const layer = blob('x');
  const sized = (size: number): string =>
    blob({
      config: { digest: one },
      layers: [{ digest: layer, size, mediaType: 'application/vnd.oci.image.layer.v1.tar' }],
    });
  assert.equal(oci([{ digest: sized(3) }], null).kind, 'ok');
  assert.match(told(oci([{ digest: sized(4) }], null)) ?? '', /layers\[0\] has 3 bytes, not 4$/);
});

test('a Docker archive is the same', () => {
  const entry = (mark: string, RepoTags: readonly string[] | null) => ({
    Config: `blobs/sha256/${blob({ mark, rootfs: { diff_ids: [] } }).slice('sha256:'.length)}`,
    RepoTags,
    Layers: [],
  });
  const entries = [entry('a', ['docker.io/library/alpha:latest', 'localhost/gamma:2']), entry('b', null)];
  writeFileSync(`${directory}/manifest.json`, JSON.stringify(entries));
  const b = blob({ mark: 'b', rootfs: { diff_ids: [] } });
  for (const name of ['alpha', 'alpha:latest', 'docker.io/library/alpha:latest', 'gamma:2'])
    assert.equal(told(readDocker(layout, name)), name);
  assert.equal(configOf(readDocker(layout, b)), b);
  assert.equal(
    told(readDocker(layout, null)),
    `\`x.tar\` holds more than one image; choose one with --image: alpha:latest, ${b}`,
  );
});

test.run();
