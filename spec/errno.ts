/**
 * Error numbers (asm-generic/errno-base.h, asm-generic/errno.h: x86-64 and aarch64 alike) and the words that strerror(3)
 * of glibc says for them, because callers of OCI runtimes look for those words ("No such file or directory").
 */
export const errnos = {
  EPERM: { number: 1, words: 'Operation not permitted' },
  ENOENT: { number: 2, words: 'No such file or directory' },
  ESRCH: { number: 3, words: 'No such process' },
  EINTR: { number: 4, words: 'Interrupted system call' },
  EIO: { number: 5, words: 'Input/output error' },
  ENXIO: { number: 6, words: 'No such device or address' },
  E2BIG: { number: 7, words: 'Argument list too long' },
  ENOEXEC: { number: 8, words: 'Exec format error' },
  EBADF: { number: 9, words: 'Bad file descriptor' },
  ECHILD: { number: 10, words: 'No child processes' },
  EAGAIN: { number: 11, words: 'Resource temporarily unavailable' },
  ENOMEM: { number: 12, words: 'Cannot allocate memory' },
  EACCES: { number: 13, words: 'Permission denied' },
  EFAULT: { number: 14, words: 'Bad address' },
  ENOTBLK: { number: 15, words: 'Block device required' },
  EBUSY: { number: 16, words: 'Device or resource busy' },
  EEXIST: { number: 17, words: 'File exists' },
  EXDEV: { number: 18, words: 'Invalid cross-device link' },
  ENODEV: { number: 19, words: 'No such device' },
  ENOTDIR: { number: 20, words: 'Not a directory' },
  EISDIR: { number: 21, words: 'Is a directory' },
  EINVAL: { number: 22, words: 'Invalid argument' },
  ENFILE: { number: 23, words: 'Too many open files in system' },
  EMFILE: { number: 24, words: 'Too many open files' },
  ENOTTY: { number: 25, words: 'Inappropriate ioctl for device' },
  ETXTBSY: { number: 26, words: 'Text file busy' },
  EFBIG: { number: 27, words: 'File too large' },
  ENOSPC: { number: 28, words: 'No space left on device' },
  ESPIPE: { number: 29, words: 'Illegal seek' },
  EROFS: { number: 30, words: 'Read-only file system' },
  EMLINK: { number: 31, words: 'Too many links' },
  EPIPE: { number: 32, words: 'Broken pipe' },
  EDOM: { number: 33, words: 'Numerical argument out of domain' },
  ERANGE: { number: 34, words: 'Numerical result out of range' },
  EDEADLK: { number: 35, words: 'Resource deadlock avoided' },
  ENAMETOOLONG: { number: 36, words: 'File name too long' },
  ENOLCK: { number: 37, words: 'No locks available' },
  ENOSYS: { number: 38, words: 'Function not implemented' },
  ENOTEMPTY: { number: 39, words: 'Directory not empty' },
  ELOOP: { number: 40, words: 'Too many levels of symbolic links' },
  ENOMSG: { number: 42, words: 'No message of desired type' },
  EIDRM: { number: 43, words: 'Identifier removed' },
  ECHRNG: { number: 44, words: 'Channel number out of range' },
  EL2NSYNC: { number: 45, words: 'Level 2 not synchronized' },
  EL3HLT: { number: 46, words: 'Level 3 halted' },
  EL3RST: { number: 47, words: 'Level 3 reset' },
  ELNRNG: { number: 48, words: 'Link number out of range' },
  EUNATCH: { number: 49, words: 'Protocol driver not attached' },
  ENOCSI: { number: 50, words: 'No CSI structure available' },
  EL2HLT: { number: 51, words: 'Level 2 halted' },
  EBADE: { number: 52, words: 'Invalid exchange' },
  EBADR: { number: 53, words: 'Invalid request descriptor' },
  EXFULL: { number: 54, words: 'Exchange full' },
  ENOANO: { number: 55, words: 'No anode' },
  EBADRQC: { number: 56, words: 'Invalid request code' },
  EBADSLT: { number: 57, words: 'Invalid slot' },
  EBFONT: { number: 59, words: 'Bad font file format' },
  ENOSTR: { number: 60, words: 'Device not a stream' },
  ENODATA: { number: 61, words: 'No data available' },
  ETIME: { number: 62, words: 'Timer expired' },
  ENOSR: { number: 63, words: 'Out of streams resources' },
  ENONET: { number: 64, words: 'Machine is not on the network' },
  ENOPKG: { number: 65, words: 'Package not installed' },
  EREMOTE: { number: 66, words: 'Object is remote' },
  ENOLINK: { number: 67, words: 'Link has been severed' },
  EADV: { number: 68, words: 'Advertise error' },
  ESRMNT: { number: 69, words: 'Srmount error' },
  ECOMM: { number: 70, words: 'Communication error on send' },
  EPROTO: { number: 71, words: 'Protocol error' },
  EMULTIHOP: { number: 72, words: 'Multihop attempted' },
  EDOTDOT: { number: 73, words: 'RFS specific error' },
  EBADMSG: { number: 74, words: 'Bad message' },
  EOVERFLOW: { number: 75, words: 'Value too large for defined data type' },
  ENOTUNIQ: { number: 76, words: 'Name not unique on network' },
  EBADFD: { number: 77, words: 'File descriptor in bad state' },
  EREMCHG: { number: 78, words: 'Remote address changed' },
  ELIBACC: { number: 79, words: 'Can not access a needed shared library' },
  ELIBBAD: { number: 80, words: 'Accessing a corrupted shared library' },
  ELIBSCN: { number: 81, words: '.lib section in a.out corrupted' },
  ELIBMAX: { number: 82, words: 'Attempting to link in too many shared libraries' },
  ELIBEXEC: { number: 83, words: 'Cannot exec a shared library directly' },
  EILSEQ: { number: 84, words: 'Invalid or incomplete multibyte or wide character' },
  ERESTART: { number: 85, words: 'Interrupted system call should be restarted' },
  ESTRPIPE: { number: 86, words: 'Streams pipe error' },
  EUSERS: { number: 87, words: 'Too many users' },
  ENOTSOCK: { number: 88, words: 'Socket operation on non-socket' },
  EDESTADDRREQ: { number: 89, words: 'Destination address required' },
  EMSGSIZE: { number: 90, words: 'Message too long' },
  EPROTOTYPE: { number: 91, words: 'Protocol wrong type for socket' },
  ENOPROTOOPT: { number: 92, words: 'Protocol not available' },
  EPROTONOSUPPORT: { number: 93, words: 'Protocol not supported' },
  ESOCKTNOSUPPORT: { number: 94, words: 'Socket type not supported' },
  EOPNOTSUPP: { number: 95, words: 'Operation not supported' },
  EPFNOSUPPORT: { number: 96, words: 'Protocol family not supported' },
  EAFNOSUPPORT: { number: 97, words: 'Address family not supported by protocol' },
  EADDRINUSE: { number: 98, words: 'Address already in use' },
  EADDRNOTAVAIL: { number: 99, words: 'Cannot assign requested address' },
  ENETDOWN: { number: 100, words: 'Network is down' },
  ENETUNREACH: { number: 101, words: 'Network is unreachable' },
  ENETRESET: { number: 102, words: 'Network dropped connection on reset' },
  ECONNABORTED: { number: 103, words: 'Software caused connection abort' },
  ECONNRESET: { number: 104, words: 'Connection reset by peer' },
  ENOBUFS: { number: 105, words: 'No buffer space available' },
  EISCONN: { number: 106, words: 'Transport endpoint is already connected' },
  ENOTCONN: { number: 107, words: 'Transport endpoint is not connected' },
  ESHUTDOWN: { number: 108, words: 'Cannot send after transport endpoint shutdown' },
  ETOOMANYREFS: { number: 109, words: 'Too many references: cannot splice' },
  ETIMEDOUT: { number: 110, words: 'Connection timed out' },
  ECONNREFUSED: { number: 111, words: 'Connection refused' },
  EHOSTDOWN: { number: 112, words: 'Host is down' },
  EHOSTUNREACH: { number: 113, words: 'No route to host' },
  EALREADY: { number: 114, words: 'Operation already in progress' },
  EINPROGRESS: { number: 115, words: 'Operation now in progress' },
  ESTALE: { number: 116, words: 'Stale file handle' },
  EUCLEAN: { number: 117, words: 'Structure needs cleaning' },
  ENOTNAM: { number: 118, words: 'Not a XENIX named type file' },
  ENAVAIL: { number: 119, words: 'No XENIX semaphores available' },
  EISNAM: { number: 120, words: 'Is a named type file' },
  EREMOTEIO: { number: 121, words: 'Remote I/O error' },
  EDQUOT: { number: 122, words: 'Disk quota exceeded' },
  ENOMEDIUM: { number: 123, words: 'No medium found' },
  EMEDIUMTYPE: { number: 124, words: 'Wrong medium type' },
  ECANCELED: { number: 125, words: 'Operation canceled' },
  ENOKEY: { number: 126, words: 'Required key not available' },
  EKEYEXPIRED: { number: 127, words: 'Key has expired' },
  EKEYREVOKED: { number: 128, words: 'Key has been revoked' },
  EKEYREJECTED: { number: 129, words: 'Key was rejected by service' },
  EOWNERDEAD: { number: 130, words: 'Owner died' },
  ENOTRECOVERABLE: { number: 131, words: 'State not recoverable' },
  ERFKILL: { number: 132, words: 'Operation not possible due to RF-kill' },
  EHWPOISON: { number: 133, words: 'Memory page has hardware error' },
  // Not for programs (linux/errno.h), but file systems let it out.
  ENOTSUPP: { number: 524, words: 'Unknown error 524' },
} as const satisfies Readonly<Record<string, { readonly number: number; readonly words: string }>>;

export type ErrnoName = keyof typeof errnos;

/** For what is tried and may fail as it likes. */
export const anyErrno = Object.keys(errnos) as readonly ErrnoName[];

/** What says something of the caller, of memory or of the kernel, and nothing of the file that was asked for. */
const ofTheCaller: ReadonlySet<ErrnoName> = new Set<ErrnoName>([
  ...(['EINTR', 'EFAULT', 'ENOMEM', 'ENFILE', 'EMFILE', 'ENOSYS', 'EBADF'] as const),
]);

/**
 * All that may be answered for a file that cannot be had: missing, forbidden, a loop, a name too long, a server that is gone (ESTALE, ETIMEDOUT, ENOTCONN),
 * a medium that fails (EIO, EUCLEAN). The complement is listed, because file systems invent the rest.
 */
export const unavailable: readonly ErrnoName[] = anyErrno.filter(name => !ofTheCaller.has(name));

let namesByNumber: ReadonlyMap<number, ErrnoName> | undefined;

/** The name of an error number, positive as in errno(3); undefined for 0 and for what Linux does not use. */
export function errnoName(number: number): ErrnoName | undefined {
  namesByNumber ??= new Map((Object.keys(errnos) as ErrnoName[]).map(name => [errnos[name].number, name]));
  return namesByNumber.get(number);
}

/** What strerror(3) says for an error number. */
export function errnoWords(number: number): string {
  const name = errnoName(number);
  return name === undefined ? `Unknown error ${number}` : errnos[name].words;
}
