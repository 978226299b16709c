/**
 * Machines of the lab: Debian 13 with a given kernel, emulated (qemu TCG needs neither KVM nor modules in this machine's kernel). Every boot
 * starts from the same disks, which are not written to; what it needs is made on first use (see cache.bash).
 */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { complaints } from './kernel-log.js';
import { openPayload, type PayloadItem } from './payload.js';
import { parseResult } from './result.js';

/** `sid`: the newest that Debian has there. */
export const kernels = ['6.1', '6.12', 'sid'] as const;
export type Kernel = (typeof kernels)[number];
/** Those that sites have. Tests run with the newest only when it is asked for: what it is changes from day to day. */
export const usualKernels: readonly Kernel[] = ['6.1', '6.12'];

export const inits = ['lab', 'systemd'] as const;
export type Init = (typeof inits)[number];

export interface MachineRequest {
  readonly kernel: Kernel;
  /** Shell script (or any text that begins with #!), run by root; what it leaves in /lab/files comes back. */
  readonly script: string;
  /** Process 1: `lab`, a script that mounts what a host has and runs the request's (default), or systemd, which runs it as a service. */
  readonly init?: Init;
  /** Put in place before the script runs. */
  readonly payload?: readonly PayloadItem[];
  /** Of the script, in seconds of this machine's clock, with booting; default 300. */
  readonly timeout?: number;
  /** The machine is ended when the script has printed nothing for so many seconds. */
  readonly silence?: number;
  /** More words for the kernel, such as `panic_on_warn=1`. */
  readonly commandLine?: readonly string[];
  /** MiB; default 2048. */
  readonly memory?: number;
  /** Default 2. */
  readonly cpus?: number;
  /** Variables of the script's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Called with each line that the script prints, when it prints it. */
  readonly onLine?: (line: string) => void;
}

export type Ending =
  /** The script ended, with its exit code (128 + signal where one ended it). */
  | { readonly kind: 'exit'; readonly exitCode: number }
  /** The kernel panicked: see the console. */
  | { readonly kind: 'panic' }
  /** The timeout was over, or the script silent for too long. */
  | { readonly kind: 'deadline' }
  /** The machine powered off or restarted before the script had ended. */
  | { readonly kind: 'stopped' }
  /** qemu did not run, or ended with an error. */
  | { readonly kind: 'no-machine'; readonly message: string };

export interface MachineOutcome {
  readonly ending: Ending;
  /** The script's, or -1 for any other ending. */
  readonly exitCode: number;
  /** What the script printed, standard output and error in one. */
  readonly output: string;
  /** What `dmesg` printed after the script; if it came to no end, the console's text. */
  readonly kernelLog: string;
  /** Lines of `kernelLog` and of the console that say that something is wrong in the kernel. */
  readonly complaints: readonly string[];
  readonly console: string;
  readonly files: ReadonlyMap<string, Buffer>;
  /** From the call to the script's first line, and to the end. */
  readonly seconds: { readonly firstLine: number | null; readonly total: number };
}

/** The directory that one of this folder's scripts prints; it makes it if it must, which takes up to a few minutes the first time. */
function cached(...command: readonly string[]): string {
  const [script = '', ...args] = command;
  return execFileSync(join(labSources(), script), args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}

/** This folder. Programs of the tests run from the repository's top directory. */
export function labSources(): string {
  return join(process.cwd(), 'conformance/vm');
}

/** The directory for `make -C DIRECTORY M=...` that builds modules for this kernel. */
export const kernelDirectory = (kernel: Kernel, architecture: 'amd64' | 'arm64' = 'amd64'): string =>
  cached('headers', kernel, architecture);

/** The text of `uname -r`. */
export const kernelRelease = (kernel: Kernel): string =>
  readFileSync(join(cached('kernel', kernel), 'release'), 'utf8').trim();

/** Fetches and builds what machines need, so that a timeout does not count it. */
export function prepareMachines(wanted: readonly Kernel[]): void {
  for (const kernel of wanted) cached('kernel', kernel);
  cached('root');
  cached('emulator');
}

const quoted = (text: string) => `'${text.replace(/'/g, `'\\''`)}'`;

/** Payload that makes the machine do what is asked; `interactive`: a shell on the console. */
function labFiles(request: MachineRequest, interactive: boolean): readonly PayloadItem[] {
  const environment = Object.entries({ LAB_KERNEL: request.kernel, ...request.environment });
  return [
    {
      text: readFileSync(
        join(labSources(), request.init === 'systemd' ? 'guest-systemd' : 'guest-init'),
        'utf8',
      ),
      to: '/lab/init',
      executable: true,
    },
    {
      text: request.script.startsWith('#!') ? request.script : `#!/bin/bash\n${request.script}`,
      to: '/lab/script',
      executable: true,
    },
    {
      text: environment.map(([name, value]) => `${name}=${quoted(value)}\n`).join(''),
      to: '/lab/environment',
    },
    ...(interactive ? [{ text: '', to: '/lab/interactive' }] : []),
  ];
}

/** The command line of a machine whose payload is descriptor 3. */
function qemuCommand(request: MachineRequest, devices: readonly string[]): readonly string[] {
  const kernel = cached('kernel', request.kernel);
  const root = cached('root');
  const commandLine = [
    'console=ttyS0',
    // Warnings and worse on the console, where a panic leaves its traces; all of it can be read inside.
    'loglevel=5',
    'log_buf_len=4M',
    'panic=-1',
    'mitigations=off',
    'tsc=reliable',
    ...(request.commandLine ?? []),
  ];
  const disk = (file: string, more: string) =>
    ['-drive', `if=virtio,format=raw,cache=unsafe,file=${file.replace(/,/g, ',,')},${more}`] as const;
  return [
    // qemu dies with us, whatever ends us.
    ...['setpriv', '--pdeathsig', 'KILL', join(cached('emulator'), 'qemu-system-x86_64')],
    ...[
      '-nodefaults',
      '-no-user-config',
      '-display',
      'none',
      '-no-reboot',
      '-machine',
      'pc',
      '-cpu',
      'Nehalem',
    ],
    ...[
      '-accel',
      'tcg,thread=multi',
      '-m',
      String(request.memory ?? 2048),
      '-smp',
      String(request.cpus ?? 2),
    ],
    ...['-kernel', join(kernel, 'vmlinuz'), '-initrd', join(kernel, 'initramfs')],
    ...['-append', commandLine.join(' ')],
    ...disk(join(root, 'root.ext4'), 'snapshot=on'),
    ...disk(join(kernel, 'modules.ext4'), 'readonly=on'),
    ...disk('/proc/self/fd/3', 'readonly=on'),
    ...['-device', 'virtio-rng-pci', ...devices],
  ];
}

function collected(stream: Readable | null): { readonly bytes: () => Buffer } {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { bytes: () => Buffer.concat(chunks) };
}

/** Boots a machine, runs the script there, and tells how it ended. Never rejects because of what happens inside. */
export async function bootMachine(request: MachineRequest): Promise<MachineOutcome> {
  const began = process.hrtime.bigint();
  const elapsed = () => Number(process.hrtime.bigint() - began) / 1e9;
  const payload = openPayload([...(request.payload ?? []), ...labFiles(request, false)]);
  // Sockets, not files: qemu is handed their other ends.
  const port = (name: string, descriptor: number) => [
    ...['-chardev', `socket,id=${name},fd=${descriptor}`],
    ...['-device', `virtserialport,chardev=${name},name=${name}`],
  ];
  const [file = '', ...args] = qemuCommand(request, [
    ...['-chardev', 'socket,id=console,fd=4', '-serial', 'chardev:console'],
    ...['-device', 'virtio-serial-pci', ...port('output', 5), ...port('result', 6)],
  ]);
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe', payload, 'pipe', 'pipe', 'pipe'] });
  closeSync(payload);
  const stream = (n: number) => child.stdio[n] as Readable;
  const [errors, console, result] = [2, 4, 6].map(n => collected(stream(n)));
  const lines: string[] = [];
  let firstLine: number | null = null;
  const reader = createInterface({ input: stream(5), crlfDelay: Number.POSITIVE_INFINITY });
  reader.on('line', line => {
    firstLine ??= elapsed();
    lines.push(line);
    request.onLine?.(line);
  });
  let late = false;
  const end = () => {
    late = true;
    child.kill('SIGKILL');
  };
  const deadlines = [setTimeout(end, (request.timeout ?? 300) * 1000)];
  if (request.silence !== undefined) {
    const silence = setTimeout(end, request.silence * 1000);
    reader.on('line', () => silence.refresh());
    deadlines.push(silence);
  }
  const failure = await new Promise<string | null>(done => {
    child.on('error', error => done(error.message));
    child.on('close', code => done(code === 0 || code === null ? null : `qemu ended with exit code ${code}`));
  });
  for (const deadline of deadlines) clearTimeout(deadline);

  const text = (part: { readonly bytes: () => Buffer } | undefined) => part?.bytes().toString('utf8') ?? '';
  const consoleText = text(console).replace(/\r/g, '');
  const parsed = parseResult(result?.bytes() ?? Buffer.alloc(0));
  const kernelLog = parsed?.kernelLog ?? consoleText;
  return {
    ending: endingOf(parsed?.exitCode ?? null, consoleText, late, failure, text(errors)),
    exitCode: parsed?.exitCode ?? -1,
    output: lines.map(line => `${line}\n`).join(''),
    kernelLog,
    complaints: [...new Set([...complaints(kernelLog), ...(parsed ? complaints(consoleText) : [])])],
    console: consoleText,
    files: parsed?.files ?? new Map(),
    seconds: { firstLine, total: elapsed() },
  };
}

function endingOf(
  exitCode: number | null,
  console: string,
  late: boolean,
  failure: string | null,
  errors: string,
): Ending {
  if (exitCode !== null) return { kind: 'exit', exitCode };
  if (/\bKernel panic\b/.test(console)) return { kind: 'panic' };
  if (late) return { kind: 'deadline' };
  if (failure !== null)
    return { kind: 'no-machine', message: [failure, errors.trim()].filter(Boolean).join(': ') };
  return { kind: 'stopped' };
}

/** A machine whose console is this terminal, with a shell on it; resolves to qemu's exit code when it is powered off. */
export async function openConsole(request: MachineRequest): Promise<number> {
  const payload = openPayload([...(request.payload ?? []), ...labFiles(request, true)]);
  const [file = '', ...args] = qemuCommand(request, [
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
  ]);
  const child = spawn(file, args, { stdio: ['inherit', 'inherit', 'inherit', payload] });
  closeSync(payload);
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', code => done(code ?? 1));
  });
}
