import { encode } from '../program/encode.js';
import { containerId } from './container-id.js';
import { failed, type Invocation, type Outcome } from './invocation.js';
import { prepareLaunch } from './launch.js';
import { givenValues } from './launch-values.js';

/** create, run (the same but for the entry point): compile the launch program of the bundle; the engine executes it. */
export function create(invocation: Invocation): Outcome {
  const id = containerId(invocation);
  if (id.kind === 'failure') return id;
  const { line, request } = invocation;
  const launch = prepareLaunch(invocation, line.options.texts.get('bundle') ?? '.', request.input);
  if (launch.kind === 'failure') return failed(launch.failure);
  const { program, bundle, warnings } = launch.value;
  return {
    kind: 'launch',
    entry: line.command.name === 'run' ? 'run' : 'create',
    image: encode(program),
    values: {
      ...givenValues(invocation),
      BUNDLE: bundle,
      STATE_DIR: `${invocation.root}/${id.value}`,
    },
    warnings,
  };
}
