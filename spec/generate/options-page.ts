/** docs/options.md: every option, property and key, what it does, and what fails if it is ignored. Made of the tables that the tests go by. */
import { commands, type Option } from '../commands.js';
import { configSamples } from '../effects/config.js';
import { namedOptions, optionProofs } from '../effects/options.js';
import type { Proof } from '../effects/proof.js';
import { registryProofs, registrySamples } from '../effects/registry.js';
import type { Difference, Sample, Samples } from '../effects/sample.js';
import { configWithoutEffect, registryWithoutEffect } from '../effects/without-effect.js';
import { type Property, propertiesOf } from './property-paths.js';
import { table } from './table.js';

export const OPTIONS_PAGE = 'docs/options.md';

const code = (text: string): string => `\`${text}\``;
const proofText = ({ file, test }: Proof): string => `${code(file)}: ${test}`;

function optionFate(name: string, option: Option): string {
  if (option.refused) return 'refused';
  const proof = optionProofs.get(name);
  return proof === undefined ? 'no effect: taken because others pass it' : proofText(proof);
}

const head = ['option', 'meaning', 'what fails when it is ignored'];

function optionTables(): string {
  const rows = namedOptions().map(({ name, option }) => [
    code(name),
    `${option.about}${option.actions ? '; refused with other actions' : ''}`,
    optionFate(name, option),
  ]);
  const later = commands.filter(({ support }) => support === 'later').map(({ name }) => code(name));
  return `${table(head, rows)}\n\n${later.join(', ')} are refused, with whatever options.`;
}

const differences: Readonly<Record<Difference, string>> = {
  program: 'another program',
  exec: 'another program of `exec`',
  refused: 'refused',
  warned: 'no effect but a warning in the log',
};

const json = (value: unknown): string => (value === undefined ? 'without it' : code(JSON.stringify(value)));

function comparison({ value, other, cgroups }: Sample): string {
  return `${json(value)} and ${json(other)}${cgroups === 'v1' ? ', cgroups v1' : ''}`;
}

interface Answers {
  readonly samples: Samples;
  readonly withoutEffect: Readonly<Record<string, string>>;
  readonly proofs: Readonly<Record<string, Proof>>;
}

function fate(path: string, { samples, withoutEffect, proofs }: Answers): string {
  const sample = samples[path];
  const reason = withoutEffect[path];
  const proof = proofs[path];
  if (reason !== undefined) return `no effect: ${reason}`;
  if (proof !== undefined) return proofText(proof);
  return sample === undefined
    ? 'not proved'
    : `${differences[sample.shows ?? 'program']}: ${comparison(sample)}`;
}

function propertyTable(name: string, properties: readonly Property[], answers: Answers): string {
  return table(
    [name, 'meaning', 'what comes of it'],
    properties.map(({ path, description }) => [code(path), description, fate(path, answers)]),
  );
}

export function optionsPage(): string {
  return `# Options, properties and keys: what each does

\`\`\`
make docs/options.md     # writes this page anew, from spec/commands.ts, spec/oci/config.schema.json, spec/registry.schema.json and spec/effects
\`\`\`

Everything that chos-runtime accepts does something, or stands here as without effect, with the reason. A row that is missing in \`spec/effects\` fails a test by its name.

## Options

Tests are named as they stand in the sources; \`*\` is what a loop puts into the name.

${optionTables()}

## config.json

Compiled with the first value and with the second, in a configuration that is otherwise the same (\`runtime/compile/effects.test.ts\`). \`[]\` is an entry of a list, \`*\` a name in a map; objects and lists ask for
nothing but what is in them. Properties that are not listed are ignored, as the specification demands.

${propertyTable('property', propertiesOf('spec/oci/config.schema.json'), { samples: configSamples, withoutEffect: configWithoutEffect, proofs: {} })}

## Files of /etc/chos.d

Read and compiled in the same way (\`runtime/trees/registry-effects.test.ts\`); where the compiler does not see the key, the test that fails. Keys that are not listed are refused.

${propertyTable('key', propertiesOf('spec/registry.schema.json'), { samples: registrySamples, withoutEffect: registryWithoutEffect, proofs: registryProofs })}
`;
}
