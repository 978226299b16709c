/** What an environment shows of the host without being asked. */
export const HOST_VIEW: readonly string[] = ['/proc', '/sys', '/dev'];
