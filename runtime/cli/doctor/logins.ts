/** Whether PAM comes to pam_chos.so, and sshd comes to it as it must (docs/login.md). */
import { errnoText } from '../../report/errno-text.js';
import type { Host } from './host.js';
import { fault, type Line, note, ok, some } from './line.js';
import type { Subject } from './subject.js';

const SERVICES = '/etc/pam.d';

interface PamLine {
  readonly type: string;
  readonly module: string;
  readonly options: readonly string[];
}

/** Those that name the module: `-session [default=1 success=ok] /path/pam_chos.so option`. */
export function pamLines(text: string): readonly PamLine[] {
  const joined = text.replace(/\\\n/g, ' ');
  return joined.split('\n').flatMap(line => {
    const words = /^\s*-?(\w+)\s+(?:\[[^\]]*\]|\w+)\s+(\S*pam_chos\.so)(?:\s+([^#]*))?/.exec(line);
    const [, type = '', module = '', options = ''] = words ?? [];
    return words === null
      ? []
      : [{ type: type.toLowerCase(), module, options: options.split(/\s+/).filter(word => word !== '') }];
  });
}

/** Files that it takes in: `@include common-auth`, `session include NAME`, `session substack NAME`. */
const includes = (text: string): readonly string[] =>
  [...text.matchAll(/^\s*(?:@include|-?\w+\s+(?:include|substack))\s+([\w.-]+)/gm)].map(
    ([, name = '']) => name,
  );

const DEEPEST = 8;

/** Its own lines and those of what it takes in, which may be itself. */
function wholeOf(host: Host, name: string, depth = 0): readonly PamLine[] {
  const seen = depth < DEEPEST ? host.see(`${SERVICES}/${name}`) : null;
  if (seen?.kind !== 'text') return [];
  return [...pamLines(seen.text), ...includes(seen.text).flatMap(other => wholeOf(host, other, depth + 1))];
}

/** It is no service, but what services take in. */
const isCommon = (name: string): boolean => name.startsWith('common-');

/** A name without a slash is looked for where libpam was built to look. */
function isThere(host: Host, module: string): boolean {
  if (module.startsWith('/')) return host.stat(module)?.isFile() === true;
  const directories = ['/usr/lib64', '/usr/lib', ...host.list('/usr/lib').map(name => `/usr/lib/${name}`)];
  return directories.some(directory => host.stat(`${directory}/security/${module}`)?.isFile() === true);
}

function judged(
  host: Host,
  name: string,
  lines: readonly PamLine[],
  whole: readonly PamLine[],
): readonly Line[] {
  const file = `${SERVICES}/${name}`;
  const enters = ({ type, options }: PamLine): boolean => type === 'session' && !options.includes('close');
  const entering = lines.filter(enters);
  const deferred = whole.filter(enters).some(({ options }) => name === 'sshd' || options.includes('defer'));
  const missing = lines.find(({ module }) => !isThere(host, module));
  return [
    ...(missing === undefined
      ? []
      : [fault(`${file}: ${missing.module} is not there (make install, libpam-chos)`)]),
    ...(deferred && !isCommon(name) && !whole.some(({ type }) => type === 'auth')
      ? [
          fault(
            `${file} has no line "auth optional pam_chos.so": its sessions stay on the host (docs/login.md)`,
          ),
        ]
      : []),
    ...(entering.length > 0 && name === 'common-session-noninteractive'
      ? [
          note(
            `${file}: user@.service of systemd and cron enter trees too; better is the file of each service`,
          ),
        ]
      : []),
  ];
}

export function logins({ host }: Subject): readonly Line[] {
  const used: string[] = [];
  const wrong: Line[] = [];
  for (const name of host.list(SERVICES)) {
    const seen = host.see(`${SERVICES}/${name}`);
    if (seen.kind === 'closed') wrong.push(note(`${SERVICES}/${name}: ${errnoText(seen.code)}`));
    const lines = seen.kind === 'text' ? pamLines(seen.text) : [];
    const whole = wholeOf(host, name);
    if (whole.length > 0 && !isCommon(name)) used.push(name);
    wrong.push(...judged(host, name, lines, whole));
  }
  if (wrong.length > 0) return wrong;
  return [ok(used.length === 0 ? 'no service of PAM has pam_chos.so' : `into trees by ${some(used)}`)];
}
