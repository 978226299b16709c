/** What `restore` refuses before anything is asked of CRIU. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refusalText } from '../report/compile-refusal.js';
import { compileRestore } from './restore.js';
import { type InputChanges, inputOf, layouts } from './test/input.js';

const asked = {
  program: '/usr/sbin/criu',
  images: '/images',
  work: '/images',
  flags: [],
  cgroupMode: 'soft',
  emptyNamespaces: [],
  tcpClose: false,
  lsmProfile: null,
  lsmMountContext: null,
  streams: [],
} as const;

function refused(changes: InputChanges): readonly string[] {
  const { environment: _, ...input } = inputOf(changes);
  const compiled = compileRestore({ ...input, id: 'box', root: '/bundle/rootfs', asked });
  return compiled.kind === 'refused' ? compiled.refusals.map(refusalText) : [];
}

test('into a scope of systemd, which begins with a process: not yet; into directories: all is well', () => {
  const linux = { namespaces: [{ type: 'pid' }, { type: 'mount' }], cgroupsPath: 'machine.slice:libpod:box' };
  const systemd = {
    scope: 'system',
    sockets: [{ path: '/run/systemd/private', kind: 'direct' }],
    cgroup: '/',
  } as const;
  const facts = { cgroup: layouts.v2 };
  const [line = '', ...more] = refused({
    config: { linux },
    facts,
    options: { cgroupManager: 'systemd', systemd },
  });
  assert.match(
    line,
    /restore a container into a scope of systemd: not supported by this version; use cgroupfs/,
  );
  assert.equal(more, []);
  assert.equal(refused({ config: { linux: { ...linux, cgroupsPath: '/box' } }, facts }), []);
});

test.run();
