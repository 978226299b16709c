import { closeSync, existsSync, renameSync } from 'node:fs';
import { PUBLIC } from '../../spec/environment.js';
import { fileName, generationFile } from '../../spec/records/names.js';
import { compileSkeletonRemoval } from '../compile/skeleton-removal.js';
import { hostArch } from '../host/facts.js';
import { encode } from '../program/encode.js';
import { jsonText } from '../report/json-text.js';
import { skeletonRemovedText } from '../report/tree-text.js';
import { describeHolder, processesRootedIn } from '../trees/holders.js';
import { PINS } from '../trees/pins.js';
import { closingFile, recordFile } from '../trees/skeleton-record.js';
import { wantsJson } from './as-json.js';
import { closeRecord } from './close-record.js';
import { failed, type Invocation, type Outcome } from './invocation.js';
import { runningContainers } from './running-containers.js';
import { see } from './see-skeleton.js';

/** What users look at: they hold nothing, so that it is enough that it goes before anybody looks who is inside. */
function renameCopy(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to);
}

/** `skeleton remove [PATH] [--force]`: no launch comes in any more; then it goes, unless somebody is inside. */
export async function remove(invocation: Invocation): Promise<Outcome> {
  const seen = see(invocation, 'remove the skeleton of');
  if (seen.kind === 'failure') return seen;
  const { look, host, enter } = seen.value;
  const { path, place, generations } = look;
  const [record, closing] = [recordFile(path, host.prefix + PINS), closingFile(path, host.prefix + PINS)];
  const copy = [recordFile(path, host.prefix + PUBLIC), closingFile(path, host.prefix + PUBLIC)] as const;
  const recorded = existsSync(record) || existsSync(closing);
  const mounts = place.kind === 'skeleton' ? place.mounts : place.kind === 'free' ? place.leftovers : 0;
  if (mounts === 0 && !recorded && !copy.some(one => existsSync(one)) && generations.length === 0)
    return failed({ kind: 'tree', fault: { kind: 'no-skeleton', path } });
  if (recorded) {
    const closed = await closeRecord(record, closing);
    if (closed.kind === 'failure') return closed;
    closeSync(closed.value);
  }
  renameCopy(...copy);
  const holders =
    place.kind === 'skeleton' ? processesRootedIn(host.prefix + path, runningContainers(invocation)) : [];
  if (holders.length > 0 && !invocation.line.options.flags.has('force')) {
    if (recorded) renameSync(closing, record);
    renameCopy(copy[1], copy[0]);
    return failed({
      kind: 'tree',
      fault: { kind: 'skeleton-held', path, holders: holders.map(describeHolder) },
    });
  }
  const file = fileName(path);
  const program = compileSkeletonRemoval({
    arch: hostArch(),
    place: { directory: PINS, file },
    enter,
    path,
    mounts,
    generations: generations.map(one => generationFile(file, one.number)),
    summary: wantsJson(invocation)
      ? jsonText({ path, holders }, 2)
      : skeletonRemovedText(path, holders.map(describeHolder)),
  });
  return { kind: 'launch', entry: 'host', image: encode(program), values: {} };
}
