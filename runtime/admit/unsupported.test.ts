import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { unsupported } from '../../spec/features.js';
import { oneLine } from '../report/diagnostic.js';
import { admit } from './admit.js';

/** Each asks for one row of the table; `at` is the beginning of the value that is blamed. */
const cases: readonly (readonly [
  feature: string,
  linux: object,
  mounts: readonly object[],
  at: string,
  annotations?: object,
])[] = [['run.oci.handler', {}, [], '"krun"', { 'run.oci.handler': 'krun' }]];

function refusal(linux: object, mounts: readonly object[], annotations: object = {}) {
  const text = JSON.stringify({
    ociVersion: '1.3.0',
    root: { path: 'rootfs' },
    process: { args: ['sh'], cwd: '/' },
    mounts,
    linux,
    annotations,
  });
  const result = admit({ file: 'config.json', text });
  return { text, diagnostics: result.kind === 'refused' ? result.diagnostics : [] };
}

test('what this version cannot do is refused at the value that asks for it', () => {
  for (const [feature, linux, mounts, at, annotations] of cases) {
    const { text, diagnostics } = refusal(linux, mounts, annotations);
    assert.is(diagnostics.length, 1, feature);
    assert.equal(diagnostics[0]?.what.kind === 'unsupported' && diagnostics[0].what.feature, feature);
    assert.is(diagnostics[0]?.column, text.indexOf(at) + 1, JSON.stringify(linux));
  }
});

test('every row of the table has a case', () => {
  const features = new Set(cases.map(([feature]) => feature));
  assert.equal(
    unsupported.map(({ feature }) => feature).filter(feature => !features.has(feature)),
    [],
  );
});

test('the sentence says what would come of leaving it out', () => {
  const { text, diagnostics } = refusal({}, [], { 'run.oci.handler': 'krun' });
  assert.equal(diagnostics.map(oneLine), [
    `config.json:1:${text.indexOf('"krun"') + 1}: annotations["run.oci.handler"]: run.oci.handler not supported yet by chos-runtime ` +
      '(without it the command would run on this kernel instead of in a virtual machine or an interpreter)',
  ]);
});

test.run();
