/** HTTP: what may be asked, by whom, and what goes with every answer. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { isOurHost } from './address.js';

export interface Answered {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly more?: Readonly<Record<string, string>>;
}

/** By path; `query` is what stands behind the question mark. */
export type Pages = Readonly<Record<string, (query: URLSearchParams) => Promise<Answered> | Answered>>;

/** No script, no frame, nothing from elsewhere. */
const headers: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

const plain = (status: number, body: string, more: Answered['more'] = {}): Answered => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${body}\n`,
  more,
});

/** Another site's page may lead here by a link, and may not take anything from here. */
function isTaken(request: IncomingMessage): boolean {
  const { 'sec-fetch-site': site = 'none', 'sec-fetch-mode': mode, origin } = request.headers;
  if (origin !== undefined) return true;
  return site !== 'none' && site !== 'same-origin' && mode !== 'navigate';
}

async function answerTo(request: IncomingMessage, pages: Pages, names: readonly string[]): Promise<Answered> {
  if (request.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length > 1)
    return plain(400, 'More than one Host.');
  if (!isOurHost(request.headers.host, names))
    return plain(
      421,
      'This is not the host that was asked for: use its number, localhost, or a name of --name.',
    );
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return plain(405, 'Only GET and HEAD.', { Allow: 'GET, HEAD' });
  if (isTaken(request)) return plain(403, 'Not for pages of other sites.');
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (page === undefined) return plain(404, 'There is no such page.');
  return page(new URLSearchParams(query));
}

function send(request: IncomingMessage, response: ServerResponse, answered: Answered): void {
  const { status, type, body, more = {} } = answered;
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    ...headers,
    'Content-Type': type,
    'Content-Length': bytes.length,
    ...more,
    // Whoever sends more than a question is not listened to.
    ...(request.headers['content-length'] || request.headers['transfer-encoding']
      ? { Connection: 'close' }
      : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** Connections at once. */
const MOST = 64;

/** What is done with a connection: nothing is asked, its answer is made, or it is handed over. */
type Stage = 'idle' | 'made' | 'sent';

/**
 * Who keeps others out by holding connections loses them: where a new one has no place, the one goes that nothing has happened on for longest, first of those that ask nothing, then
 * of those that do not read their answer. Only where all are being answered the new one goes.
 */
function placesOf() {
  // In the order of the last change.
  const stages = new Map<Socket, Stage>();
  const set = (socket: Socket, stage: Stage): void => {
    if (!stages.delete(socket)) return;
    stages.set(socket, stage);
  };
  const oldest = (stage: Stage): Socket | undefined => [...stages].find(([, one]) => one === stage)?.[0];
  return {
    set,
    stageOf: (socket: Socket): Stage | undefined => stages.get(socket),
    add(socket: Socket): void {
      if (stages.size >= MOST) {
        const gone = oldest('idle') ?? oldest('sent') ?? socket;
        stages.delete(gone);
        gone.destroy();
        if (gone === socket) return;
      }
      stages.set(socket, 'idle');
      socket.once('close', () => stages.delete(socket));
    },
  };
}

/**
 * `names`: of the host, besides its numbers. Each connection has one question at a time: Node reads questions as long as none of their answers is written, and a hundred thousand
 * of them, in a few megabytes, would keep everybody else waiting. Clients do not ask like that (pipelining), or ask again where the connection ends.
 */
export function serverOf(pages: Pages, names: readonly string[]): Server {
  const places = placesOf();
  const server = createServer(
    { maxHeaderSize: 8192, connectionsCheckingInterval: 1000 },
    (request, response) => {
      const { socket } = request;
      if (places.stageOf(socket) !== 'idle') {
        socket.destroy();
        return;
      }
      places.set(socket, 'made');
      response.on('finish', () => places.set(socket, 'idle'));
      answerTo(request, pages, names)
        .catch(error =>
          plain(500, `internal error: ${error instanceof Error ? error.message : String(error)}`),
        )
        .then(answered => {
          places.set(socket, 'sent');
          send(request, response, answered);
        });
    },
  );
  server.on('connection', places.add);
  server.headersTimeout = 5000;
  server.requestTimeout = 10_000;
  server.keepAliveTimeout = 5000;
  // A client that does not read its answer.
  server.setTimeout(60_000);
  return server;
}
