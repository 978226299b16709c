/** What the other machine's process 1 says at its end (see `guest-init`). */
export interface Result {
  /** What the script left in /lab/files. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** What `dmesg` printed after the script. */
  readonly kernelLog: string;
  readonly exitCode: number;
}

/** Null if the text is not whole: the machine stopped before. */
export function parseResult(bytes: Buffer): Result | null {
  const files = new Map<string, Buffer>();
  let at = 0;
  for (;;) {
    const end = bytes.indexOf('\n', at);
    if (end < 0) return null;
    const line = bytes.toString('utf8', at, end);
    const exit = /^exit (\d+)$/.exec(line);
    if (exit) {
      const kernelLog = files.get('kernel-log')?.toString('utf8') ?? '';
      files.delete('kernel-log');
      return { files, kernelLog, exitCode: Number(exit[1]) };
    }
    const file = /^file (.+) (\d+)$/.exec(line);
    if (!file) return null;
    const length = Number(file[2]);
    at = end + 1 + length;
    if (at > bytes.length) return null;
    files.set(file[1] ?? '', bytes.subarray(end + 1, at));
  }
}
