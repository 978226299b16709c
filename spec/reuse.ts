/**
 * Programs of `exec` that are used again: beside a container's other files lie the last few, ROOT/ID/exec.0 to exec.3, each with the question that it answers. The engine asks itself
 * before it asks the compiler (runtime/engine/door/reuse.c, docs/compiler-service.md). Its layout is in reuse.c; another one gets another magic.
 */
export const REUSE_MAGIC = 0x45524843; // "CHRE"
/** How many of one container: which of them is told by options and input. */
export const REUSE_COUNT = 4;
/** Bytes of an image that is worth its memory; few of `exec` have more than 64 KiB. */
export const REUSE_IMAGE_LIMIT = 128 * 1024;
/** Of process.json, and of what the request says of the caller (spec/caller.ts). */
export const REUSE_TEXT_LIMIT = 64 * 1024;
/** Of the arguments on the command line. The kernel takes 128 KiB of each, and more of all; near that the compiler has something to say. */
export const REUSE_ARGUMENTS_LIMIT = 16 * 1024;
