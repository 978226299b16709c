/** The options of `update` as `linux.resources`, which is then judged as that of a file. */
import { type Attempt, ok, refuse } from './invocation.js';

interface Row {
  readonly option: string;
  readonly path: readonly [string, string];
  readonly kind: 'number' | 'bytes' | 'text';
}

const row = (option: string, path: string, kind: Row['kind'] = 'number'): Row => {
  const [object = '', property = ''] = path.split('.');
  return { option, path: [object, property], kind };
};

const rows: readonly Row[] = [
  row('blkio-weight', 'blockIO.weight'),
  row('cpu-period', 'cpu.period'),
  row('cpu-quota', 'cpu.quota'),
  row('cpu-burst', 'cpu.burst'),
  row('cpu-share', 'cpu.shares'),
  row('cpu-rt-period', 'cpu.realtimePeriod'),
  row('cpu-rt-runtime', 'cpu.realtimeRuntime'),
  row('cpu-idle', 'cpu.idle'),
  row('cpuset-cpus', 'cpu.cpus', 'text'),
  row('cpuset-mems', 'cpu.mems', 'text'),
  row('memory', 'memory.limit', 'bytes'),
  row('memory-reservation', 'memory.reservation', 'bytes'),
  row('memory-swap', 'memory.swap', 'bytes'),
  row('kernel-memory', 'memory.kernel', 'bytes'),
  row('kernel-memory-tcp', 'memory.kernelTCP', 'bytes'),
  row('pids-limit', 'pids.limit'),
];

const UNITS = ['', 'k', 'm', 'g', 't', 'p'];

/** As runc and Docker: 512m, 1.5g, 2GiB; powers of 1024. null: it is none. */
export function bytesOf(text: string): bigint | null {
  if (/^-?\d{1,19}$/.test(text)) return BigInt(text);
  const [, number = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,15})?) ?([kmgtp]?)i?b?$/i.exec(text) ?? [];
  if (number === '') return null;
  const power = 1024 ** UNITS.indexOf(unit.toLowerCase());
  return number.includes('.') ? BigInt(Math.trunc(Number(number) * power)) : BigInt(number) * BigInt(power);
}

const wholeOf = (text: string): bigint | null => (/^-?\d{1,20}$/.test(text) ? BigInt(text) : null);

/** `texts`: the options given. An empty one counts as not given, as with crun and runc. */
export function resourcesOfOptions(
  texts: ReadonlyMap<string, string>,
): Attempt<Readonly<Record<string, Readonly<Record<string, string | bigint>>>>> {
  const resources: Record<string, Record<string, string | bigint>> = {};
  for (const { option, path, kind } of rows) {
    const text = texts.get(option) ?? '';
    if (text === '') continue;
    const value = kind === 'text' ? text : kind === 'bytes' ? bytesOf(text) : wholeOf(text);
    if (value === null) {
      const expected = kind === 'bytes' ? 'a number of bytes, or one with k, m, g or t' : 'a whole number';
      return refuse({
        kind: 'usage',
        fault: { kind: 'bad-value', option: `--${option}`, value: text, expected },
      });
    }
    const [object, property] = path;
    resources[object] = { ...resources[object], [property]: value };
  }
  return ok(resources);
}
