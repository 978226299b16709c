/** The file of `update --resources` and that of `exec --process`, changed at random, for a container that is there. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bundle, makeBundle } from '../crash/bundles.js';
import { badError, call, check, chos, compile, engineCommand, type Lab, residue } from '../crash/lab.js';
import { createRandom } from '../harness/random.js';
import { badMessage } from './bad-message.js';
import { mutatedProcess, mutatedResources } from './mutate-parts.js';

/** Nothing of them may be lost: the container goes on, whatever was asked for. */
async function tryUpdate(lab: Lab, id: string, file: string): Promise<readonly string[]> {
  const args = ['update', '--resources', file, id];
  const reply = await compile(lab, args).catch((error: unknown) =>
    String(error instanceof Error ? error.stack : error),
  );
  if (typeof reply === 'string') return [`it threw: ${reply}`];
  if (reply.kind === 'report')
    return [...(reply.exitCode === 1 ? [] : [`exit code ${reply.exitCode}`]), ...badMessage(reply.message)];
  const image = join(lab.dir, 'fuzz-image');
  writeFileSync(image, reply.image);
  const ended = call(lab, engineCommand(lab, { file: image, entry: reply.entry, values: reply.values }));
  return [...badError(ended, [0, 1]), ...(ended.code === 1 ? badMessage(ended.err.trim()) : [])];
}

/** Only compiled: what it does to a process is config.json's to find out. */
async function tryExec(lab: Lab, id: string, file: string): Promise<readonly string[]> {
  const reply = await compile(lab, ['exec', '--process', file, id]).catch((error: unknown) =>
    String(error instanceof Error ? error.stack : error),
  );
  if (typeof reply === 'string') return [`it threw: ${reply}`];
  if (reply.kind === 'image') return [];
  return [...(reply.exitCode === 255 ? [] : [`exit code ${reply.exitCode}`]), ...badMessage(reply.message)];
}

function begin(lab: Lab, bundle: Bundle): string {
  const id = `${lab.tag}-u`;
  const created = chos(lab, ['create', '--bundle', bundle.dir, id]);
  check('resources: create', badError(created, [0]));
  return id;
}

/** As many rounds as fit into the time, or as asked for. */
export async function fuzzResources(
  lab: Lab,
  seed: number,
  rounds: number,
  milliseconds: number,
): Promise<void> {
  const bundle = makeBundle(lab, { name: 'fuzz-update', change: () => undefined }, 'create');
  const id = begin(lab, bundle);
  const file = join(lab.dir, 'fuzz-part.json');
  const end = performance.now() + milliseconds;
  let done = 0;
  for (; done < rounds && performance.now() < end; done++) {
    const random = createRandom((seed + done) * 2_654_435_761);
    const isProcess = done % 4 === 3;
    const text = isProcess ? mutatedProcess(random) : mutatedResources(random);
    writeFileSync(file, text);
    const complaints = isProcess ? await tryExec(lab, id, file) : await tryUpdate(lab, id, file);
    if (complaints.length > 0) writeFileSync(`/tmp/chos-fuzz-${seed + done}.json`, text);
    check(`${isProcess ? 'process' : 'resources'}, seed ${seed + done}`, complaints);
  }
  const deleted = chos(lab, ['delete', '--force', id]);
  check('resources: delete', [...badError(deleted, [0]), ...residue(lab, id)]);
  console.log(`resources and process: ${done} rounds from seed ${seed}`);
}
