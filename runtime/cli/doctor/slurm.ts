/** Whether `srun --container` comes to this runtime (docs/slurm.md). */
import { dirname } from 'node:path';
import { errnoText } from '../../report/errno-text.js';
import { type Host, programOf } from './host.js';
import { fault, type Line, note, ok, quoted } from './line.js';
import { programLines } from './program.js';
import { type Subject, silentPaths } from './subject.js';

/** The lines of docs/slurm.md: `%U` is not known to every Slurm. */
const root = '--rootless=true --root=/run/user/$(id -u)/';
const patterns: Readonly<Record<string, string>> = {
  RunTimeQuery: 'state %n.%u.%j.%s.%t',
  RunTimeKill: 'kill -a %n.%u.%j.%s.%t',
  RunTimeDelete: 'delete --force %n.%u.%j.%s.%t',
  RunTimeRun: 'run --bundle %b %n.%u.%j.%s.%t',
};

const lineOf = (name: string): string => `${name}="exec chos-runtime ${root} ${patterns[name]}"`;

/** oci.conf(5): names in any case, values in quotes or not. */
export function parseOciConf(text: string): ReadonlyMap<string, string> {
  const joined = text.replace(/\\\n/g, '');
  return new Map(
    joined.split('\n').flatMap(line => {
      const [, name, value = ''] = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      return name === undefined ? [] : [[name.toLowerCase(), value.replace(/^"(.*)"$/, '$1')] as const];
    }),
  );
}

/** What a pattern runs: its first word, behind `exec` and variables. */
function commandOf(pattern: string): string | undefined {
  return pattern.split(/\s+/).find(word => word !== '' && word !== 'exec' && !/^\w+=/.test(word));
}

const isOurs = (pattern: string): boolean => /(^|\/)chos-runtime$/.test(commandOf(pattern) ?? '');

function judged(subject: Subject, file: string, given: ReadonlyMap<string, string>): readonly Line[] {
  const of = (name: string): string | undefined => given.get(name.toLowerCase());
  const ours = [...given].filter(([, pattern]) => isOurs(pattern));
  if (ours.length === 0) return [ok(`${file} names another runtime`)];
  const pair = of('RunTimeCreate') !== undefined && of('RunTimeStart') !== undefined;
  const missing = Object.keys(patterns).filter(
    name => of(name) === undefined && !(name === 'RunTimeRun' && pair),
  );
  const lines = missing.map(name =>
    fault(`${file} has no ${name}`, `printf '%s\\n' ${quoted(lineOf(name))} >>${quoted(file)}`),
  );
  for (const [name, pattern] of ours) {
    lines.push(...programLines(subject, `${file}, ${name}`, commandOf(pattern) ?? ''));
    if (/%U/.test(pattern))
      lines.push(note(`${file}, ${name}: Slurm 22.05 does not know %U; $(id -u) does the same`));
    if (/^runtimecreate$/.test(name) && !/>/.test(pattern))
      lines.push(
        fault(
          `${file}, ${name}: the container keeps its output open, for which Slurm waits; let it write to a file (docs/slurm.md)`,
        ),
      );
  }
  return lines.length > 0 ? lines : [ok(`${file} names chos-runtime`)];
}

/** Beside slurm.conf, wherever that is; null: there nobody answers. */
function directoryOf(subject: Subject): string | null {
  const { host } = subject;
  const named = host.variable('SLURM_CONF');
  if (named?.startsWith('/')) return silentPaths(subject).includes(dirname(named)) ? null : dirname(named);
  return (
    ['/etc/slurm', '/etc/slurm-llnl'].find(path => host.stat(`${path}/slurm.conf`) !== null) ?? '/etc/slurm'
  );
}

const isInstalled = (host: Host): boolean =>
  ['slurmd', 'srun'].some(name => programOf(host, name) !== undefined);

export function slurmPaths(subject: Subject): readonly string[] {
  const directory = isInstalled(subject.host) ? directoryOf(subject) : null;
  const text = directory === null ? null : subject.host.read(`${directory}/oci.conf`);
  return [...parseOciConf(text ?? '').values()].filter(isOurs).flatMap(pattern => commandOf(pattern) ?? []);
}

export function slurm(subject: Subject): readonly Line[] {
  const { host } = subject;
  if (!isInstalled(host)) return [ok('it is not installed')];
  const directory = directoryOf(subject);
  if (directory === null)
    return [note('its configuration was not read, because its directory does not answer')];
  const file = `${directory}/oci.conf`;
  const seen = host.see(file);
  switch (seen.kind) {
    case 'absent':
      return [
        note(
          `there is no ${file}: srun --container is refused`,
          `printf '%s\\n' ${Object.keys(patterns)
            .map(name => quoted(lineOf(name)))
            .join(' ')} >${quoted(file)}`,
        ),
      ];
    case 'closed':
      return [fault(`${file}: ${errnoText(seen.code)}`)];
    case 'text':
      return judged(subject, file, parseOciConf(seen.text));
  }
}
