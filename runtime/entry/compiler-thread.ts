import type { Answer } from '../engine/wire.js';
import { compileRequests } from '../serve/worker.js';
import { type Answering, exercise } from './exercise.js';

/** Until V8 has optimized what counts; more gains nothing. */
const ROUNDS = 40;

/** The thread of the service that compiles. `forget`: what `answer` has kept; nobody asks again for what it warms up with. */
export function compilerThread(answer: Answering, bug: (error: unknown) => Answer, forget: () => void): void {
  const { ready, scratch } = compileRequests(answer, bug);
  // The first round makes most of the difference.
  void exercise(answer, scratch, ROUNDS, ready).catch(ready).finally(forget);
}
