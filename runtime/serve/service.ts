/**
 * The compiler as a service (docs/compiler-service.md): takes requests from a Unix socket and hands them, one at a time, to the thread that compiles. This thread
 * compiles nothing, so that it always answers, if only "wait" or "compile it yourself".
 */
import type { Server, Socket } from 'node:net';
import {
  REQUEST_HEADER_SIZE,
  REQUEST_MAGIC,
  SERVICE_BEAT_MS,
  SERVICE_REQUEST_LIMIT,
  WIRE_VERSION,
} from '../../spec/wire.js';
import { coldMessage, encodeAnswer, type Head, requestHead } from '../engine/wire.js';
import { forgetFilePages, returnFreeMemory } from '../host/free-memory.js';
import type { CodeFiles } from './code-files.js';
import type { Compiler } from './compiler.js';
import { descriptorOf, endWith, readNow } from './connection.js';
import { collectGarbage } from './garbage.js';
import { strangerAt } from './peer.js';
import { Pieces } from './pieces.js';

/** Bytes of all requests that are here, or on their way. */
const MOST_WAITING = 64 * 1024 * 1024;

/**
 * What is garbage is freed and given back after so many requests, or milliseconds after the last. What has been given back is missing to the next one, which then takes
 * half as long again: after a few there is little to give, and they may be health checks.
 */
const BUSY = 200;
const FEW = 50;
const CALM = 1000;
const CALM_AFTER_FEW = 30_000;
/** Bytes; a larger request counts as so many as it has of these. */
const ORDINARY = 32 * 1024;
/**
 * Bytes of the process's own memory, but for requests: above the first garbage is freed at once, but not more often than each SPARED milliseconds, for Bun gives pages
 * back some time later; and the thread that compiles is replaced where they are still there when all is calm. Above the second, looked at with each beat, it is replaced in
 * the middle of a request. Starts of all kinds need less than 100 MiB, the largest requests 250.
 */
const SPARED = 250;
const MOST_GARBAGE = 128 * 1024 * 1024;
/** Connections after which that is looked at: who connects and asks nothing leaves garbage, too, and no answer behind which it would be freed. */
const LOOKED_AFTER = 1024;
const MOST_MEMORY = 320 * 1024 * 1024;

/** Milliseconds. Three are of requests that have not been come to, which are then left to their callers. */
export interface Patience {
  /** In which a whole request has come, and an answer is taken. */
  readonly exchange: number;
  /** Where the queue moves slower than one `pace`: behind others that take long. */
  readonly slow: number;
  /** However fast it moves. */
  readonly most: number;
  /** What a compiler of one's own takes: where those in front take less, more of these at once would take longer. */
  readonly pace: number;
}
export const PATIENCE: Patience = { exchange: 5000, slow: 1000, most: 5000, pace: 100 };

export interface ServiceOptions {
  readonly server: Server;
  readonly compiler: Compiler;
  readonly patience: Patience;
  /** How many may be connected at once: descriptors are needed to compile, too. */
  readonly connections: number;
  readonly files: CodeFiles;
  /** Milliseconds without a request after which it ends; null: never. */
  readonly idle: number | null;
  /** Bytes of memory that are the process's own. */
  readonly memory: () => number;
  /** It is to end. */
  readonly end: () => void;
  /** Likewise, for this reason. */
  readonly lost: (why: string) => void;
  /** A line for each request, where somebody wants it. */
  readonly tell?: (line: string) => void;
}

interface Job {
  readonly socket: Socket;
  readonly head: Head;
  readonly pid: number;
  readonly bytes: Uint8Array;
  readonly connection: number;
  /** When it came, and how many the compiler had done by then. */
  readonly since: number;
  readonly before: number;
}

/** A time that nothing the other end does makes longer. */
function closeWithin(socket: Socket, milliseconds: number): NodeJS.Timeout {
  const late = setTimeout(() => socket.destroy(), milliseconds);
  socket.on('close', () => clearTimeout(late));
  return late;
}

export class Service {
  readonly #options: ServiceOptions;
  /** Those that are neither answered nor gone. */
  readonly #open = new Set<Job>();
  /** Of these, those that the compiler has not come to, in their order. */
  readonly #waiting = new Set<Job>();
  #connections = 0;
  /** Of the last connection. */
  #number = 0;
  /** Who has connected and not yet said all that he asks, nor been left to himself. */
  readonly #speaking = new Set<Socket>();
  #bytes = 0;
  #done = 0;
  /** Requests of ordinary size since it has last given memory back. */
  #untidy = 0;
  #tidies = false;
  #tidied = 0;
  #spared = 0;
  #settled = false;
  /** The thread has been replaced, and the old one is not there any more. */
  #renews = false;
  #oldEnded = false;
  #renewal = 0;
  #calm: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;
  #beat: NodeJS.Timeout | undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
    options.server.on('connection', socket => this.#connected(socket));
    this.#rest();
  }

  /** The thread that compiles can be asked. */
  next(): void {
    const { compiler } = this.#options;
    this.#lookAgain();
    while (compiler.idle()) {
      const [job] = this.#waiting;
      if (job === undefined) return;
      this.#waiting.delete(job);
      compiler.ask(job.bytes, job.connection, answer => {
        this.#done++;
        if (answer === null) {
          this.#cold(job, 'its compiler failed');
          return;
        }
        const why = coldMessage(answer);
        this.#answer(job, answer, why === null ? `answered ${job.pid}` : `left to ${job.pid}: ${why}`);
      });
    }
  }

  /** Nobody will be answered any more: all that are open are told at once. */
  leave(): void {
    for (const job of this.#open) this.#cold(job, 'its compiler is lost');
  }

  #rest(): void {
    const { idle, end } = this.#options;
    clearTimeout(this.#idle);
    if (idle !== null) this.#idle = setTimeout(end, idle);
  }

  #connected(socket: Socket): void {
    if (this.#connections >= this.#options.connections) {
      socket.on('error', () => undefined).destroy();
      return;
    }
    this.#connections++;
    const connection = ++this.#number;
    if (connection % LOOKED_AFTER === 0) this.#spare();
    this.#speaking.add(socket);
    this.#rouse(connection);
    const fd = descriptorOf(socket);
    const { pid, why: stranger } = strangerAt(fd);
    const pieces = new Pieces();
    let head: Head | null = null;
    const late = closeWithin(socket, this.#options.patience.exchange);
    socket.on('close', () => {
      this.#connections--;
      this.#speaking.delete(socket);
    });
    socket.on('error', () => socket.destroy());
    const take = (chunk: Uint8Array): void => {
      pieces.add(chunk);
      if (head === null && pieces.length >= REQUEST_HEADER_SIZE) {
        head = requestHead(pieces.bytes);
        // To another version nothing can be said that it understands.
        if (head.magic !== REQUEST_MAGIC || head.version !== WIRE_VERSION) {
          socket.destroy();
          return;
        }
        const why = stranger ?? this.#whyCold(head);
        if (why !== null) {
          this.#options.tell?.(`left to ${pid ?? 'somebody'}: ${why}`);
          socket.off('data', take);
          this.#speaking.delete(socket);
          socket.end(encodeAnswer({ kind: 'cold', message: why }, head.nonce));
          return;
        }
        // Whoever is not answered does not keep it.
        this.#rest();
        this.#reserve(socket, head.size);
        pieces.expect(head.size);
      }
      if (head === null || pieces.length < head.size) return;
      socket.off('data', take);
      clearTimeout(late);
      this.#speaking.delete(socket);
      this.#add({
        socket,
        head,
        pid: pid ?? 0,
        bytes: pieces.bytes,
        connection,
        since: performance.now(),
        before: this.#done,
      });
    };
    socket.on('data', take);
    const first = readNow(fd);
    if (first.length > 0) take(first);
  }

  /** While who has connected speaks. Of several nobody knows who will ask first. */
  #rouse(connection: number): void {
    const { compiler } = this.#options;
    if (this.#speaking.size === 1 && compiler.idle()) compiler.rouse(connection);
  }

  #whyCold({ size, compiler: file }: Head): string | null {
    const { compiler, files } = this.#options;
    if (!files.isOurs(file)) return this.#whyStale() ?? 'it is another version';
    if (!compiler.warm()) return 'it is not warm yet';
    if (size < REQUEST_HEADER_SIZE) return 'the request is not one';
    if (size > SERVICE_REQUEST_LIMIT) return 'the request is too large';
    return this.#bytes + size > MOST_WAITING ? 'too many wait' : null;
  }

  /** It ends when it is not what the engine would start any more. */
  #whyStale(): string | null {
    const { files, end } = this.#options;
    if (files.unchanged()) return null;
    end();
    return 'its files have changed';
  }

  /** What a request says that it takes counts as soon as it says so, and as long as it is here. */
  #reserve(socket: Socket, size: number): void {
    this.#bytes += size;
    socket.on('close', () => {
      this.#bytes -= size;
    });
  }

  #add(job: Job): void {
    this.#open.add(job);
    this.#waiting.add(job);
    // Its bytes go with whoever goes away.
    job.socket.on('close', () => {
      this.#open.delete(job);
      this.#waiting.delete(job);
    });
    this.next();
    // While it is compiled: nobody is answered before this is known.
    const why = this.#whyStale();
    if (why !== null) this.#cold(job, why);
    this.#beat ??= setInterval(() => this.#beats(), SERVICE_BEAT_MS).unref();
    if (this.#waiting.has(job)) this.#wait(job);
  }

  #wait({ socket, head }: Job): void {
    socket.write(encodeAnswer({ kind: 'wait' }, head.nonce));
  }

  /** Why it is not to wait any longer, or null. */
  #whyNotWait({ since, before }: Job): string | null {
    const { compiler, patience } = this.#options;
    if (!compiler.warm()) return 'it is not warm yet';
    const waited = performance.now() - since;
    const isSlow = (this.#done - before) * patience.pace < waited;
    return waited >= (isSlow ? patience.slow : patience.most) ? 'others take too long' : null;
  }

  #beats(): void {
    for (const job of this.#waiting) {
      const why = this.#whyNotWait(job);
      if (why !== null) this.#cold(job, why);
    }
    for (const job of this.#open) this.#wait(job);
    if (this.#taken() > this.#most()) this.#renew();
    // Whoever asked may have gone away, and is compiled nevertheless.
    if (this.#open.size > 0 || !this.#options.compiler.idle()) return;
    clearInterval(this.#beat);
    this.#beat = undefined;
  }

  #answer(job: Job, bytes: Uint8Array, line: string): void {
    if (!this.#open.delete(job)) return;
    this.#waiting.delete(job);
    this.#options.tell?.(line);
    endWith(job.socket, bytes);
    // Whoever does not take it is not waited for.
    closeWithin(job.socket, this.#options.patience.exchange);
    this.#untidy += Math.max(1, job.bytes.length / ORDINARY);
    if (this.#untidy >= BUSY || (this.#isFull() && performance.now() > this.#tidied + SPARED)) this.#tidy();
    clearTimeout(this.#calm);
    // The first time, what its start has left is given back.
    const isLittle = this.#settled && this.#untidy < FEW && !this.#isFull();
    this.#calm = setTimeout(() => this.#tidy(), isLittle ? CALM_AFTER_FEW : CALM);
  }

  /** When that happens for the first time, what is needed is in use, and what only the start needed is not. */
  #giveBack(): void {
    returnFreeMemory();
    if (!this.#settled) forgetFilePages();
    this.#settled = true;
  }

  #tidy(): void {
    if (this.#tidies) return;
    this.#untidy = 0;
    this.#tidies = true;
    collectGarbage();
    this.#options.compiler.tidy(() => {
      this.#tidies = false;
      this.#tidied = performance.now();
      this.#giveBack();
      this.#options.tell?.('free memory was given back');
      if (!this.#isFull()) return;
      clearTimeout(this.#calm);
      this.#calm = setTimeout(() => {
        if (this.#isFull()) this.#renew();
      }, CALM);
    });
  }

  /** Of this thread alone: the other has done nothing. */
  #spare(): void {
    if (!this.#isFull() || performance.now() <= this.#spared + SPARED) return;
    collectGarbage();
    returnFreeMemory();
    this.#spared = performance.now();
  }

  #isFull(): boolean {
    return this.#taken() > MOST_GARBAGE + this.#ofLeaving();
  }

  #most(): number {
    return MOST_MEMORY + this.#ofLeaving();
  }

  /** Threads that were replaced, for whatever reason, may have what one may have until they end; one that hangs in a system call does not. */
  #ofLeaving(): number {
    return this.#options.compiler.leaving() * MOST_MEMORY;
  }

  /** What others have sent is bounded by itself. */
  #taken(): number {
    return this.#options.memory() - this.#bytes;
  }

  /** Its thread has taken more than it can need: another takes its place. */
  #renew(): void {
    const { compiler, tell } = this.#options;
    if (!compiler.warm()) return;
    tell?.(`its compiler has taken ${Math.round(this.#taken() / (1024 * 1024))} MiB, and is replaced`);
    this.#renews = true;
    this.#oldEnded = false;
    const renewal = ++this.#renewal;
    void compiler.replace().then(() => {
      if (renewal !== this.#renewal) return;
      this.#oldEnded = true;
      this.#lookAgain();
    });
  }

  /** If it was not the thread, no other will be better: with the old one gone, and the new one warm. */
  #lookAgain(): void {
    if (!this.#renews || !this.#oldEnded || !this.#options.compiler.warm()) return;
    this.#renews = false;
    collectGarbage();
    this.#giveBack();
    if (this.#taken() > this.#most()) this.#options.lost('its memory grows without end');
  }

  #cold(job: Job, message: string): void {
    this.#answer(
      job,
      encodeAnswer({ kind: 'cold', message }, job.head.nonce),
      `left to ${job.pid}: ${message}`,
    );
  }
}
