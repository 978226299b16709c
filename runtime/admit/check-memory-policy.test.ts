import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LinuxMemoryPolicy } from '../../spec/generated/config.js';
import { checkMemoryPolicy } from './check-memory-policy.js';
import { formatPath } from './diagnostic.js';

function findings(policy: LinuxMemoryPolicy): string {
  const found: string[] = [];
  checkMemoryPolicy(policy, (path, what) => void found.push(`${formatPath(path.slice(2))} ${what.kind}`));
  return found.join();
}

test('nodes go with the modes that take them', () => {
  assert.is(findings({ mode: 'MPOL_BIND', nodes: '0-3,7' }), '');
  assert.is(findings({ mode: 'MPOL_PREFERRED' }), '');
  assert.is(findings({ mode: 'MPOL_DEFAULT', nodes: '' }), '');
  for (const mode of [
    'MPOL_BIND',
    'MPOL_INTERLEAVE',
    'MPOL_WEIGHTED_INTERLEAVE',
    'MPOL_PREFERRED_MANY',
  ] as const)
    assert.is(findings({ mode }), 'nodes missing', mode);
  for (const mode of ['MPOL_DEFAULT', 'MPOL_LOCAL'] as const)
    assert.is(findings({ mode, nodes: '0' }), 'nodes only-with', mode);
});

test('what no kernel has as a node', () => {
  assert.is(findings({ mode: 'MPOL_BIND', nodes: '1023' }), '');
  for (const nodes of ['1024', '3-1', 'x', '0,', 'all'])
    assert.is(findings({ mode: 'MPOL_BIND', nodes }), 'nodes wrong-form', nodes);
});

test('nodes are counted in one way', () => {
  const flags = ['MPOL_F_RELATIVE_NODES', 'MPOL_F_NUMA_BALANCING', 'MPOL_F_STATIC_NODES'] as const;
  assert.is(findings({ mode: 'MPOL_BIND', nodes: '0', flags }), 'flags[2] conflict');
  assert.is(findings({ mode: 'MPOL_BIND', nodes: '0', flags: flags.slice(1) }), '');
});

test.run();
