import { compileLaunch } from '../compile/compile.js';
import { warningText } from '../report/warning-text.js';
import { containerId } from './container-id.js';
import { hidesNames } from './hidden-names.js';
import { failed, type Invocation, type Outcome } from './invocation.js';
import { knownFilter } from './known-filter.js';
import { imageOf } from './known-image.js';
import { type Prepared, prepareInput } from './launch.js';
import { givenValues } from './launch-values.js';
import { refusedByCompiler } from './refusal.js';

/**
 * What the engine has to find as it was to use the program again; null: there is more to it, that it does not look at. What a tree shows, and what mounts and shares there are,
 * changes; and so does what is mounted for resctrl.
 */
function looksOf({ input: { spec, environment }, looks }: Prepared): Uint8Array | null {
  const plain = environment === null && spec.config.linux.intelRdt === null && !hidesNames(spec.config);
  return plain ? looks.bytes() : null;
}

/** create, run (the same but for the entry point): compile the launch program of the bundle; the engine executes it. */
export function create(invocation: Invocation): Outcome {
  const id = containerId(invocation);
  if (id.kind === 'failure') return id;
  const { line, request } = invocation;
  const launch = prepareInput(invocation, line.options.texts.get('bundle') ?? '.', request.input);
  if (launch.kind === 'failure') return failed(launch.failure);
  const { input, size, bundle, warnings } = launch.value;
  const looks = looksOf(launch.value);
  // The text tells where in the file things stand. It comes first: of another file the mounts of the host, which may be thousands, are not compared.
  const { spec, ...others } = input;
  const made = imageOf('launch', [input.options.configText, others, spec.file, spec.config], size, () =>
    compileLaunch({ ...input, compileFilter: knownFilter }),
  );
  if (made.kind === 'refused') return failed(refusedByCompiler(made.refusals));
  return {
    kind: 'launch',
    entry: line.command.name === 'run' ? 'run' : 'create',
    image: made.image,
    ...(looks === null ? {} : { reusable: true, looks }),
    values: {
      ...givenValues(invocation),
      BUNDLE: bundle,
      STATE_DIR: `${invocation.root}/${id.value}`,
    },
    warnings: [...warnings, ...made.warnings.map(warningText)],
  };
}
