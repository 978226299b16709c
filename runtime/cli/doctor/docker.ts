/** Whether Docker knows this runtime (docs/docker.md). */
import { isRecord } from '../../../spec/is-record.js';
import { errnoText } from '../../report/errno-text.js';
import { hasSystemd } from './containerd.js';
import { type Host, programOf } from './host.js';
import { fault, type Line, note, ok, quoted } from './line.js';
import { programLines } from './program.js';
import type { Subject } from './subject.js';

const FILE = '/etc/docker/daemon.json';
const NAME = 'chos-runtime';
const INSTALLED = '/usr/local/bin/chos-runtime';

function mend(host: Host, isThere: boolean): string {
  const path = programOf(host, NAME) ?? INSTALLED;
  const reload = hasSystemd(host) ? ' && systemctl reload docker' : '';
  const runtimes = JSON.stringify({ runtimes: { [NAME]: { path } } });
  if (!isThere) return `mkdir -p /etc/docker && printf '%s\\n' ${quoted(runtimes)} >${FILE}${reload}`;
  const filter = `.runtimes["${NAME}"] = ${JSON.stringify({ path })}`;
  return `jq ${quoted(filter)} ${FILE} >${FILE}.new && mv ${FILE}.new ${FILE}${reload}`;
}

interface Entry {
  readonly name: string;
  readonly program: string;
}

function entriesOf({ runtimes }: Readonly<Record<string, unknown>>): readonly Entry[] {
  return Object.entries(isRecord(runtimes) ? runtimes : {}).flatMap(([name, value]) => {
    if (!isRecord(value)) return [];
    // By the shim of containerd it is an option.
    const options = isRecord(value.options) ? value.options : {};
    const program = value.path ?? options.BinaryName;
    if (typeof program !== 'string') return [];
    return name === NAME || program.endsWith(`/${NAME}`) || program === NAME ? [{ name, program }] : [];
  });
}

function judged(subject: Subject, settings: Readonly<Record<string, unknown>>): readonly Line[] {
  const { host } = subject;
  const entries = entriesOf(settings);
  if (entries.length === 0) return [note(`Docker does not know ${NAME}`, mend(host, true))];
  const lines: Line[] = entries.flatMap(({ name, program }) =>
    programLines(subject, `${FILE}, runtimes.${name}`, program),
  );
  const options = settings['exec-opts'];
  if (Array.isArray(options) && options.includes('native.cgroupdriver=systemd') && !hasSystemd(host))
    lines.push(fault(`${FILE}, exec-opts: native.cgroupdriver=systemd, but process 1 is not systemd`));
  if (lines.length > 0) return lines;
  const own = entries.find(({ name }) => name === settings['default-runtime']);
  return [
    ok(
      own === undefined
        ? `Docker knows it as --runtime ${entries.map(({ name }) => name).join(', ')}`
        : `${own.name} is Docker's runtime`,
    ),
  ];
}

export function dockerPaths({ host }: Subject): readonly string[] {
  const text = programOf(host, 'dockerd') === undefined ? null : host.read(FILE);
  try {
    const settings: unknown = JSON.parse(text ?? '{}');
    return isRecord(settings) ? entriesOf(settings).map(({ program }) => program) : [];
  } catch {
    return [];
  }
}

export function docker(subject: Subject): readonly Line[] {
  const { host } = subject;
  if (programOf(host, 'dockerd') === undefined) return [ok('it is not installed')];
  const seen = host.see(FILE);
  switch (seen.kind) {
    case 'absent':
      return [note(`Docker does not know ${NAME}`, mend(host, false))];
    case 'closed':
      return [fault(`${FILE}: ${errnoText(seen.code)}`)];
    case 'text':
      try {
        const settings: unknown = JSON.parse(seen.text);
        return isRecord(settings) ? judged(subject, settings) : [fault(`${FILE} is no JSON object`)];
      } catch (error) {
        return [fault(`${FILE} is no JSON: ${error instanceof Error ? error.message : String(error)}`)];
      }
  }
}
