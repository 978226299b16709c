import { stateObject } from '../report/state-json.js';
import { table } from '../report/table.js';
import { unreadStateText } from '../report/warning-text.js';
import { readStates } from '../state/read-state.js';
import { done, failed, type Invocation, type Outcome } from './invocation.js';
import { outputFormat } from './output-format.js';

export function list(invocation: Invocation): Outcome {
  const format = outputFormat(invocation, ['table', 'json']);
  if (format.kind === 'failure') return failed(format.failure);
  const read = readStates(invocation.root, invocation.request.caller.euid);
  if (read.kind === 'distrust') return failed(read);
  const containers = read.states;
  const warnings = read.unread.map(id => unreadStateText(`${invocation.root}/${id}`));
  if (invocation.line.options.flags.has('quiet')) {
    return done(containers.map(({ state }) => `${state.id}\n`).join(''), warnings);
  }
  const objects = containers.map(({ state, status }) => stateObject(state, status));
  if (format.value === 'json') return done(`${JSON.stringify(objects)}\n`, warnings);
  const columns = ['id', 'pid', 'status', 'bundle', 'created', 'owner'];
  return done(
    table(
      columns.map(name => name.toUpperCase()),
      objects.map(object => columns.map(name => String(object[name]))),
    ),
    warnings,
  );
}
