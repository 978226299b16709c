/** Whether Podman knows this runtime (docs/podman.md). */
import { dirname } from 'node:path';
import { errnoText } from '../../report/errno-text.js';
import { type Host, programOf } from './host.js';
import { fault, type Line, note, ok, quoted, some } from './line.js';
import { presenceOf } from './program.js';
import { type Subject, silentPaths } from './subject.js';
import { parseToml, type TomlStrings } from './toml.js';

const NAME = 'chos-runtime';
const INSTALLED = '/usr/local/bin/chos-runtime';

interface Places {
  /** Read in this order; what a later one says counts. */
  readonly files: readonly string[];
  /** Where a file of ours would be read. */
  readonly ours: string;
}

/** containers.conf(5). Null: the directory of one does not answer. */
function places(subject: Subject): Places | null {
  const { host } = subject;
  const inside = (directory: string): readonly string[] => [
    `${directory}/containers.conf`,
    ...host
      .list(`${directory}/containers.conf.d`)
      .filter(name => name.endsWith('.conf'))
      .map(name => `${directory}/containers.conf.d/${name}`),
  ];
  const silent = new Set(silentPaths(subject));
  const named = host.variable('CONTAINERS_CONF');
  if (named !== null) return silent.has(dirname(named)) ? null : { files: [named], ours: named };
  const system = ['/usr/share/containers/containers.conf', ...inside('/etc/containers')];
  const drop = (directory: string): string => `${directory}/containers.conf.d/${NAME}.conf`;
  if (host.facts.euid === 0) return { files: system, ours: drop('/etc/containers') };
  const home = host.variable('HOME');
  const configuration = host.variable('XDG_CONFIG_HOME') ?? (home === null ? null : `${home}/.config`);
  if (configuration === null) return { files: system, ours: drop('/etc/containers') };
  if (silent.has(home ?? configuration) || silent.has(configuration)) return null;
  const own = `${configuration}/containers`;
  return { files: [...system, ...inside(own)], ours: drop(own) };
}

/** The lines of docs/podman.md. */
function mend(host: Host, ours: string): string {
  const program = programOf(host, NAME) ?? INSTALLED;
  const lines = [
    '[engine]',
    `runtime_supports_json = ["crun", "runc", "${NAME}"]`,
    `runtime_supports_nocgroup = ["crun", "${NAME}"]`,
    '[engine.runtimes]',
    `${NAME} = ["${program}"]`,
  ];
  const directory = quoted(dirname(ours));
  return `mkdir -p ${directory} && printf '%s\\n' ${lines.map(quoted).join(' ')} >>${quoted(ours)}`;
}

const listOf = (settings: TomlStrings, key: string): readonly string[] | null => {
  const value = settings.get(key);
  return value === undefined || typeof value === 'string' ? null : value;
};

interface Entry {
  readonly name: string;
  readonly paths: readonly string[];
}

const entriesOf = (settings: TomlStrings): readonly Entry[] =>
  [...settings].flatMap(([key, value]) => {
    const name = /^engine\.runtimes\.(.*)$/.exec(key)?.[1];
    const paths = typeof value === 'string' ? [value] : value;
    const isOurs = name === NAME || paths.some(path => path.endsWith(`/${NAME}`));
    return name !== undefined && isOurs ? [{ name, paths }] : [];
  });

function judged(subject: Subject, settings: TomlStrings, ours: string): readonly Line[] {
  const { host } = subject;
  const [entry] = entriesOf(settings);
  const chosen = settings.get('engine.runtime');
  if (entry === undefined)
    return [note(`Podman does not know ${NAME}: --runtime wants its path`, mend(host, ours))];
  const { name, paths } = entry;
  const presences = paths.map(path => presenceOf(subject, path));
  if (!presences.includes('there') && presences.includes('silent'))
    return [
      note(
        `engine.runtimes of containers.conf: ${some(paths)} was not looked at, because it does not answer`,
      ),
    ];
  if (!presences.includes('there'))
    return [fault(`engine.runtimes of containers.conf: ${some(paths)} is not there`, mend(host, ours))];
  const json = listOf(settings, 'engine.runtime_supports_json') ?? [];
  const free = [
    ...(listOf(settings, 'engine.runtime_supports_nocgroup') ?? []),
    ...(listOf(settings, 'engine.runtime_supports_nocgroups') ?? []),
  ];
  const lines = [
    ...(json.includes(name)
      ? []
      : [
          note(
            `runtime_supports_json lacks ${name}: errors come with Podman's words around them`,
            mend(host, ours),
          ),
        ]),
    ...(free.includes(name)
      ? []
      : [note(`runtime_supports_nocgroup lacks ${name}: --cgroups=disabled is refused`, mend(host, ours))]),
  ];
  if (lines.length > 0) return lines;
  return [ok(chosen === name ? `${name} is Podman's runtime` : `Podman knows it as --runtime ${name}`)];
}

function readAll({ host }: Subject, { files }: Places): readonly [TomlStrings, readonly Line[]] {
  const settings = new Map<string, string | readonly string[]>();
  const lines: Line[] = [];
  for (const file of files) {
    const seen = host.see(file);
    if (seen.kind === 'closed') lines.push(fault(`${file}: ${errnoText(seen.code)}`));
    if (seen.kind === 'text') for (const [key, value] of parseToml(seen.text)) settings.set(key, value);
  }
  return [settings, lines];
}

export function podmanPaths(subject: Subject): readonly string[] {
  const where = programOf(subject.host, 'podman') === undefined ? null : places(subject);
  return where === null ? [] : entriesOf(readAll(subject, where)[0]).flatMap(({ paths }) => paths);
}

export function podman(subject: Subject): readonly Line[] {
  const { host } = subject;
  if (programOf(host, 'podman') === undefined) return [ok('it is not installed')];
  const where = places(subject);
  if (where === null) return [note('its configuration was not read, because its directory does not answer')];
  const [settings, lines] = readAll(subject, where);
  return [...lines, ...judged(subject, settings, where.ours)];
}
