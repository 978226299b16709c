import { type ContainerState, parseState, type Status } from '../../spec/records/state.js';
import { readState } from '../state/read-state.js';
import { containerId } from './container-id.js';
import { type Attempt, type Invocation, ok, refuse } from './invocation.js';
import { CONTAINERS, Known } from './known.js';

export interface Found {
  readonly id: string;
  /** ROOT/ID */
  readonly directory: string;
  readonly state: ContainerState;
  readonly status: Status;
}

/** What a health check finds is what it found the last time. */
const known = new Known<readonly [id: string, text: string], ReturnType<typeof parseState>>(
  CONTAINERS,
  ({ kind }) => kind === 'record',
);

const parse: typeof parseState = (id, text) =>
  known.find([id, text], text.length, () => parseState(id, text));

/** The container that the command line names. `verb` is for messages. */
export function findContainer(invocation: Invocation, verb: string): Attempt<Found> {
  const named = containerId(invocation);
  if (named.kind === 'failure') return named;
  const id = named.value;
  const directory = `${invocation.root}/${id}`;
  const read = readState(invocation.root, id, invocation.request.caller.euid, parse);
  switch (read.kind) {
    case 'state':
      return ok({ id, directory, ...read.live });
    case 'absent':
      return refuse({ kind: 'no-container', id });
    case 'half-created':
      return refuse({ kind: 'half-created', id, verb });
    case 'malformed':
      return refuse({ kind: 'bad-state', id, file: `${directory}/state.json` });
    case 'distrust':
      return refuse(read);
  }
}
