import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { HiddenPath } from '../../spec/normal-config.js';
import { oneLine } from '../report/diagnostic.js';
import { admit, admitProcess, admitResources } from './admit.js';

type Tree = { [key: string]: unknown };

/** A valid config with these properties in the root, in `process` and in `linux`. */
function bundle({
  root = {},
  process = {},
  linux = {},
}: {
  root?: Tree;
  process?: Tree;
  linux?: Tree;
}): string {
  return JSON.stringify({
    ociVersion: '1.2.0',
    process: { args: ['sh'], cwd: '/', user: { uid: 0, gid: 0 }, ...process },
    root: { path: 'rootfs' },
    linux: { namespaces: [{ type: 'mount' }], ...linux },
    ...root,
  });
}

/** The admitted config, and its warnings without the file and place. */
function taken(text: string) {
  const result = admit({ file: 'config.json', text });
  if (result.kind === 'refused') throw new Error(oneLine(result.diagnostics[0] as never));
  const { config, written } = result.spec;
  return { config, written, warnings: result.warnings.map(w => oneLine(w).replace(/^.*?: /, '')) };
}

const refusedBy = (text: string): readonly string[] => {
  const result = admit({ file: 'config.json', text });
  return result.kind === 'refused' ? result.diagnostics.map(oneLine) : [];
};

test('an object in which nothing is set asks for nothing', () => {
  const values: readonly (readonly [where: 'linux' | 'process', name: string, value: object])[] = [
    ['process', 'scheduler', {}],
    ['process', 'scheduler', { policy: '' }],
    ['process', 'scheduler', { policy: '', nice: 0, flags: [''], runtime: 0 }],
    ['process', 'ioPriority', { class: '', priority: 0 }],
    ['linux', 'intelRdt', {}],
    ['linux', 'intelRdt', { closID: '', schemata: [], enableMonitoring: false }],
    ['linux', 'memoryPolicy', { mode: '', nodes: '', flags: [null, ''] }],
    ['linux', 'personality', { domain: '' }],
  ];
  for (const [where, name, value] of values) {
    const { written, warnings } = taken(bundle({ [where]: { [name]: value } }));
    assert.not.ok(
      name in ((where === 'linux' ? written.linux : written.process) ?? {}),
      JSON.stringify(value),
    );
    assert.equal(warnings, [], name);
  }
  const { written } = taken(bundle({ linux: { resources: { pids: {} } } }));
  assert.equal(written.linux?.resources, {});
  const offsets = { monotonic: { secs: 0, nanosecs: 0 }, boottime: {} };
  assert.equal(taken(bundle({ linux: { timeOffsets: offsets } })).config.linux.timeOffsets, []);
});

test('one in which something is set is looked at', () => {
  assert.match(
    refusedBy(bundle({ process: { scheduler: { nice: 5 } } }))[0] ?? '',
    /scheduler.policy is req/,
  );
  assert.match(
    refusedBy(bundle({ linux: { intelRdt: { closID: 'a/b' } } }))[0] ?? '',
    /closID must be the name of a directory/,
  );
  assert.match(
    refusedBy(bundle({ linux: { timeOffsets: { monotonic: { secs: 1 } } } }))[0] ?? '',
    /time namespace/,
  );
  // A filter that nobody asked for would let everything pass: crun refuses it too.
  assert.match(refusedBy(bundle({ linux: { seccomp: {} } }))[0] ?? '', /defaultAction is required/);
  assert.match(refusedBy(bundle({ linux: { resources: { pids: { limit: '' } } } }))[0] ?? '', /whole number/);
});

test('a zero value of another type is a mistake', () => {
  for (const domain of [0, false, [], {}, [null]])
    assert.match(
      refusedBy(bundle({ linux: { personality: { domain } } }))[0] ?? '',
      /personality.domain must be a string/,
      JSON.stringify(domain),
    );
  for (const [name, value, expected] of [
    ['scheduler', { policy: 0 }, /policy must be a string/],
    ['scheduler', { policy: '', nice: '' }, /nice must be a whole number/],
    ['scheduler', { policy: '', flags: '' }, /flags must be a list/],
    ['ioPriority', { class: false }, /class must be a string/],
    ['ioPriority', { class: '', priority: [] }, /priority must be a whole number/],
  ] as const)
    assert.match(refusedBy(bundle({ process: { [name]: value } })).join(), expected, JSON.stringify(value));
  assert.match(refusedBy(bundle({ linux: { intelRdt: { enableMonitoring: 0 } } })).join(), /true or false/);
});

test('what nobody reads is taken with a warning', () => {
  const { warnings } = taken(
    bundle({
      linux: {
        seccomp: { defaultAction: 'SCMP_ACT_ALLOW', listenerMetadata: 'x' },
        resources: { devices: [{ allow: true }] },
      },
    }),
  );
  assert.equal([...warnings].sort(), [
    'linux.resources.devices[0].access is empty: it has no effect',
    'linux.seccomp.listenerMetadata needs listenerPath as well',
  ]);
});

test('the empty word is none', () => {
  const { config, warnings } = taken(
    bundle({
      linux: { rootfsPropagation: '', resources: { devices: [{ allow: false, type: '', access: 'rwm' }] } },
    }),
  );
  assert.is(config.linux.resources.devices[0]?.type, 'a');
  assert.is(config.linux.rootfsPropagation, null);
  assert.equal(warnings, []);
});

test('empty entries of lists are none, null is an empty text', () => {
  const { config } = taken(
    bundle({
      root: {
        mounts: [{ destination: '/t', type: 'tmpfs', source: 't', options: ['', 'ro', null] }],
        hooks: { poststop: [{ path: '/h', args: [null, 'a'], env: [null, 'A', '=b', 'C=d'] }] },
      },
      process: { args: ['sh', null, ''], capabilities: { bounding: [null, 'CAP_KILL', ''] } },
      linux: { maskedPaths: ['', '/proc/a', null], readonlyPaths: [null, ''] },
    }),
  );
  assert.equal(config.mounts[0]?.options, ['ro']);
  assert.equal(config.process.args, ['sh', '', '']);
  assert.equal(config.process.capabilities?.bounding, ['CAP_KILL']);
  const [hook] = config.hooks.poststop;
  assert.equal(
    [hook?.args, hook?.env],
    [
      ['', 'a'],
      ['', 'A', '=b', 'C=d'],
    ],
  );
  // The places of the others in the file count by the list.
  assert.equal(config.linux.maskedPaths, [{ index: 1, path: '/proc/a', place: '/proc/a' }]);
  assert.equal(config.linux.readonlyPaths, []);
});

test('null in other lists is of the wrong type', () => {
  const groups = refusedBy(bundle({ process: { user: { uid: 0, gid: 0, additionalGids: [null] } } }));
  assert.match(groups[0] ?? '', /additionalGids\[0\] must be a whole number, not null/);
  assert.match(
    refusedBy(bundle({ root: { mounts: [null] } }))[0] ?? '',
    /mounts\[0\] must be an object .*, not null/,
  );
  assert.match(
    refusedBy(bundle({ process: { env: [null] } }))[0] ?? '',
    /env\[0\] must be NAME=VALUE, not null/,
  );
});

test('what is required and both others assume is assumed with a warning', () => {
  const { written, warnings } = taken(
    bundle({
      process: { user: { uid: 7 }, consoleSize: {}, rlimits: [{ type: 'RLIMIT_CORE' }] },
      linux: {
        devices: [
          { type: 'c', path: '/dev/a', major: 1 },
          { type: 'p', path: '/dev/b' },
        ],
        resources: { devices: [{ access: 'rwm' }] },
        seccomp: {
          defaultAction: 'SCMP_ACT_ALLOW',
          syscalls: [{ names: ['a'], action: 'SCMP_ACT_ERRNO', args: [{ op: 'SCMP_CMP_EQ' }] }],
        },
      },
    }),
  );
  const { process, linux } = written;
  assert.equal(process.user, { uid: 7, gid: 0 });
  assert.equal(process.consoleSize, { height: 0, width: 0 });
  assert.equal(process.rlimits, [{ type: 'RLIMIT_CORE', soft: 0, hard: 0 }]);
  assert.equal(linux?.devices, [
    { type: 'c', path: '/dev/a', major: 1, minor: 0 },
    { type: 'p', path: '/dev/b' },
  ]);
  assert.equal(linux?.resources?.devices, [{ access: 'rwm', allow: false }]);
  assert.equal(linux?.seccomp?.syscalls?.[0]?.args, [{ op: 'SCMP_CMP_EQ', index: 0, value: 0 }]);
  assert.equal([...warnings].sort(), [
    'linux.devices[0].minor is required; 0 is assumed',
    'linux.resources.devices[0].allow is required; false is assumed',
    'linux.seccomp.syscalls[0].args[0].index is required; 0 is assumed',
    'linux.seccomp.syscalls[0].args[0].value is required; 0 is assumed',
    'process.consoleSize.height is required; 0 is assumed',
    'process.consoleSize.width is required; 0 is assumed',
    'process.rlimits[0].hard is required; 0 is assumed',
    'process.rlimits[0].soft is required; 0 is assumed',
    'process.user.gid is required; 0 is assumed',
  ]);
});

test('the file of exec --process and that of update follow the same rules', () => {
  const process = admitProcess({
    file: 'p',
    text: '{"args":["a"],"cwd":"/","user":{},"scheduler":{"policy":""}}',
  });
  assert.is(process.kind === 'admitted' && process.spec.process.scheduler, null);
  assert.is(process.kind === 'admitted' && process.warnings.length, 2);
  const resources = admitResources({ file: 'r', text: '{"pids":{},"devices":[{"type":""}]}' });
  assert.equal(resources.kind === 'admitted' && resources.spec.resources.devices, [
    { allow: false, type: 'a', major: -1, minor: -1, access: 'rwm' },
  ]);
});

test('versions are written in full', () => {
  for (const [given, full] of [
    ['1', '1.0.0'],
    ['1.0', '1.0.0'],
    ['v1.0.0', '1.0.0'],
    ['1.3-rc.1', '1.3.0-rc.1'],
    ['1.0.0.0', '1.0.0'],
    ['1.2.1+dev', '1.2.1+dev'],
  ] as const)
    assert.is(taken(bundle({ root: { ociVersion: given } })).config.ociVersion, full, given);
  for (const other of ['', '2.0.0', 'v2', '10.0', '1.x', 'one', '0.9'])
    assert.match(
      refusedBy(bundle({ root: { ociVersion: other } }))[0] ?? '',
      /ociVersion must be a version/,
      other,
    );
});

test('paths from the root, dots and doubles are taken with a warning', () => {
  const { config, warnings } = taken(
    bundle({
      root: { mounts: [{ destination: 't', type: 'tmpfs' }] },
      linux: {
        cgroupsPath: '/../a/../b',
        maskedPaths: ['proc/a'],
        readonlyPaths: ['/proc/b', 'c'],
        devices: [
          { type: 'c', path: 'dev/a', major: 1, minor: 3 },
          { type: 'c', path: '/dev/a', major: 1, minor: 5 },
        ],
        seccomp: {
          defaultAction: 'SCMP_ACT_ALLOW',
          syscalls: [{ names: [], action: 'SCMP_ACT_ERRNO' }],
        },
      },
    }),
  );
  const paths = (hidden: readonly HiddenPath[]) => hidden.map(({ path }) => path);
  assert.is(config.mounts[0]?.destination, '/t');
  assert.is(config.linux.cgroupsPath, '/b');
  assert.equal(paths(config.linux.maskedPaths), ['/proc/a']);
  assert.equal(paths(config.linux.readonlyPaths), ['/proc/b', '/c']);
  assert.equal(
    config.linux.devices.map(({ place, minor }) => [place, minor]),
    [['/dev/a', 3]],
  );
  assert.equal(warnings, [
    'mounts[0].destination should be an absolute path, not "t"; it is taken from the root',
    'linux.maskedPaths[0] should be an absolute path, not "proc/a"; it is taken from the root',
    'linux.readonlyPaths[1] should be an absolute path, not "c"; it is taken from the root',
    'linux.devices[0].path should be an absolute path, not "dev/a"; it is taken from the root',
    'linux.devices[1].path repeats linux.devices[0].path, which counts: "/dev/a"',
    'linux.cgroupsPath should not contain "..": /b is used',
    'linux.seccomp.syscalls[0].names is empty: it has no effect',
  ]);
});

test('hooks that both others start with are taken with a warning', () => {
  const hook = { path: './h', timeout: 5 };
  const { config, warnings } = taken(
    bundle({
      root: {
        hooks: {
          prestart: [hook],
          createRuntime: [{ path: 'a/h' }],
          poststart: [{ path: '../h' }],
          poststop: [{ path: 'h' }, { path: '', timeout: 0 }, { path: '/h', timeout: -1 }],
        },
      },
    }),
  );
  assert.equal(
    Object.values(config.hooks)
      .flat()
      .map(({ path, timeoutSeconds }) => [path, timeoutSeconds]),
    [
      ['./h', 5],
      ['a/h', null],
      ['../h', null],
      ['h', null],
      ['', null],
      ['/h', 0],
    ],
  );
  const fromBundle = (what: string, path: string) =>
    `hooks.${what}.path should be an absolute path, not "${path}"; it is taken from the bundle`;
  assert.equal(warnings, [
    fromBundle('prestart[0]', './h'),
    fromBundle('createRuntime[0]', 'a/h'),
    fromBundle('poststart[0]', '../h'),
    fromBundle('poststop[0]', 'h'),
    'hooks.poststop[1].path is empty: it has no effect',
    'hooks.poststop[1].timeout should be greater than 0, not 0; the hook has no deadline',
    'hooks.poststop[2].timeout should be greater than 0, not -1; the hook is ended at once',
  ]);
});

test('of other hooks neither', () => {
  for (const kind of ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart'])
    for (const hook of [{ path: '' }, { path: 'h' }, { path: '/h', timeout: 0 }, { path: '/h', timeout: -1 }])
      assert.match(
        refusedBy(bundle({ root: { hooks: { [kind]: [hook] } } }))[0] ?? '',
        /must (not be empty|be an absolute path|be a whole number from 1)/,
        `${kind} ${JSON.stringify(hook)}`,
      );
  for (const kind of ['createContainer', 'startContainer'])
    assert.match(
      refusedBy(bundle({ root: { hooks: { [kind]: [{ path: './h' }] } } }))[0] ?? '',
      /must be an absolute path/,
    );
  assert.match(refusedBy(bundle({ root: { hooks: { poststop: [{}] } } }))[0] ?? '', /path is required/);
});

test.run();
