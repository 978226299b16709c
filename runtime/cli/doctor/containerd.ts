/** Whether pods come to this runtime, with cgroups of those who make them here (docs/kubernetes.md). */
import { dirname } from 'node:path';
import { errnoText } from '../../report/errno-text.js';
import { type Host, programOf } from './host.js';
import { fault, type Line, note, ok, quoted } from './line.js';
import { programLines } from './program.js';
import { type Subject, silentPaths } from './subject.js';
import { parseToml, type TomlStrings } from './toml.js';

const FILE = '/etc/containerd/config.toml';
const NAME = 'chos-runtime';
const INSTALLED = '/usr/local/bin/chos-runtime';
const SHIM = 'io.containerd.runc.v2';
const KUBELET = '/var/lib/kubelet/config.yaml';

/** The part that serves pods, by the version of the file. */
const parts: Readonly<Record<string, string>> = {
  2: 'io.containerd.grpc.v1.cri',
  3: 'io.containerd.cri.v1.runtime',
};

const versionOf = (text: string): string => /^\s*version\s*=\s*(\d+)/m.exec(text)?.[1] ?? '1';

export const hasSystemd = (host: Host): boolean => host.stat('/run/systemd/system')?.isDirectory() === true;

/** The lines of docs/kubernetes.md; null: for a file of this version they are others. */
function mend(host: Host, text: string | null): string | null {
  const version = text === null ? '2' : versionOf(text);
  const part = parts[version];
  if (part === undefined) return null;
  const table = `plugins."${part}".containerd.runtimes.chos`;
  const lines = [
    ...(text === null ? [`version = ${version}`] : []),
    `[${table}]`,
    `  runtime_type = "${SHIM}"`,
    `  [${table}.options]`,
    `    BinaryName = "${programOf(host, NAME) ?? INSTALLED}"`,
    ...(drivesSystemd(host) ? ['    SystemdCgroup = true'] : []),
  ];
  const restart = hasSystemd(host) ? ' && systemctl restart containerd' : '';
  return `mkdir -p ${dirname(FILE)} && printf '%s\\n' ${lines.map(quoted).join(' ')} >>${FILE}${restart}`;
}

/** What the kubelet says; null: there is none here, or it leaves it to others. */
function kubeletDriver(host: Host): string | null {
  return /^cgroupDriver:\s*["']?(\w+)/m.exec(host.read(KUBELET) ?? '')?.[1] ?? null;
}

const drivesSystemd = (host: Host): boolean =>
  (kubeletDriver(host) ?? (hasSystemd(host) ? 'systemd' : 'cgroupfs')) === 'systemd';

interface Entry {
  readonly name: string;
  readonly program: string;
  readonly shim: string | null;
  readonly systemd: boolean;
}

function entriesOf(settings: TomlStrings): readonly Entry[] {
  const text = (key: string): string | null => {
    const value = settings.get(key);
    return typeof value === 'string' ? value : null;
  };
  return [...settings].flatMap(([key, program]) => {
    const [, table, name] =
      /^(plugins\..*\.containerd\.runtimes\.(.+))\.options\.BinaryName$/.exec(key) ?? [];
    if (table === undefined || name === undefined || typeof program !== 'string') return [];
    if (program !== NAME && !program.endsWith(`/${NAME}`)) return [];
    const systemd = text(`${table}.options.SystemdCgroup`) === 'true';
    return [{ name, program, shim: text(`${table}.runtime_type`), systemd }];
  });
}

function driverLine(host: Host, { name, systemd }: Entry): readonly Line[] {
  const said = `runtimes.${name}: SystemdCgroup is ${systemd}`;
  if (systemd && !hasSystemd(host)) return [fault(`${said}, but process 1 is not systemd: no pod starts`)];
  const kubelet = kubeletDriver(host);
  if (kubelet !== null && (kubelet === 'systemd') !== systemd)
    return [fault(`${said}, but ${KUBELET} has cgroupDriver: ${kubelet}`)];
  if (kubelet === null && !systemd && hasSystemd(host))
    return [note(`${said}, and process 1 is systemd, which does not know of the cgroups of pods then`)];
  return [];
}

function judged(subject: Subject, entry: Entry): readonly Line[] {
  const { name, program, shim } = entry;
  return [
    ...programLines(subject, `runtimes.${name}`, program),
    ...(shim === SHIM
      ? []
      : [fault(`runtimes.${name}: its runtime_type is ${shim ?? 'not given'}, not ${SHIM}`)]),
    ...driverLine(subject.host, entry),
  ];
}

/** Files that it takes in, whose names may have a `*` in the last part. */
function importsOf(settings: TomlStrings): readonly string[] {
  const imports = settings.get('imports');
  return (imports === undefined || typeof imports === 'string' ? [] : imports).map(pattern =>
    pattern.startsWith('/') ? pattern : `${dirname(FILE)}/${pattern}`,
  );
}

/** Of directories that answer. */
function filesOf(subject: Subject, settings: TomlStrings): readonly string[] {
  const { host } = subject;
  const silent = new Set(silentPaths(subject));
  return importsOf(settings).flatMap(path => {
    if (silent.has(dirname(path))) return [];
    const [before = '', after] = path.slice(dirname(path).length + 1).split('*', 2);
    if (after === undefined) return [path];
    return host
      .list(dirname(path))
      .filter(name => name.startsWith(before) && name.endsWith(after))
      .map(name => `${dirname(path)}/${name}`);
  });
}

function readAll(subject: Subject, text: string): readonly Entry[] {
  const own = parseToml(text);
  const settings = new Map(own);
  for (const file of filesOf(subject, own))
    for (const [key, value] of parseToml(subject.host.read(file) ?? '')) settings.set(key, value);
  return entriesOf(settings);
}

/** First the directories of the files that it takes in, then what these name. */
export function containerdPaths(subject: Subject): readonly string[] {
  const text = programOf(subject.host, 'containerd') === undefined ? null : subject.host.read(FILE);
  if (text === null) return [];
  const directories = importsOf(parseToml(text)).map(path => dirname(path));
  if (directories.some(directory => !subject.answers.has(directory))) return directories;
  return readAll(subject, text).map(({ program }) => program);
}

export function containerd(subject: Subject): readonly Line[] {
  const { host } = subject;
  if (programOf(host, 'containerd') === undefined) return [ok('it is not installed')];
  const seen = host.see(FILE);
  if (seen.kind === 'closed') return [fault(`${FILE}: ${errnoText(seen.code)}`)];
  const text = seen.kind === 'text' ? seen.text : null;
  const silent = new Set(silentPaths(subject));
  const unread = importsOf(parseToml(text ?? '')).filter(path => silent.has(dirname(path)));
  if (unread.length > 0)
    return [note(`${FILE} takes in ${unread.join(', ')}, which was not read, because it does not answer`)];
  const entries = readAll(subject, text ?? '');
  if (entries.length === 0)
    return [
      note(
        `no runtime of containerd has BinaryName = ".../${NAME}": pods cannot ask for it`,
        mend(host, text),
      ),
    ];
  const lines = entries.flatMap(entry => judged(subject, entry));
  return lines.length > 0
    ? lines
    : [ok(`pods ask for it by the handler ${entries.map(({ name }) => name).join(', ')}`)];
}
