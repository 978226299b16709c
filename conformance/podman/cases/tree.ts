import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { launch } from '../../harness/processes.js';
import { test } from '../case.js';
import type { Podman } from '../podman.js';
import { type Seen, seen } from '../seen.js';

const look = 'cat /etc/only-in-the-tree; cat "$SHARE"/file';

async function tree(podman: Podman, ...args: readonly string[]): Promise<Seen> {
  return seen(podman, await launch([podman.runtimePath, 'tree', ...args], podman.dir).done);
}

/** Registers the test's tree as `test`, with one share; /etc is the test's own. */
function register(podman: Podman): string {
  const share = join(podman.dir, 'share');
  mkdirSync(share);
  writeFileSync(join(share, 'file'), 'shared\n');
  writeFileSync(join(podman.place.tree, 'etc/only-in-the-tree'), 'tree\n');
  mkdirSync('/etc/chos.d', { recursive: true });
  const registry = { trees: { test: { path: podman.place.tree } }, shares: [{ path: share }] };
  writeFileSync('/etc/chos.d/test.json', JSON.stringify(registry));
  return share;
}

function environment(
  name: string,
  observe: (podman: Podman, share: string) => Promise<unknown>,
  expected: unknown,
): void {
  test(`tree/${name}`, {
    skip: async podman =>
      (await tree(podman, 'list')).code === 0 ? undefined : 'it knows no trees, which are ours alone',
    observe: async podman => {
      const share = register(podman);
      try {
        return await observe(podman, share);
      } finally {
        rmSync('/etc/chos.d', { recursive: true, force: true });
      }
    },
    compare: () => undefined,
    expect: found => assert.equal(found, expected),
  });
}

const annotated = (share: string) => ['--annotation', 'org.chos.tree=test', '--env', `SHARE=${share}`];

environment(
  'annotation',
  async (podman, share) => seen(podman, await podman.run([...annotated(share), 'bb', 'sh', '-c', look])),
  { code: 0, stdout: 'tree\nshared', stderr: '' },
);

environment(
  'annotation-and-rootfs',
  async (podman, share) => {
    const args = ['run', '--rm', ...podman.common, ...annotated(share), '--rootfs', podman.place.tree];
    return seen(podman, await podman.call([...args, 'sh', '-c', look]));
  },
  { code: 0, stdout: 'tree\nshared', stderr: '' },
);

environment(
  'annotation-and-exec',
  async (podman, share) => {
    await podman.detached('echo ready; exec sleep 1000', annotated(share));
    return seen(podman, await podman.call(['exec', podman.name, 'sh', '-c', look]));
  },
  { code: 0, stdout: 'tree\nshared', stderr: '' },
);

environment(
  'prepared',
  async (podman, share) => {
    const prepared = await tree(podman, 'prepare', 'test');
    const run = seen(podman, await podman.run([...annotated(share), 'bb', 'sh', '-c', look]));
    const released = await tree(podman, 'release', 'test');
    return { codes: [prepared.code, released.code], errors: prepared.stderr + released.stderr, run };
  },
  { codes: [0, 0], errors: '', run: { code: 0, stdout: 'tree\nshared', stderr: '' } },
);

environment(
  'rootfs-of-a-tree-has-no-shares',
  async (podman, share) => {
    const args = ['run', '--rm', ...podman.common, '--rootfs', podman.place.tree];
    const found = seen(
      podman,
      await podman.call([...args, 'sh', '-c', `cat /etc/only-in-the-tree; ls ${share}`]),
    );
    return { code: found.code, stdout: found.stdout };
  },
  { code: 1, stdout: 'tree' },
);

environment(
  'unknown-tree',
  async podman => {
    const found = await podman.run(['--annotation', 'org.chos.tree=tets', 'bb', 'true']);
    return { code: found.code, hint: /did you mean `test`/.test(found.stderr) };
  },
  { code: 126, hint: true },
);
