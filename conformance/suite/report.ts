/** What `reporter` prints: one {@link Report} for its probe `report`, one {@link Answer} for each other probe. */
export interface Report {
  readonly probe: 'report';
  readonly fds: Readonly<Record<string, string>>;
  readonly pid: number;
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  /** Real, effective, saved. */
  readonly uid: readonly number[];
  readonly gid: readonly number[];
  readonly groups: readonly number[];
  readonly caps: Readonly<
    Record<'effective' | 'permitted' | 'inheritable' | 'bounding' | 'ambient', readonly number[]>
  >;
  readonly noNewPrivileges: boolean;
  /** 0 none, 1 strict, 2 filter. */
  readonly seccomp: number;
  readonly dumpable: number;
  readonly pdeathsig: number;
  readonly umask: number;
  readonly cwd: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** Soft and hard, -1 for unlimited. */
  readonly rlimits: Readonly<Record<string, readonly number[]>>;
  readonly tty: {
    readonly stdin: boolean;
    readonly stdout: boolean;
    readonly stderr: boolean;
    readonly rows?: number;
    readonly columns?: number;
    readonly name?: string;
    readonly controlling: boolean;
  };
  readonly hostname: string;
  readonly domainname: string;
  readonly personality: number;
  /** Mode and flags of get_mempolicy(2); -1 in a kernel without. */
  readonly memoryPolicy: number;
  /** A bit for each of the first nodes. */
  readonly memoryNodes: number;
  readonly scheduler: number;
  readonly nice: number;
  readonly ioprio: number;
  readonly ignored: readonly number[];
  readonly blocked: readonly number[];
  /** `type:[inode]` for each kind of namespace; `mnt`, `net` ... as in /proc/self/ns. */
  readonly namespaces: Readonly<Record<string, string>>;
  readonly mountinfo: string;
  readonly cgroup: string;
  readonly oomScoreAdj: string;
  readonly uidMap: string;
}

export interface Answer {
  readonly probe: string;
  /** Name of the errno value; empty if the probe succeeded. */
  readonly error: string;
  readonly type?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly rdev?: string;
  readonly dev?: string;
  readonly target?: string;
  readonly text?: string;
  readonly names?: readonly string[];
  readonly flags?: number;
  readonly bytes?: number;
  readonly result?: number;
  readonly rows?: number;
  readonly columns?: number;
  readonly made?: number;
  readonly pid?: number;
  readonly signal?: number;
  readonly status?: number;
  readonly state?: string;
}

/** What a hook of ours appends to its log. */
export interface HookRecord {
  readonly hook: string;
  readonly stdinClosed: boolean;
  readonly state: string;
  readonly cwd: string;
  readonly pid: number;
  readonly env: readonly string[];
  readonly namespaces: Readonly<Record<string, string>>;
  readonly fds: Readonly<Record<string, string>>;
  readonly insideRoot: boolean;
}

export interface MountLine {
  readonly root: string;
  readonly at: string;
  readonly options: readonly string[];
  /** Optional fields: `shared:N`, `master:N`, `unbindable`. */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

/** Lines of /proc/PID/mountinfo, proc_pid_mountinfo(5). */
export function parseMountinfo(text: string): readonly MountLine[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const [before = '', after = ''] = line.split(' - ');
      const fields = before.split(' ');
      const [type = '', source = '', superOptions = ''] = after.split(' ');
      return {
        root: fields[3] ?? '',
        at: fields[4] ?? '',
        options: (fields[5] ?? '').split(','),
        propagation: fields.slice(6),
        type,
        source,
        superOptions: superOptions.split(','),
      };
    });
}

/** The topmost mount at `at`, which is the last line that names it. */
export function mountAt(report: Report, at: string): MountLine | undefined {
  return [...parseMountinfo(report.mountinfo)].reverse().find(line => line.at === at);
}

/** Every line of `output` that is a JSON object; a container may write other lines between. */
export function jsonLines(output: string): readonly unknown[] {
  return output
    .split(/\r?\n/)
    .filter(line => line.startsWith('{') && line.endsWith('}'))
    .map(line => JSON.parse(line) as unknown);
}

export function isReport(line: unknown): line is Report {
  return typeof line === 'object' && line !== null && 'probe' in line && line.probe === 'report';
}
