/** What systemd answers about the scope of scope-program.ts. */
import { busReturn, type Heard } from '../../../bus/test/fake-bus.js';

/** As ListUnitsByNames answers for one unit. */
export const listed = (
  heard: Heard,
  description: string,
  loadState = 'loaded',
  activeState = 'active',
): Buffer =>
  busReturn(heard, 'a(ssssssouso)', [
    [['libpod-box.scope', description, loadState, activeState, 'running', '', '/unit', 0, '', '/']],
  ]);

/** What StartTransientUnit calls it. */
export const descriptionIn = ({ body }: Heard): string =>
  /container of chos-runtime, number \d{19}/.exec(body.toString('latin1'))?.[0] ?? '';
