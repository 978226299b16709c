/** What a site's registry adds to every launch of a tree. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Environment } from '../../spec/environment.js';
import { normalHooks } from '../admit/normal/hooks.js';
import { createLaunch } from './launch/launch.js';
import { inputOf } from './test/input.js';

const environment: Environment = {
  tree: 'a',
  path: '/os/a',
  readonly: false,
  hostView: [],
  shares: [],
  backEnd: 'private',
  reason: '',
  chosenBy: '--tree',
  pin: null,
  sources: { mounts: [], directories: new Map(), shares: new Map() },
  variables: [],
  hooks: normalHooks({ createRuntime: [{ path: '/site/first' }], poststop: [{ path: '/site/last' }] }),
  file: '/etc/chos.d/site.json',
  line: 3,
};
const config = { hooks: { createRuntime: [{ path: '/own' }] } };

test('hooks of the registry come before those of config.json, each with the place where it is written', () => {
  const launch = createLaunch({ ...inputOf({ config }), environment });
  assert.equal(
    launch.config.hooks.createRuntime.map(hook => hook.path),
    ['/site/first', '/own'],
  );
  assert.equal(
    launch.config.hooks.poststop.map(hook => hook.path),
    ['/site/last'],
  );
  const place = (index: number) => {
    const because = launch.because('hooks', 'createRuntime', index);
    return because.kind === 'rule' ? '' : `${because.file} ${because.path}`;
  };
  assert.is(place(0), '/etc/chos.d/site.json trees.a.hooks.createRuntime[0]');
  assert.is(place(1), 'config.json hooks.createRuntime[0]');
});

test('without any, config.json is as it was', () => {
  const input = inputOf({ config });
  const none = { ...environment, hooks: normalHooks() };
  assert.equal(createLaunch({ ...input, environment: none }).config, input.spec.config);
});

test.run();
