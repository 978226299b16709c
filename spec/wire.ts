/**
 * Between the engine and the compiler: one request, one answer, the same bytes on the cold way (a socketpair on descriptor 3 of the Node process that
 * the engine started) and on the warm way (the socket of `chos-runtime serve`). No descriptors are passed. Little endian.
 *
 * request: a header of REQUEST_HEADER_SIZE bytes:
 *
 *     u32 REQUEST_MAGIC, version, total size, argc, envc, cwd length (with NUL), input kind, input, unusable, handed
 *     i32 pid
 *     u32 0
 *     u64 nonce
 *     u64 inode of the namespaces user, mnt, pid, cgroup; u32 device of the root directory, major and minor; u64 its inode
 *     u32 effective uid, gid
 *     u32 device of the compiler's file, major and minor; u64 its inode, its size, seconds and nanoseconds of when it was written
 *
 *          then cwd, the arguments (argv[0] first), the environment, and the files of /proc/self that spec/caller.ts names, each NUL-terminated; then
 *          the bytes of the input.
 *   input    what the command reads (spec/commands.ts, Command.input): its kind is InputKind; the number is the length of its bytes, or an errno.
 *   unusable 1: the front door looked for the container's stored program and can run none.
 *   handed   Caller.handed
 *   the compiler's file: what the engine starts on the cold way. A service that was made of other files does not answer.
 *
 * answer:  u32 ANSWER_MAGIC, u32 version, u32 size, u32 kind, i32 exit code, u32 entry, u32 image size, u32 out length,
 *          u32 message length, u32 detail length, u32 number of values, u32 reusable, u64 nonce of the request, u32 looks length, u32 0; then out, message, detail, values,
 *          looks (up to here goes the size), then the image.
 *   kind REPORT: write `out` to stdout and end with the exit code. If that is not 0, `message`, if not empty, is the one error line
 *                on stderr and in the log (`detail`, more lines, only when stderr is a terminal); else it holds warnings.
 *   kind PROGRAM: run entry (spec/commands.ts) of the image with the values; `message` holds warnings.
 *   warnings     each ended by a NUL; written, level warning, once the command has succeeded.
 *                reusable 1: of the same question the same program comes (spec/reuse.ts); of a `create` or `run` where the same is found by the looks (spec/looks.ts).
 *   kind AGAIN (cold only): ask a Node that draws a seed for the hashes of strings, because the input is large; nothing else is in it.
 *   kind STORED: run entry of the container's stored program, which the front door opens as if it had understood the command line itself; if it
 *                can run none, the same request comes again, with `unusable`.
 *   kind WAIT (warm only): the service is there, and has not come to this request yet, or not to its end. It is its header alone; another answer follows.
 *   kind COLD (warm only): not by this service; `message` says why.
 *   value   {u16 parameter number, u16 kind (0 number, 1 text, 2 vector), u32 length, i64 number} then length bytes, padded to 8;
 *           text: the bytes without NUL; vector: NUL-terminated strings. Values override those that the engine read from argv.
 */
export const REQUEST_MAGIC = 0x51524843; // "CHRQ"
export const ANSWER_MAGIC = 0x4e414843; // "CHAN"
export const WIRE_VERSION = 6;
export const REQUEST_HEADER_SIZE = 152;
export const ANSWER_HEADER_SIZE = 64;
export const AnswerKind = { REPORT: 1, PROGRAM: 2, AGAIN: 3, STORED: 4, WAIT: 5, COLD: 6 } as const;
/** Bytes of an answer without its image, and of an image. */
export const ANSWER_LIMIT = 64 * 1024 * 1024;
/** NONE: the command reads none, or finds it by itself. OPEN_FAILED, READ_FAILED: with an errno. NOT_A_FILE: nor a directory. */
export const InputKind = { NONE: 0, BYTES: 1, OPEN_FAILED: 2, READ_FAILED: 3, NOT_A_FILE: 4 } as const;
export const WireFd = { SOCKET: 3 } as const;
export const ValueKind = { NUMBER: 0, TEXT: 1, VECTOR: 2 } as const;

/**
 * How long the front door waits for the compiler. A create takes it 0.1 s, the largest input some 3 s; refused a thread or memory, Node at times waits
 * for ever without using the processor.
 */
export const COMPILER_SECONDS = 300;
/** Of processor time: on a machine that is busy or slow the other one passes sooner than the work is done. */
export const COMPILER_WORK_SECONDS = 60;
/** What it may have in memory beside files and what is shared. The largest input takes some 600, and neither engine has a bound for all of it. */
export const COMPILER_MEMORY_MIB = 1024;
/** How often that is looked at: in a tenth of a second it grows by 100 MiB or so. */
export const COMPILER_BEATS = 10;
/** Seconds in which it does nothing at all. */
export const COMPILER_IDLE_SECONDS = 10;
/** Nanoseconds of processor time in a second; less is nothing. */
export const COMPILER_LEAST_WORK = 100_000;
/** Where a service listens, below the usual state root (spec/state-root.ts). */
export const SERVICE_SOCKET = 'compiler.sock';
/** Where its threads warm up, beside the socket; no container has such a name. One that was killed leaves it to the next. */
export const SERVICE_SCRATCH = '.warm-up';
/** Milliseconds until its first sign of life, and from one to the next; then the engine starts a compiler of its own. */
export const SERVICE_FIRST_MS = 300;
export const SERVICE_NEXT_MS = 1000;
/** How often it says that the engine is to wait on; and how long that one does, where each time counts as a beat at least. */
export const SERVICE_BEAT_MS = 50;
export const SERVICE_MOST_MS = 9000;
/** Bytes of a request, the input included. What is larger would let all others wait. */
export const SERVICE_REQUEST_LIMIT = 1024 * 1024;
/** The soft limit of descriptors that it is given, as far as the hard one allows. */
export const COMPILER_DESCRIPTORS = 256;
