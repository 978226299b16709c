import { TemplateField } from '../../../spec/instructions.js';
import { action, type Track } from '../../program/action.js';
import {
  buffer,
  cell,
  characters,
  field,
  label,
  slot,
  type Template,
  templateBound,
  text,
} from '../../program/operand.js';
import { alu, branch, exit, format, type Line, move } from '../../program/step.js';
import { writeAll } from '../idioms/whole.js';
import { rule } from '../launch/launch.js';
import { entryTrack, openContainer, readStatus } from './container.js';
import { Status } from './context.js';
import type { Lifecycle } from './subroutines.js';

/** `state`: the object of runtime.md "Query State". The annotations have any size, so they are written from where they are. */
export function stateTrack(c: Lifecycle): Track {
  const { config, options } = c.launch;
  const name = slot('status_name');
  const choose: Line[] = [];
  for (const [status, word] of [
    [Status.CREATED, 'created'],
    [Status.RUNNING, 'running'],
    [Status.PAUSED, 'paused'],
    [Status.STOPPED, 'stopped'],
    [Status.PREPARING, 'creating'],
    [Status.STARTING, 'created'],
  ] as const) {
    const next = label(`not_${word}_${status}`);
    choose.push(branch(c.status, 'NE', status, next), move(name, text(word)), next);
  }
  const creating: Template = [
    `{"ociVersion":${JSON.stringify(config.ociVersion)},"id":"`,
    field(TemplateField.JSON, c.id),
    `","pid":0,"status":"creating","bundle":${JSON.stringify(options.bundle)},"annotations":`,
  ];
  const annotations = characters('annotations', `${JSON.stringify(config.annotations)}}\n`);
  const known: Template = [
    '{"pid":',
    field(TemplateField.DECIMAL, c.pid),
    ',"status":"',
    field(TemplateField.STRING, name),
    '",',
  ];
  const out = buffer('state_out', Math.max(templateBound(creating), templateBound(known)));
  const size = slot('state_out_size');
  const exists = label('state_known');
  return entryTrack('state', [
    openContainer(c),
    readStatus(c),
    action({ title: 'print the state', because: rule('state') }, [
      branch(c.status, 'NE', Status.CREATING, exists),
      format(out, creating, { to: size }),
      ...writeAll(1, out, size),
      ...writeAll(1, annotations, annotations.size),
      exit(0),
      exists,
      ...choose,
      format(out, known, { to: size }),
      ...writeAll(1, out, size),
      alu(c.rest, c.rest, 'ADD', c.state),
      ...writeAll(1, c.rest, cell(c.rest, 1)),
      exit(0),
    ]),
  ]);
}
