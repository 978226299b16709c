import { compileRequests, type ServedCompiler } from '../serve/worker.js';
import { exercise } from './exercise.js';

/** Until V8 has optimized what counts; more gains nothing. */
const ROUNDS = 40;

/** The thread of the service that compiles. `forget`: what the compiler has kept; nobody asks again for what it warms up with. */
export function compilerThread(compiler: ServedCompiler, forget: () => void): void {
  const { ready, scratch } = compileRequests(compiler);
  // The first round makes most of the difference.
  void exercise(compiler.answer, scratch, ROUNDS, ready).catch(ready).finally(forget);
}
