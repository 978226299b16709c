/** The other end of a connection: a bus, or systemd itself, that answers as a test says. */
import { createServer, type Server, type Socket } from 'node:net';
import { type BusValue, marshal } from '../marshal.js';
import { Header, HeaderField, LITTLE_ENDIAN, MessageType } from '../message.js';

/** A call that came, as far as a fake looks at it. */
export interface Heard {
  readonly member: string;
  readonly serial: number;
  readonly body: Buffer;
}

export interface FakeBus {
  readonly path: string;
  readonly heard: readonly Heard[];
  close(): Promise<void>;
}

/** What is written for a call; null: nothing. */
export type Answer = (call: Heard, socket: Socket) => readonly Uint8Array[];

type Field = readonly [code: number, type: string, value: BusValue];

export function busMessage(
  type: number,
  fields: readonly Field[],
  signature: string,
  body: readonly BusValue[],
): Buffer {
  const marshalled = marshal(signature, body);
  const all = [...fields, ...(signature === '' ? [] : [[HeaderField.SIGNATURE, 'g', signature] as const])];
  const header = marshal('yyyyuua(yv)', [
    LITTLE_ENDIAN,
    type,
    1,
    1,
    marshalled.length,
    77,
    all.map(([code, kind, value]) => [code, { type: kind, value }]),
  ]);
  return Buffer.concat([header, Buffer.alloc((8 - (header.length % 8)) % 8), marshalled]);
}

export const busReturn = (to: Heard, signature = '', body: readonly BusValue[] = []): Buffer =>
  busMessage(MessageType.RETURN, [[HeaderField.REPLY_SERIAL, 'u', to.serial]], signature, body);

export const busError = (to: Heard, name: string, text: string): Buffer =>
  busMessage(
    MessageType.ERROR,
    [
      [HeaderField.ERROR_NAME, 's', name],
      [HeaderField.REPLY_SERIAL, 'u', to.serial],
    ],
    's',
    [text],
  );

export const busSignal = (member: string, signature: string, body: readonly BusValue[]): Buffer =>
  busMessage(
    MessageType.SIGNAL,
    [
      [HeaderField.PATH, 'o', '/org/freedesktop/systemd1'],
      [HeaderField.INTERFACE, 's', 'org.freedesktop.systemd1.Manager'],
      [HeaderField.MEMBER, 's', member],
    ],
    signature,
    body,
  );

const multipleOf8 = (n: number): number => Math.ceil(n / 8) * 8;

/** The first call in these bytes, and how many they are. */
function firstCall(data: Buffer): { readonly call: Heard; readonly size: number } | null {
  if (data.length < Header.SIZE) return null;
  const fields = multipleOf8(data.readUInt32LE(Header.FIELDS_LENGTH));
  const size = Header.SIZE + fields + data.readUInt32LE(Header.BODY_LENGTH);
  if (data.length < size) return null;
  const text = data.toString('latin1', Header.SIZE, Header.SIZE + fields);
  const at = text.indexOf('\x03\x01s\0');
  const length = data.readUInt32LE(Header.SIZE + at + 4);
  return {
    size,
    call: {
      member: text.slice(at + 8, at + 8 + length),
      serial: data.readUInt32LE(Header.SERIAL),
      body: data.subarray(Header.SIZE + fields, size),
    },
  };
}

/** What it says to AUTH: accepting is `DATA`; null: nothing. */
export type Hello = string | null | ((connection: number) => string | null);

/** `hello`: in the place of accepting; connections are counted from 1. */
export async function fakeBus(path: string, answer: Answer, hello: Hello = 'DATA\r\n'): Promise<FakeBus> {
  const heard: Heard[] = [];
  let connections = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    const says = typeof hello === 'function' ? hello(++connections) : hello;
    let begun = false;
    let data = Buffer.alloc(0);
    socket.on('data', more => {
      data = Buffer.concat([data, more]);
      while (!begun) {
        const end = data.indexOf('\r\n');
        if (end < 0) return;
        const line = data.toString('latin1', 0, end).replace('\0', '');
        data = data.subarray(end + 2);
        if (line === 'BEGIN') begun = true;
        else if (line.startsWith('AUTH')) says === null || socket.write(says);
        else if (says === 'DATA\r\n') socket.write('OK 0123456789abcdef0123456789abcdef\r\n');
      }
      for (let next = firstCall(data); next !== null; next = firstCall(data)) {
        data = data.subarray(next.size);
        heard.push(next.call);
        for (const bytes of answer(next.call, socket)) socket.write(bytes);
      }
    });
  });
  await new Promise<void>(resolve => server.listen(path, resolve));
  return {
    path,
    heard,
    close: () =>
      new Promise(resolve => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
