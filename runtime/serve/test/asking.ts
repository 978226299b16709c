/** A service in this process, whose requests it takes as its own user's; and who asks it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ANSWER_HEADER_SIZE, REQUEST_HEADER_SIZE, REQUEST_MAGIC, WIRE_VERSION } from '../../../spec/wire.js';
import { encodeAnswer } from '../../engine/wire.js';
import type { Compiler } from '../compiler.js';
import { type Patience, Service, type ServiceOptions } from '../service.js';

const directory = mkdtempSync(join(tmpdir(), 'chos-waiting-'));
/** Of the socket. */
export const path = join(directory, 's');

/** A whole header, of a request of that size. */
export function head(size: number): Buffer {
  const bytes = Buffer.alloc(REQUEST_HEADER_SIZE);
  bytes.writeUInt32LE(REQUEST_MAGIC, 0);
  bytes.writeUInt32LE(WIRE_VERSION, 4);
  bytes.writeUInt32LE(size, 8);
  return bytes;
}

export interface Asking {
  readonly socket: Socket;
  /** The first answer of this kind, as its message. */
  readonly told: (kind: number) => Promise<string>;
}

export function ask(bytes: Uint8Array): Asking {
  const socket = connect(path).on('error', () => undefined);
  socket.write(bytes);
  let all = Buffer.alloc(0);
  socket.on('data', chunk => {
    all = Buffer.concat([all, chunk]);
  });
  const find = (kind: number): string | null => {
    for (let at = 0; at + ANSWER_HEADER_SIZE <= all.length; at += all.readUInt32LE(at + 8))
      if (all.readUInt32LE(at + 12) === kind)
        return all.toString('utf8', at + ANSWER_HEADER_SIZE, at + all.readUInt32LE(at + 8));
    return null;
  };
  const told = async (kind: number): Promise<string> => {
    for (let found = find(kind); ; found = find(kind)) {
      if (found !== null) return found;
      if (socket.closed) return 'nothing';
      await new Promise<void>(resolve => {
        const more = (): void => {
          socket.off('data', more).off('close', more);
          resolve();
        };
        socket.on('data', more).on('close', more);
      });
    }
  };
  return { socket, told };
}

/** Nobody waits too long. */
export const forEver: Patience = {
  exchange: 60_000,
  slow: Number.POSITIVE_INFINITY,
  most: Number.POSITIVE_INFINITY,
  pace: 1,
};
type Given = 'compiler' | 'patience' | 'connections' | 'files' | 'end' | 'memory' | 'lost' | 'idle';
export type Options = Partial<Pick<ServiceOptions, Given>>;
export const nothing = (): void => undefined;
export const atWork: Compiler = {
  idle: () => false,
  warm: () => true,
  ask: nothing,
  rouse: nothing,
  tidy: nothing,
  replace: async () => undefined,
  leaving: () => 0,
  end: async () => undefined,
};

/** A service with a compiler that is at work for ever, if nothing else is given. */
export async function serving(act: (service: Service) => Promise<void>, given: Options = {}): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(path, resolve));
  const files = { unchanged: () => true, isOurs: () => true };
  const usual = { compiler: atWork, patience: forEver, connections: 1000, memory: () => 0, lost: nothing };
  try {
    await act(new Service({ server, files, idle: null, end: nothing, ...usual, ...given }));
  } finally {
    await new Promise(resolve => server.close(resolve));
  }
}

export type Take = Parameters<Compiler['ask']>[2];
export const answer = encodeAnswer({ kind: 'report', exitCode: 0, out: 'done', message: '', detail: '' }, 0n);

/** A compiler that hands over whom it has to answer, or null when it answers. */
export function compilerOf(asked: (take: Take) => void): Compiler {
  let busy = false;
  return {
    ...atWork,
    idle: () => !busy,
    ask: (_bytes, _connection, take) => {
      busy = true;
      asked(bytes => {
        busy = false;
        take(bytes);
      });
    },
  };
}

export const removePlace = (): void => rmSync(directory, { recursive: true });
