import type { Request } from '../engine/wire.js';
import { thisProcess } from '../host/caller.js';

/** A request of this process to itself: without the engine, and in tests. */
export function ownRequest(
  argv: readonly string[],
  { environment = [], cwd = '/' }: Partial<Pick<Request, 'environment' | 'cwd'>> = {},
): Request {
  return {
    argv: ['chos-runtime', ...argv],
    environment,
    cwd,
    input: { kind: 'none' },
    caller: thisProcess(),
  };
}
