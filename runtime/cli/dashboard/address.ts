/** Where the dashboard listens, and as what it may be asked for. */
import { isIP, isIPv6 } from 'node:net';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:9870`, `[::1]:9870`, `localhost:9870`; null: it is none. No other name: what it means may change. */
export function parseAddress(text: string): Address | null {
  const [, bracketed, plain = '', digits = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? (plain === 'localhost' ? '127.0.0.1' : plain);
  const port = Number(digits);
  if (digits === '' || port > 65_535 || isIP(host) === 0) return null;
  return isIPv6(host) === (bracketed !== undefined) ? { host, port } : null;
}

/** Only processes of this machine reach it. */
export function isLoopback(host: string): boolean {
  return host === '::1' || /^127\./.test(host);
}

export const hostText = (host: string): string => (isIPv6(host) ? `[${host}]` : host);
export const addressText = ({ host, port }: Address): string => `${hostText(host)}:${port}`;

/**
 * Whether a browser that sends this Host header was really sent here. A page of a stranger can have its own name lead to this address (DNS rebinding), and would be
 * told everything as if it were ours; a number it cannot forge, nor names that nobody but the machine and its administrator gives.
 */
export function isOurHost(header: string | undefined, names: readonly string[]): boolean {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(header ?? '') ?? [];
  if (bracketed !== undefined) return isIPv6(bracketed);
  const name = plain?.toLowerCase() ?? '';
  return isIP(name) !== 0 || name === 'localhost' || names.some(own => own.toLowerCase() === name);
}
