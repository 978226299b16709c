/**
 * Programs of `exec` that are used again: beside a container's other files lie the last few, ROOT/ID/exec.0 to exec.3, each with the question that it answers. The engine asks itself
 * before it asks the compiler (runtime/engine/door/reuse.c, docs/compiler-service.md). Its layout is in reuse.c; another one gets another magic.
 */
export const REUSE_MAGIC = 0x46524843; // "CHRF"
/** How many of one container: which of them is told by options and input. */
export const REUSE_COUNT = 4;
/** Bytes of an image that is worth its memory; few of `exec` have more than 64 KiB. */
export const REUSE_IMAGE_LIMIT = 128 * 1024;
/** Of process.json, and of what the request says of the caller (spec/caller.ts). */
export const REUSE_TEXT_LIMIT = 64 * 1024;
/** Of the arguments on the command line. The kernel takes 128 KiB of each, and more of all; near that the compiler has something to say. */
export const REUSE_ARGUMENTS_LIMIT = 16 * 1024;

/**
 * Programs of `create` and `run` that are used again lie in ROOT/.programs, each below the hash of its question (runtime/engine/door/again.c, question.c). No container has such a name. In texts
 * of the question a *name* counts for what it is, a name, and the program is used for any other of the same kind: 64 hexadecimal digits or 12 of them (ids of containers, images and layers), a
 * UUID, a time in the form of RFC 3339. Compilers take them as they are; where the same one stood before, another one stands then.
 */
export const AGAIN_DIRECTORY = '.programs';
export const AGAIN_MAGIC = 0x41484843; // "CHHA"
/** How many; beyond that the one that was not used for the longest time goes. */
export const AGAIN_COUNT = 128;
/** Bytes of an image; few of `create` have more than 160 KiB. */
export const AGAIN_IMAGE_LIMIT = 256 * 1024;
/** Of config.json and the other texts of a question. */
export const AGAIN_TEXT_LIMIT = 64 * 1024;
/** Of what was looked at for it (spec/looks.ts). */
export const AGAIN_LOOKS_LIMIT = 64 * 1024;
/** Different names in one question, and places where they stand in a program. */
export const AGAIN_NAMES = 32;
export const AGAIN_MARKS = 1024;
