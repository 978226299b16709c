/** Milliseconds that what was read ahead may be old. An engine sends its request within one. */
export const FRESH = 20;

/** By which connection the request will come that the machine was looked at for, and since when. Connections are numbered from 1. */
export class Looked {
  readonly #now: () => number;
  #connection = 0;
  #at = 0;

  /** `now`: milliseconds of a clock that is not set. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Now, before anything is read. */
  begin(connection: number): void {
    this.#connection = connection;
    this.#at = this.#now();
  }

  /** Whether that is for the request that has come by this connection. It is for no other from then on. */
  isFor(connection: number | undefined): boolean {
    const fits = connection === this.#connection && this.#now() <= this.#at + FRESH;
    this.#connection = 0;
    return fits;
  }
}
