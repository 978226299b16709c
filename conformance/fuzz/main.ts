/** Fuzzing: `node build/conformance/fuzz.mjs [config|image]`; FUZZ_SEED, FUZZ_ROUNDS, FUZZ_SECONDS. */
import { inLab } from '../crash/lab.js';
import { fuzzConfig } from './config.js';

const seed = Number(process.env.FUZZ_SEED ?? 20_250_101);
const rounds = Number(process.env.FUZZ_ROUNDS ?? 100_000);
const milliseconds = 1_000 * Number(process.env.FUZZ_SECONDS ?? 40);

await inLab(import.meta.url, async lab => {
  await fuzzConfig(lab, seed, rounds, milliseconds);
});
