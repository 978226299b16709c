/** Fuzzing: `node build/conformance/fuzz.mjs [config] [image] [bus] [resources] [known]`; FUZZ_SEED, FUZZ_ROUNDS, FUZZ_SECONDS. */
import { inLab } from '../crash/lab.js';
import { fuzzBus } from './bus.js';
import { fuzzConfig } from './config.js';
import { fuzzImages } from './image.js';
import { fuzzKnown } from './known.js';
import { fuzzResources } from './resources.js';

const seed = Number(process.env.FUZZ_SEED ?? 20_250_101);
const rounds = Number(process.env.FUZZ_ROUNDS ?? 1_000_000);
const milliseconds = 1_000 * Number(process.env.FUZZ_SECONDS ?? 50);
const wanted = (name: string): boolean =>
  process.argv.includes(name) ||
  !['config', 'image', 'bus', 'resources', 'known'].some(other => process.argv.includes(other));

await inLab(import.meta.url, async lab => {
  if (wanted('image')) await fuzzImages(lab, seed, rounds, milliseconds / 5);
  if (wanted('bus')) await fuzzBus(lab, seed, rounds, milliseconds / 10);
  if (wanted('resources')) await fuzzResources(lab, seed, rounds, milliseconds / 5);
  if (wanted('known')) await fuzzKnown(lab, seed, rounds, milliseconds / 10);
  if (wanted('config')) await fuzzConfig(lab, seed, rounds, milliseconds / 2);
});
