/**
 * SIGHUP, SIGINT, SIGTERM while something is being made: what is begun is taken back, in the order in which any other failure takes it back. The front door hands
 * them on and waits for the answer (runtime/engine/door/signals.c). What follows the last wait for a child happens as a whole: signals are looked at between waits.
 */
import { bad, type Result } from './fault.js';

const controller = new AbortController();

/** Its reason is the name of the signal. */
export const interruption: AbortSignal = controller.signal;

/** From here on these signals do not end this process. */
export function takeBackOnSignals(): void {
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => controller.abort(signal));
}

export const interrupted = (verb: string): Result<never> =>
  bad({ kind: 'interrupted', verb, signal: String(interruption.reason) });

/** A moment for signals, in work that waits for nobody. */
export const moment = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
