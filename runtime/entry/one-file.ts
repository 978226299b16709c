/**
 * What the compiler starts with where it is one executable (`make bun`), in the place of load.ts. The engine gives any compiler the path of it as its first
 * argument.
 */
import { main } from './main.js';

const args = process.argv.slice(2);
const given = args[0] === process.execPath ? args.slice(1) : args;
// As load.ts.
if (given.includes('serve'))
  void import('./service.js').then(async ({ serveAlone }) => (await serveAlone(given)) || main(given));
else void main(given);
