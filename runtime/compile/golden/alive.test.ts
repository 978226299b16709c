/** What no program uses is not kept: each row of the tables of `spec/` that programs are made of stands in a program of these cases, or below with its reason. */
import { readdirSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { entries } from '../../../spec/commands.js';
import { SECTIONS } from '../../../spec/image.js';
import { type Instruction, instructions, TemplateField } from '../../../spec/instructions.js';
import { parameters } from '../../../spec/parameters.js';
import { systemCalls } from '../../../spec/syscalls.js';
import type { Program } from '../../program/action.js';
import { encode } from '../../program/encode.js';
import { layOut } from '../../program/layout.js';
import type { Template } from '../../program/operand.js';
import type { Step } from '../../program/step.js';
import { casesFolder, readCase } from './case.js';

const usedByNone: Readonly<Record<string, string>> = {
  'GUARD GT': 'GUARD compares as BRANCH does',
  'GUARD ANY': 'GUARD compares as BRANCH does',
  'GUARD NONE': 'GUARD compares as BRANCH does',
  'parameter BUNDLE':
    'the front door opens config.json there; it has the tables of options from the same rows',
};

const subName = (op: keyof typeof instructions, sub: number): string | undefined =>
  Object.entries<number>(instructions[op].subs).find(([, value]) => value === sub)?.[0];

const fieldsOf = (template: Template): readonly string[] =>
  template.flatMap(part => (typeof part === 'string' ? [] : [`field ${part.format}`]));

function usedBySteps(step: Step): readonly string[] {
  const sub = subName(step.op, step.sub);
  return [
    step.op,
    ...(sub === undefined ? [] : [`${step.op} ${sub}`]),
    ...(step.call === null ? [] : [`call ${step.call}`]),
    ...fieldsOf(step.template ?? []),
  ];
}

/** Sections with something in them; bytes, since the zero section is none of the file. */
function sectionsOf(program: Program): readonly string[] {
  const image = Buffer.from(encode(program));
  return SECTIONS.filter((_, i) => image.readUInt32LE(20 + 8 * i) > 0).map(name => `section ${name}`);
}

function usedBy(program: Program): readonly string[] {
  const { steps, actions } = layOut(program);
  return [
    ...steps.flatMap(usedBySteps),
    ...actions.flatMap(({ action }) => fieldsOf(action.words)),
    ...[...program.parameters.keys()].map(name => `parameter ${name}`),
    ...program.entries.map(({ entry }) => `entry ${entry}`),
    ...sectionsOf(program),
  ];
}

const tables: readonly string[] = [
  ...Object.entries<Instruction>(instructions).flatMap(([op, { subs }]) => [
    op,
    ...Object.keys(subs).map(sub => `${op} ${sub}`),
  ]),
  ...Object.keys(systemCalls).map(name => `call ${name}`),
  ...Object.values(TemplateField).map(letter => `field ${letter}`),
  ...Object.keys(parameters).map(name => `parameter ${name}`),
  ...Object.keys(entries).map(name => `entry ${name}`),
  ...SECTIONS.map(name => `section ${name}`),
];

test('every row of the tables is used by a program, or has a reason', () => {
  const used = new Set<string>();
  for (const folder of readdirSync(casesFolder, { withFileTypes: true })) {
    if (!folder.isDirectory()) continue;
    const golden = readCase(folder.name);
    for (const kind of golden.kinds) for (const name of usedBy(golden.compile(kind))) used.add(name);
  }
  assert.equal(
    tables.filter(name => !used.has(name)),
    tables.filter(name => Object.hasOwn(usedByNone, name)),
    'what no program uses goes, or is named in usedByNone with its reason',
  );
  assert.equal(
    Object.keys(usedByNone).filter(name => !tables.includes(name)),
    [],
  );
});

test.run();
