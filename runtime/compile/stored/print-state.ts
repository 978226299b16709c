import { TemplateField } from '../../../spec/instructions.js';
import type { Track } from '../../program/action.js';
import { when } from '../../program/control.js';
import {
  buffer,
  cell,
  characters,
  field,
  slot,
  type Template,
  templateBound,
  text,
} from '../../program/operand.js';
import { alu, exit, format, move } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { writeAll } from '../idioms/whole.js';
import { rule } from '../launch/launch.js';
import { stateAnnotations } from '../launch/told-state.js';
import { entryTrack, openContainer, readStatus } from './container.js';
import { Status } from './context.js';
import type { Lifecycle } from './subroutines.js';

const words = [
  [Status.CREATED, 'created'],
  [Status.RUNNING, 'running'],
  [Status.PAUSED, 'paused'],
  [Status.STOPPED, 'stopped'],
  [Status.PREPARING, 'creating'],
  [Status.STARTING, 'created'],
] as const;

/** `state`: the object of runtime.md "Query State". The annotations have any size, so they are written from where they are. */
export function stateTrack(c: Lifecycle): Track {
  const { config, options } = c.launch;
  const name = slot('status_name');
  const choose = words.flatMap(([status, word]) => when(c.status, 'EQ', status, [move(name, text(word))]));
  const creating: Template = [
    `{"ociVersion":${JSON.stringify(config.ociVersion)},"id":"`,
    field(TemplateField.JSON, c.id),
    `","pid":0,"status":"creating","bundle":${JSON.stringify(options.bundle)},"annotations":`,
  ];
  const annotations = characters('annotations', `${JSON.stringify(stateAnnotations(c.launch))}}\n`);
  const known: Template = [
    '{"pid":',
    field(TemplateField.DECIMAL, c.pid),
    ',"status":"',
    field(TemplateField.STRING, name),
    '",',
  ];
  const out = buffer('state_out', Math.max(templateBound(creating), templateBound(known)));
  const size = slot('state_out_size');
  return entryTrack('state', [
    openContainer(c),
    readStatus(c),
    operation({ kind: 'print-state', because: rule('state') }, [
      ...when(c.status, 'EQ', Status.CREATING, [
        format(out, creating, { to: size }),
        ...writeAll(1, out, size),
        ...writeAll(1, annotations, annotations.size),
        exit(0),
      ]),
      ...choose,
      format(out, known, { to: size }),
      ...writeAll(1, out, size),
      alu(c.rest, c.rest, 'ADD', c.state),
      ...writeAll(1, c.rest, cell(c.rest, 1)),
      exit(0),
    ]),
  ]);
}
