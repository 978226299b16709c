/** What `restore` asks of CRIU, and of systemd before. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Program } from '../program/action.js';
import { encode } from '../program/encode.js';
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

const systemd = {
  scope: 'system',
  sockets: [{ path: '/run/systemd/private', kind: 'direct' }],
  passedOver: null,
  cgroup: '/',
} as const;

function programOf({ config, ...changes }: InputChanges & { readonly config: object }): Program {
  const { environment: _, ...input } = inputOf({
    ...changes,
    config: { mounts: [{ destination: '/sys/fs/cgroup', type: 'cgroup' }], ...config },
  });
  const compiled = compileRestore({ ...input, id: 'a+b', root: '/bundle/rootfs', asked });
  if (compiled.kind === 'refused') throw new Error(compiled.refusals.map(refusalText).join('\n'));
  return compiled.program;
}

const titles = ({ tracks }: Program): readonly string[] =>
  tracks.find(({ name }) => name === 'run')?.actions.map(({ title }) => title) ?? [];

const namespaces = [{ type: 'pid' }, { type: 'mount' }];
const into = (cgroupsPath: string | undefined, linux: object = {}) => ({
  config: { linux: { namespaces, ...(cgroupsPath === undefined ? {} : { cgroupsPath }), ...linux } },
  facts: { cgroup: layouts.v2 },
});
const scope = { options: { cgroupManager: 'systemd', systemd } } as const;

for (const [name, cgroupsPath, place] of [
  ['a name', 'machine.slice:libpod:box', '/machine.slice/libpod-box.scope'],
  ['no name', 'machine.slice:libpod:', '/machine.slice/libpod-a\\x2bb.scope'],
  ['slices below others', 'lab-a-b.slice::box', '/lab.slice/lab-a.slice/lab-a-b.slice/box.scope'],
  ['nothing', undefined, '/system.slice/chos-runtime-a\\x2bb.scope'],
] as const)
  test(`the cgroup that CRIU is told of is that of the unit: ${name}`, () => {
    const program = programOf({ ...into(cgroupsPath), ...scope });
    const all = titles(program);
    assert.ok(all.includes(`bind /sys/fs/cgroup${place} for CRIU`), all.join('\n'));
    const image = Buffer.from(encode(program));
    // A field of two, and its length: CgroupRootField.PATH.
    assert.ok(image.includes(`\x12${String.fromCharCode(place.length)}${place}`));
    assert.ok(image.includes(`mnt[/sys/fs/cgroup]:/sys/fs/cgroup${place}`));
  });

test('systemd is asked when CRIU is there and has begun nothing, and told the limits when it has done its work', () => {
  const resources = { memory: { limit: 65536 }, pids: { limit: 7 } };
  const wanted = [
    'start /usr/sbin/criu',
    'let systemd start libpod-box.scope in machine.slice',
    'check that init is in /sys/fs/cgroup/machine.slice/libpod-box.scope',
    'bind /sys/fs/cgroup/machine.slice/libpod-box.scope for CRIU',
    "go back to the host's mounts",
    'let CRIU begin',
    'ask CRIU for the restore',
    'wait for CRIU: post-restore',
    'let systemd change libpod-box.scope (MemoryMax, TasksMax)',
    'set memory.max to 65536',
    'set pids.max to 7',
  ];
  const all = titles(programOf({ ...into('machine.slice:libpod:box', { resources }), ...scope }));
  assert.equal(
    all.filter(title => wanted.includes(title)),
    wanted,
    all.join('\n'),
  );
});

test('a property that an annotation has set stays', () => {
  const { config, ...rest } = into('machine.slice:libpod:box', { resources: { pids: { limit: 7 } } });
  const annotations = { 'org.systemd.property.TasksMax': 'uint64 9' };
  const all = titles(programOf({ config: { ...config, annotations }, ...rest, ...scope }));
  assert.not(
    all.some(title => title.startsWith('let systemd change')),
    all.join('\n'),
  );
});

test('a directory of ours is where it is, too', () => {
  for (const [cgroupsPath, place] of [
    ['/box', '/box'],
    [undefined, '/user.slice/a+b'],
  ] as const) {
    const all = titles(programOf(into(cgroupsPath)));
    assert.ok(all.includes(`bind /sys/fs/cgroup${place} for CRIU`), all.join('\n'));
  }
});

test.run();
