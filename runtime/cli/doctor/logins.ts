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

/** A name without a slash is looked for where libpam was built to look. */
function isThere(host: Host, module: string): boolean {
  if (module.startsWith('/')) return host.stat(module)?.isFile() === true;
  const directories = ['/usr/lib64', '/usr/lib', ...host.list('/usr/lib').map(name => `/usr/lib/${name}`)];
  return directories.some(directory => host.stat(`${directory}/security/${module}`)?.isFile() === true);
}

function judged(host: Host, name: string, lines: readonly PamLine[]): readonly Line[] {
  const file = `${SERVICES}/${name}`;
  const entering = lines.filter(({ type, options }) => type === 'session' && !options.includes('close'));
  const deferred = entering.some(({ options }) => name === 'sshd' || options.includes('defer'));
  const missing = lines.find(({ module }) => !isThere(host, module));
  return [
    ...(missing === undefined
      ? []
      : [fault(`${file}: ${missing.module} is not there (make install, libpam-chos)`)]),
    ...(deferred && !lines.some(({ type }) => type === 'auth')
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
    if (lines.length > 0) used.push(name);
    wrong.push(...judged(host, name, lines));
  }
  if (wrong.length > 0) return wrong;
  return [ok(used.length === 0 ? 'no service of PAM has pam_chos.so' : `into trees by ${some(used)}`)];
}
