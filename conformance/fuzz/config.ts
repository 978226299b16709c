/** create and delete --force of bundles whose config.json was changed at random. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bundle, makeBundle } from '../crash/bundles.js';
import {
  badError,
  call,
  check,
  chos,
  compile,
  type Ended,
  engineCommand,
  type Lab,
  residue,
} from '../crash/lab.js';
import { besideStarts } from '../harness/left-programs.js';
import { createRandom } from '../harness/random.js';
import { badMessage } from './bad-message.js';
import { mutatedConfig } from './mutate-config.js';

async function tryOne(lab: Lab, bundle: Bundle, text: string, real: boolean): Promise<readonly string[]> {
  writeFileSync(join(bundle.dir, 'config.json'), text);
  const id = `${lab.tag}-f`;
  const args = ['create', '--bundle', bundle.dir, id];
  const began = performance.now();
  let ended: Ended;
  if (real) {
    ended = chos(lab, args);
  } else {
    const reply = await compile(lab, args).catch((error: unknown) =>
      String(error instanceof Error ? error.stack : error),
    );
    if (typeof reply === 'string') return [`it threw: ${reply}`];
    if (performance.now() - began > 3_000)
      return [`the compiler took ${Math.round(performance.now() - began)} ms`];
    if (reply.kind === 'report')
      return [...(reply.exitCode === 1 ? [] : [`exit code ${reply.exitCode}`]), ...badMessage(reply.message)];
    const file = join(lab.dir, 'fuzz-image');
    writeFileSync(file, reply.image);
    ended = call(lab, engineCommand(lab, { file, entry: reply.entry, values: reply.values }), {
      cwd: bundle.dir,
    });
  }
  const complaints = [...badError(ended, [0, 1]), ...(ended.code === 1 ? badMessage(ended.err.trim()) : [])];
  if (ended.code === 1 && besideStarts(lab.root).length > 0) complaints.push('a half-created container');
  if (ended.code === 0 || besideStarts(lab.root).length > 0) {
    const deleted = chos(lab, ['delete', '--force', id]);
    if (deleted.code !== 0) complaints.push(`delete --force: ${deleted.code} ${deleted.err.trim()}`);
  }
  return [...complaints, ...residue(lab, id)];
}

/** As many rounds as fit into the time, or as asked for. Each round has its own seed, so that one can be repeated. */
export async function fuzzConfig(
  lab: Lab,
  seed: number,
  rounds: number,
  milliseconds: number,
): Promise<void> {
  const bundle = makeBundle(lab, { name: 'fuzz', change: () => undefined }, 'create');
  mkdirSync(join(bundle.rootfs, 'root'), { recursive: true });
  const end = performance.now() + milliseconds;
  let done = 0;
  for (; done < rounds && performance.now() < end; done++) {
    const text = mutatedConfig(createRandom((seed + done) * 2_654_435_761));
    const complaints = await tryOne(lab, bundle, text, done % 20 === 0);
    if (complaints.length > 0) writeFileSync(`/tmp/chos-fuzz-${seed + done}.json`, text);
    check(`config, seed ${seed + done}`, complaints);
  }
  console.log(`config: ${done} rounds from seed ${seed}`);
}
