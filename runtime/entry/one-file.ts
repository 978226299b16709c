/**
 * What the compiler starts with where it is one executable (`make bun`), in the place of load.ts. The engine gives any compiler the path of it as its first
 * argument.
 */
import { main } from './main.js';

const args = process.argv.slice(2);
void main(args[0] === process.execPath ? args.slice(1) : args);
