/** What systemd or a bus may answer, broken: the engine never reads outside of its data, and the launch goes on or fails in one line. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Answer,
  busError,
  busReturn,
  busSignal,
  fakeBus,
} from '../../runtime/compile/bus/test/fake-bus.js';
import { descriptionIn, listed } from '../../runtime/compile/cgroups/systemd/test/scope-answers.js';
import { scopeProgram } from '../../runtime/compile/cgroups/systemd/test/scope-program.js';
import { check, type Lab } from '../crash/lab.js';
import { createRandom, type Random } from '../harness/random.js';

/** Programs at work side by side. */
const BATCH = 8;
const JOB = '/org/freedesktop/systemd1/job/12';
const lengths = [
  0, 1, 3, 4, 7, 8, 255, 256, 4096, 16_367, 16_368, 16_369, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
] as const;

function mutate(random: Random, original: Buffer): Buffer {
  let message = Buffer.from(original);
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const at = random.below(Math.max(1, message.length));
    switch (random.below(6)) {
      case 0:
        message = message.subarray(0, at);
        break;
      case 1:
        message = Buffer.concat([
          message.subarray(0, at),
          Buffer.alloc(random.below(40_000), random.below(256)),
          message.subarray(at),
        ]);
        break;
      case 2:
        if (at < message.length) message.writeUInt8(random.below(256), at);
        break;
      default: {
        // A length where one may stand.
        const place = at - (at % 4);
        if (place + 4 <= message.length) message.writeUInt32LE(random.pick(lengths), place);
      }
    }
  }
  return message;
}

/** As systemd answers, each message broken or not. */
function brokenAnswer(random: Random): Answer {
  let called = '';
  return (heard, socket) => {
    if (heard.member === 'StartTransientUnit') called = descriptionIn(heard);
    const removed = busSignal('JobRemoved', 'uoss', [12, JOB, 'libpod-box.scope', 'done']);
    const sound =
      heard.member === 'StartTransientUnit' || heard.member === 'StopUnit'
        ? [
            busSignal('PropertiesChanged', 's', ['x'.repeat(random.below(30_000))]),
            busReturn(heard, 'o', [JOB]),
            removed,
          ]
        : heard.member === 'ResetFailedUnit'
          ? [busError(heard, 'org.freedesktop.systemd1.NoSuchUnit', 'gone')]
          : heard.member === 'ListUnitsByNames'
            ? [listed(heard, called)]
            : [busReturn(heard)];
    const answers = sound.map(message => (random.chance(40) ? mutate(random, message) : message));
    // What is only half there is not waited for.
    if (random.chance(50)) setTimeout(() => socket.destroy(), 20);
    return answers;
  };
}

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly out: string;
}

/** Conversations to be had even where the time is over: a slow host must meet the same ends as a quick one. */
const ENOUGH = 400;

function run(lab: Lab, image: string): Promise<Ended> {
  const child = spawn(lab.debug, ['--engine-run', image, 'run'], { timeout: 10_000 });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (out += data));
  return new Promise(resolve => child.on('close', (code, signal) => resolve({ code, signal, out })));
}

function problemsOf({ signal, code, out }: Ended): readonly string[] {
  const lines = out.split('\n').filter(line => line !== '' && line !== 'started' && line !== 'stopped');
  return [
    ...(signal === null ? [] : [`ended by ${signal}`]),
    ...(code === 0 || code === 1 ? [] : [`exit code ${code}`]),
    ...(lines.length <= 1 ? [] : [`${lines.length} lines: ${out}`]),
    ...(code === 0 && !out.includes('stopped') ? ['it ended well, but not at its end'] : []),
    ...(code === 1 && lines.length === 0 ? ['it failed without a word'] : []),
    ...(/EFAULT|Bad address/.test(out) ? [`outside of the data: ${out}`] : []),
  ];
}

export async function fuzzBus(lab: Lab, seed: number, rounds: number, milliseconds: number): Promise<void> {
  const endings = new Map<string, number>();
  const end = performance.now() + milliseconds;
  let done = 0;
  for (; done < rounds && (done < ENOUGH || performance.now() < end); done += BATCH)
    await Promise.all(
      Array.from({ length: BATCH }, async (_, i) => {
        const random = createRandom((seed + done + i) * 2_654_435_761);
        const path = join(lab.dir, `bus-${i}`);
        const bus = await fakeBus(`${path}.socket`, brokenAnswer(random));
        writeFileSync(
          path,
          scopeProgram({ path: bus.path, kind: random.pick(['direct', 'bus']), milliseconds: 300 }),
        );
        const ended = await run(lab, path);
        await bus.close();
        check(`bus, seed ${seed + done + i}`, problemsOf(ended));
        const ending = ended.out.replace(/\(.*\)|refused:.*|`.*`/g, '').trim();
        endings.set(ending, (endings.get(ending) ?? 0) + 1);
      }),
    );
  // A fuzzer that always comes to the same end tests nothing.
  check('bus: many ends were met', endings.size >= 6 ? [] : [`only ${[...endings.keys()].join('; ')}`]);
  console.log(`bus: ${done} conversations from seed ${seed}; ${endings.size} kinds of endings`);
}
