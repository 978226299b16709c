import { TemplateField } from '../../../spec/instructions.js';
import { action, type Track } from '../../program/action.js';
import { buffer, field, label, slot, text } from '../../program/operand.js';
import { alu, branch, exit, format, jump, type Line, move, sys } from '../../program/step.js';
import { rule } from '../launch.js';
import { entryTrack, openContainer, readStatus } from './container.js';
import { Status } from './context.js';
import type { Lifecycle } from './subroutines.js';

export function stateTrack(c: Lifecycle): Track {
  const out = buffer('state_out', (1 << 20) + 4096);
  const size = slot('state_out_size');
  const name = slot('status_name');
  const print = label('print_state');
  const choose: Line[] = [];
  for (const [status, word] of [
    [Status.CREATING, 'creating'],
    [Status.CREATED, 'created'],
    [Status.RUNNING, 'running'],
    [Status.PAUSED, 'paused'],
    [Status.STOPPED, 'stopped'],
  ] as const) {
    const next = label(`not_${word}`);
    choose.push(branch(c.status, 'NE', status, next), move(name, text(word)), next);
  }
  const known = label('state_known');
  return entryTrack('state', [
    openContainer(c),
    readStatus(c),
    action({ title: 'print the state', because: rule('state') }, [
      ...choose,
      branch(c.status, 'NE', Status.CREATING, known),
      format(
        out,
        [
          `{"ociVersion":${JSON.stringify(c.launch.config.ociVersion)},"id":"`,
          field(TemplateField.JSON, c.id),
          `","pid":0,"status":"creating","bundle":${JSON.stringify(c.launch.options.bundle)},"annotations":${JSON.stringify(c.launch.config.annotations ?? {})}}\n`,
        ],
        { to: size },
      ),
      jump(print),
      known,
      alu(c.rest, c.rest, 'ADD', c.state),
      format(
        out,
        [
          '{"pid":',
          field(TemplateField.DECIMAL, c.pid),
          ',"status":"',
          field(TemplateField.STRING, name),
          '",',
          field(TemplateField.BYTES, c.rest),
        ],
        { to: size },
      ),
      print,
      sys('write', [1, out, size]),
      exit(0),
    ]),
  ]);
}
