import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { HostFacts } from '../../../spec/host-facts.js';
import { type AdmittedProcess, type AdmittedSpec, admit, admitProcess } from '../../admit/admit.js';
import { defaultConfig } from '../../cli/default-config.js';
import { COMMAND_LINE, placeOf } from '../../program/action.js';
import { createProcessLaunch } from './launch.js';

const admitted = <Spec>(result: { kind: 'admitted'; spec: Spec } | { kind: 'refused' }): Spec => {
  assert.is(result.kind, 'admitted');
  return (result as { spec: Spec }).spec;
};
const config = defaultConfig();
const spec: AdmittedSpec = admitted(admit({ file: 'config.json', text: JSON.stringify(config) }));

test('who refuses a process.json names the file, a program that fails names the option', () => {
  const becauseOf = (file: string) => {
    const process: AdmittedProcess = admitted(admitProcess({ file, text: JSON.stringify(config.process) }));
    const options = { noNewKeyring: false, environmentEntries: [] };
    const facts = { arch: 'x86_64', capabilities: [], lastCapability: 40 } as unknown as HostFacts;
    return createProcessLaunch({ spec, process, facts, options }).because('process', 'cwd');
  };
  const because = becauseOf('/tmp/exec-process-1');
  assert.is(because.kind === 'config' ? because.file : '', '/tmp/exec-process-1');
  assert.is(placeOf(because), ' (--process:1 process.cwd)');
  assert.is(placeOf(becauseOf(COMMAND_LINE)), '');
});

test.run();
