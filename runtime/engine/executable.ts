/**
 * A compiled executable: the engine with one launch program behind it (spec/image.ts, ATTACHMENT_MAGIC).
 */
import { ATTACHMENT_MAGIC } from '../../spec/image.js';

const PAGE = 4096;

/** `no-place`: the engine has no attachment record; `ambiguous`: more than one; `taken`: it already carries a program. */
export type AttachFault = 'no-place' | 'ambiguous' | 'taken';
export type Attached =
  | { readonly kind: 'executable'; readonly bytes: Uint8Array }
  | { readonly kind: 'fault'; readonly fault: AttachFault };

const fault = (reason: AttachFault): Attached => ({ kind: 'fault', fault: reason });

/** The bytes of `engine` with `image` attached; neither input is changed. */
export const attach = (engine: Uint8Array, image: Uint8Array): Attached => {
  const source = Buffer.from(engine.buffer, engine.byteOffset, engine.byteLength);
  const place = source.indexOf(ATTACHMENT_MAGIC, 0, 'latin1');
  if (place < 0 || place + ATTACHMENT_MAGIC.length + 16 > source.length) return fault('no-place');
  if (source.indexOf(ATTACHMENT_MAGIC, place + 1, 'latin1') >= 0) return fault('ambiguous');
  const offsetPlace = place + ATTACHMENT_MAGIC.length;
  if (source.readBigUInt64LE(offsetPlace) !== 0n) return fault('taken');
  const imageOffset = Math.ceil(source.length / PAGE) * PAGE;
  const bytes = Buffer.alloc(imageOffset + image.length);
  bytes.set(source, 0);
  bytes.set(image, imageOffset);
  bytes.writeBigUInt64LE(BigInt(imageOffset), offsetPlace);
  bytes.writeBigUInt64LE(BigInt(image.length), offsetPlace + 8);
  return { kind: 'executable', bytes };
};
