/** Every property of config.json does something: another program comes of it, a refusal, or a warning. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { configSamples } from '../../spec/effects/config.js';
import type { Sample } from '../../spec/effects/sample.js';
import { configWithoutEffect } from '../../spec/effects/without-effect.js';
import { propertiesOf } from '../../spec/generate/property-paths.js';
import type { CgroupFacts } from '../../spec/host-facts.js';
import { admit, admitProcess } from '../admit/admit.js';
import { encode } from '../program/encode.js';
import { compileExec, compileLaunch } from './compile.js';
import { createLaunch } from './launch/launch.js';
import { compileLifecycle } from './stored/lifecycle.js';
import { concretePath, documentOf } from './test/document-of.js';
import { factsOf, hierarchy, inputOf, unified } from './test/input.js';

const cgroups: Readonly<Record<'v1' | 'v2', CgroupFacts>> = {
  v1: {
    layout: 'v1',
    hierarchies: [
      'cpu',
      'cpuset',
      'memory',
      'pids',
      'blkio',
      'hugetlb',
      'net_cls',
      'net_prio',
      'rdma',
      'devices',
    ].map(name => hierarchy([name])),
  },
  v2: { layout: 'v2', unified: { ...unified, controllers: [...unified.controllers, 'rdma'] } },
};

const base = {
  ociVersion: '1.3.0',
  process: { args: ['/bin/true'], cwd: '/' },
  root: { path: 'rootfs' },
  linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }] },
};

interface Made {
  readonly kind: 'program' | 'refused';
  /** The program and what is stored for later commands, or why there is none. */
  readonly content: string;
  readonly warnings: string;
  /** Paths that are blamed for a refusal. */
  readonly refused: readonly string[];
}

const hex = (...images: readonly Uint8Array[]): string =>
  images.map(image => Buffer.from(image).toString('hex')).join();

function refusedBy<Why>(reasons: readonly Why[], placeOfReason: (why: Why) => string): Made {
  return {
    kind: 'refused',
    content: JSON.stringify(reasons),
    warnings: '',
    refused: reasons.map(placeOfReason),
  };
}

function made(config: object, sample: Sample): Made {
  const admitted = admit({ file: 'config.json', text: JSON.stringify(config) });
  if (admitted.kind === 'refused')
    return refusedBy(admitted.diagnostics, ({ path, what }) => (what.kind === 'missing' ? '' : path));
  const { spec } = admitted;
  const facts = factsOf({
    cgroup: cgroups[sample.cgroups ?? 'v2'],
    lsm: { apparmor: true, selinux: true },
    resctrl: { mount: '/sys/fs/resctrl', group: null },
  });
  const console = spec.config.process.terminal;
  const launch = inputOf({ facts, options: { console } });
  const input = { ...launch, spec };
  const compiled = sample.shows === 'exec' ? execOf(input) : compileLaunch(input);
  if (compiled.kind === 'refused')
    return refusedBy(compiled.refusals, ({ because }) =>
      because.kind === 'rule' ? because.rule : because.path,
    );
  const { program } = compiled;
  const stored = sample.shows === 'exec' ? [] : [encode(compileLifecycle(createLaunch(input)))];
  return {
    kind: 'program',
    content: hex(encode(program), ...stored),
    warnings: JSON.stringify([...admitted.warnings, ...compiled.warnings]),
    refused: [],
  };
}

function execOf(input: ReturnType<typeof inputOf>): ReturnType<typeof compileExec> {
  const admitted = admitProcess({ file: 'process.json', text: JSON.stringify(input.spec.written.process) });
  if (admitted.kind === 'refused') throw new Error(JSON.stringify(admitted.diagnostics));
  return compileExec({
    config: input.spec,
    process: admitted.spec,
    facts: input.facts,
    state: {
      id: 'box',
      pid: 7,
      pidStart: '9',
      bundle: '/bundle',
      annotations: {},
      chos: { cgroupManager: 'cgroupfs', cgroups: [], backEnd: 'private', link: null, shared: false },
    },
    options: {
      console: false,
      pidfdSocket: false,
      detach: true,
      ignorePaused: false,
      environmentEntries: [],
      cgroups: [],
    },
  });
}

const properties = propertiesOf('spec/oci/config.schema.json');

/** It is what is refused, or what it is part of; not something that is missing beside it. */
function refusedFor(path: string, sample: Sample, { kind, refused }: Made): string {
  if (kind !== 'refused') return 'taken';
  const place = concretePath(path, sample);
  return refused.some(at => place === at || place.startsWith(`${at}.`) || place.startsWith(`${at}[`))
    ? kind
    : `refused for ${refused.join()}`;
}

function difference(path: string, sample: Sample): string {
  const withIt = made(documentOf(base, path, sample, sample.value), sample);
  const without = made(documentOf(base, path, sample, sample.other), sample);
  const wanted = sample.shows ?? 'program';
  if (wanted !== 'refused' && withIt.kind === 'refused') return `refused: ${withIt.content}`;
  if (wanted === 'refused') return refusedFor(path, sample, withIt);
  if (without.kind === 'refused') return `nothing to compare with: ${without.content}`;
  if (withIt.content !== without.content) return sample.shows === 'exec' ? 'exec' : 'program';
  return withIt.warnings === without.warnings ? 'nothing' : 'warned';
}

for (const { path } of properties) {
  const sample = configSamples[path];
  test(`config.json: ${path}`, () => {
    const reason = configWithoutEffect[path];
    if (sample === undefined)
      return assert.type(reason, 'string', `${path} has no sample, nor a reason to be without effect`);
    assert.is(difference(path, sample), reason === undefined ? (sample.shows ?? 'program') : 'nothing', path);
  });
}

test('the tables name nothing that is not in the schema', () => {
  const known = new Set(properties.map(({ path }) => path));
  const named = [...Object.keys(configSamples), ...Object.keys(configWithoutEffect)];
  assert.equal(
    named.filter(path => !known.has(path)),
    [],
  );
});

test.run();
