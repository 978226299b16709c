/**
 * Between the engine and the compiler: one request, one answer, the same bytes on the cold way (a socketpair on descriptor 3 of
 * the Node process that the engine started) and on the warm way (a Unix stream socket). Little endian.
 *
 * request: u32 REQUEST_MAGIC, u32 version, u32 total size, u32 argc, u32 envc, i32 config, i32 program, u32 cwd length (with NUL),
 *          u32 unusable, then cwd, the arguments (argv[0] first) and the environment, each NUL-terminated.
 *   config   the open descriptor of the file that the command reads (spec/commands.ts, Command.input; cold: inherited as descriptor 4), or -errno of
 *            opening it, or 0 if there is none. What is no regular file was copied into a memfd, but for a directory, and for whatever is in the
 *            place of config.json, opened with O_NONBLOCK: whoever reads it must fstat it first.
 *   program  a memfd into which the compiler writes the image (cold: inherited as descriptor 5).
 *   unusable 1: the front door looked for the container's stored program and can run none.
 *
 * answer:  u32 ANSWER_MAGIC, u32 version, u32 total size, u32 kind, i32 exit code, u32 entry, u32 image size, u32 out length,
 *          u32 message length, u32 detail length, u32 number of values, u32 0; then out, message, detail, values.
 *   kind REPORT: write `out` to stdout and end with the exit code. If that is not 0, `message`, if not empty, is the one error line
 *                on stderr and in the log (`detail`, more lines, only when stderr is a terminal); else it holds warnings.
 *   kind PROGRAM: run entry (spec/commands.ts) of the image in the memfd with the values; `message` holds warnings.
 *   warnings     each ended by a NUL; written, level warning, once the command has succeeded.
 *   kind AGAIN (cold only): ask a Node that draws a seed for the hashes of strings, because the input is large; nothing else is in it.
 *   kind STORED: run entry of the container's stored program, which the front door opens as if it had understood the command line itself; if it
 *                can run none, the same request comes again, with `unusable`.
 *   value   {u16 parameter number, u16 kind (0 number, 1 text, 2 vector), u32 length, i64 number} then length bytes, padded to 8;
 *           text: the bytes without NUL; vector: NUL-terminated strings. Values override those that the engine read from argv.
 */
export const REQUEST_MAGIC = 0x51524843; // "CHRQ"
export const ANSWER_MAGIC = 0x4e414843; // "CHAN"
export const WIRE_VERSION = 3;
export const REQUEST_HEADER_SIZE = 36;
export const ANSWER_HEADER_SIZE = 48;
export const AnswerKind = { REPORT: 1, PROGRAM: 2, AGAIN: 3, STORED: 4 } as const;
export const WireFd = { SOCKET: 3, CONFIG: 4, PROGRAM: 5 } as const;
export const ValueKind = { NUMBER: 0, TEXT: 1, VECTOR: 2 } as const;

/**
 * How long the front door waits for the compiler. A create takes it 0.1 s, the largest input some 20 s; refused a thread or memory, Node at times waits
 * for ever without using the processor.
 */
export const COMPILER_SECONDS = 300;
/** Seconds in which it does nothing at all. */
export const COMPILER_IDLE_SECONDS = 10;
/** Nanoseconds of processor time in a second; less is nothing. */
export const COMPILER_LEAST_WORK = 100_000;
/** The soft limit of descriptors that it is given, as far as the hard one allows. */
export const COMPILER_DESCRIPTORS = 256;
