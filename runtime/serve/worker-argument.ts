/** The argument by which what Node loads knows that it is to be the thread that compiles. */
export const WORKER = 'compiler-thread';
