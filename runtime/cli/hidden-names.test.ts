import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { specOf } from '../compile/test/input.js';
import { hidesNames } from './hidden-names.js';

const hides = (changes: Readonly<Record<string, unknown>>): boolean => hidesNames(specOf(changes).config);

/** "b123", "4567", "89ab". */
const letters = [858927458, 926299444, 1650538808] as const;
const one = letters[0];
/** "b1234567" */
const long = '3978425819141910882';

test('of usual configs nothing is hidden', () => {
  assert.not(hides({}));
  const limits = {
    memory: { limit: 137438953472, swap: -1 },
    cpu: { shares: 1024, cpus: '0-3,60', mems: '0' },
  };
  const process = {
    user: { uid: 0, gid: 0, additionalGids: [1, 100000, 65534] },
    rlimits: [{ type: 'RLIMIT_CORE', soft: 0, hard: 2 ** 62 }],
  };
  assert.not(hides({ process, linux: { resources: limits } }));
  const annotations = {
    a: '0d5c0a4e3a1c',
    'org.systemd.property.MemoryMax': 'uint64 137438953472',
    'org.systemd.property.KillSignal': '37',
    'org.systemd.property.Description': "'a'",
  };
  assert.not(hides({ annotations }));
});

test('a number of letters of names', () => {
  assert.ok(hides({ process: { user: { uid: 0, gid: 0, additionalGids: letters } } }));
  assert.ok(hides({ process: { user: { uid: one, gid: 0 } } }));
  for (const name of ['soft', 'hard'])
    assert.ok(
      hides({
        process: {
          rlimits: [
            { type: 'RLIMIT_CORE', soft: 0, hard: 2 ** 62, [name]: one * (name === 'soft' ? 1 : 2 ** 32) },
          ],
        },
      }),
      name,
    );
  assert.ok(hides({ linux: { resources: { memory: { limit: one } } } }));
  assert.ok(hides({ linux: { resources: { unified: {}, pids: { limit: one } } } }));
});

test('the timeout of a hook, in milliseconds', () => {
  const hooks = (timeout: number) => ({ hooks: { poststop: [{ path: '/x', timeout }] } });
  // 757950000: "0f--".
  assert.ok(hides(hooks(757950)));
  assert.not(hides(hooks(757951)));
});

test('properties of a scope', () => {
  const property = (value: string, name = 'X'): boolean =>
    hides({ annotations: { [`org.systemd.property.${name}`]: value } });
  for (const value of [
    '[byte 98, byte 49]',
    '[uint64 1, 2]',
    '(uint64 1, uint64 2)',
    '1.5',
    '[1.5]',
    `uint64 ${long}`,
    "'\\\\x61'",
  ])
    assert.ok(property(value, 'Unknown'), value);
  for (const value of ["'a'", "['a', 'b']", 'true', 'uint64 5'])
    assert.not(property(value, 'Unknown'), value);
});

test('long masks', () => {
  assert.ok(hides({ linux: { resources: { cpu: { cpus: '0-61' } } } }));
  assert.ok(hides({ linux: { resources: { cpu: { mems: '100' } } } }));
  assert.ok(hides({ process: { execCPUAffinity: { initial: '0,64' } } }));
  assert.ok(hides({ process: { execCPUAffinity: { final: '61-64' } } }));
  assert.not(hides({ process: { execCPUAffinity: { initial: '0-60' } } }));
  assert.ok(hides({ linux: { memoryPolicy: { mode: 'MPOL_BIND', nodes: '70' } } }));
});

test('a filter in base64', () => {
  assert.ok(hides({ annotations: { 'run.oci.seccomp_bpf_data': 'BgAAAAAA/38=' } }));
});

test.run();
