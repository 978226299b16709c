/** A request as it comes, however small its pieces are: kept one by one, single bytes would take hundreds of times what is in them. */
export class Pieces {
  #bytes: Uint8Array = new Uint8Array(0);
  #size: number | null = null;
  #length = 0;

  /** Of all that has come. */
  get length(): number {
    return this.#length;
  }

  /** What has come; once it is known how much is to come, with room for it, and nothing beyond. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The first piece is kept as it is; later ones are the caller's again. */
  add(piece: Uint8Array): void {
    const left = this.#size === null ? null : Math.max(0, this.#size - this.#length);
    if (left !== null) {
      if (left > 0) this.#bytes.set(piece.subarray(0, left), this.#length);
    } else this.#bytes = this.#length === 0 ? piece : Buffer.concat([this.#bytes, piece]);
    this.#length += piece.length;
  }

  /** How much is to come in all, and is not here yet: memory is taken when it comes. */
  expect(size: number): void {
    this.#size = size;
    if (this.#length === size) return;
    const whole = Buffer.allocUnsafeSlow(size);
    whole.set(this.#bytes.subarray(0, size));
    this.#bytes = whole;
  }
}
