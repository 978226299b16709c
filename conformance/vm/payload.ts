/**
 * What a machine of the lab gets from this one: a tar archive, as a disk. It is written to a file without a name, so that nothing is left
 * of it whatever ends us.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** A file or directory of this machine, or a text, and where it is to be in the other one (absolute). Directories are merged with what is there. */
export type PayloadItem =
  | { readonly from: string; readonly to: string }
  | { readonly text: string; readonly to: string; readonly executable?: boolean };

const block = 512;

/** One regular file of root's in the format of POSIX.1-1988 (ustar); `path` without a slash in front, at most 100 bytes. */
export function tarEntry(path: string, content: Buffer, mode: number): Buffer {
  if (Buffer.byteLength(path) > 100) throw new Error(`${path} is too long a path for a text of the payload`);
  const header = Buffer.alloc(block);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  const fields: readonly (readonly [offset: number, text: string])[] = [
    [0, path],
    [100, octal(mode, 8)],
    [108, octal(0, 8)],
    [116, octal(0, 8)],
    [124, octal(content.length, 12)],
    [136, octal(0, 12)],
    [148, ' '.repeat(8)],
    [156, '0'],
    [257, 'ustar\x0000'],
  ];
  for (const [offset, text] of fields) header.write(text, offset, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const padding = Buffer.alloc((block - (content.length % block)) % block);
  return Buffer.concat([header, content, padding]);
}

/** In a replacement of sed, `\`, `&` and the delimiter mean something. */
const replacement = (text: string) => text.replace(/[\\&|]/g, '\\$&');
const pattern = (text: string) => text.replace(/[.[\]*^$\\|]/g, '\\$&');

function appendFrom(descriptor: number, from: string, to: string): void {
  const path = to.replace(/^\/+/, '').replace(/\/+$/, '');
  const directory = statSync(from).isDirectory();
  const [place, name] = directory ? [from, '.'] : [dirname(from), basename(from)];
  // Targets of symlinks stay what they are (S).
  const rename = `--transform=flags=rSh;s|^${pattern(name)}|${replacement(path === '' ? '.' : path)}|`;
  const { status, stderr, error } = spawnSync(
    'tar',
    ['--create', '--owner=0', '--group=0', '--numeric-owner', rename, `--directory=${place}`, '--', name],
    { stdio: ['ignore', descriptor, 'pipe'], encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`payload ${from}: ${error?.message ?? stderr.trim()}`);
}

/** Writes the archive and gives a descriptor of it, to be closed by the caller. Throws what the file system says. */
export function openPayload(items: readonly PayloadItem[]): number {
  const directory = mkdtempSync(join(tmpdir(), 'chos-vm-'));
  const file = join(directory, 'payload');
  const descriptor = openSync(file, 'ax+', 0o600);
  rmSync(directory, { recursive: true });
  try {
    for (const item of items) {
      if ('from' in item) {
        appendFrom(descriptor, item.from, item.to);
      } else {
        const path = item.to.replace(/^\/+/, '');
        writeSync(
          descriptor,
          tarEntry(path, Buffer.from(item.text), item.executable === true ? 0o755 : 0o644),
        );
      }
    }
    writeSync(descriptor, Buffer.alloc(2 * block));
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}
