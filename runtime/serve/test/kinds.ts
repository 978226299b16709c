/** Processes that ask the service many times, apart from that of the tests, which has to go on meanwhile. */
import { spawn } from 'node:child_process';

/** Whom and what. */
export interface Target {
  /** The socket. */
  readonly path: string;
  /** The file with the bytes of the request. */
  readonly file: string;
  /** By whom. */
  readonly as: { readonly uid?: number; readonly gid?: number };
}

/** How many answers of each kind came last (AnswerKind; 0: none), as the program for Node prints it, which is given the socket, the file and these numbers. */
export async function kindsFrom(
  program: string,
  { path, file, as }: Target,
  numbers: readonly number[],
): Promise<Record<string, number>> {
  const child = spawn(process.execPath, ['-e', program, path, file, ...numbers.map(String)], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...as,
  });
  let text = '';
  child.stdout.on('data', chunk => {
    text += chunk;
  });
  await new Promise(resolve => child.on('close', resolve));
  return JSON.parse(text);
}
