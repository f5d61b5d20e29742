import { PineloadError, quote } from '../base/errors.js';

/** Where a part of the service is reached. */
export interface ServiceAddress {
  /** `https://host[:port]`, or `http://…` on loopback. Never ends in `/`. */
  readonly origin: string;
  /** What people know it by: the host without scheme, on loopback with `http://`. */
  readonly host: string;
  /** On this very machine: the emulator. Only there plain HTTP, `file://` URIs and a missing API key are accepted. */
  readonly loopback: boolean;
}

/**
 * Reads a host as people write it: with or without scheme. Plain HTTP is for loopback only (an API key must not cross a
 * network unencrypted), and there it is what a missing scheme means.
 *
 * @param field option the text came from, named in the error
 * @throws OPTION_INVALID
 */
export function parseServiceAddress(text: string, field: string): ServiceAddress {
  const refuse = (expected: string): never => {
    // No echo of anything but the part before a `?` or `@`: what follows could be a credential.
    const shown = /[?@#]/.test(text) ? undefined : quote(text);
    throw new PineloadError('OPTION_INVALID', { field, expected, ...(shown === undefined ? {} : { got: shown }) });
  };
  const trimmed = text.trim();
  const schemed = /^([a-z][a-z0-9+.-]*):\/\//i.exec(trimmed);
  let url: URL;
  try {
    url = new URL(schemed ? trimmed : `https://${trimmed}`);
  } catch {
    return refuse('a host name, or a URL made of scheme and host');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return refuse('a host name or an https:// URL');
  if (url.hostname === '' || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    return refuse('a host name without user, query or fragment');
  }
  if (url.pathname !== '/') return refuse('a host name without a path');
  const loopback = isLoopbackHost(url.hostname);
  if (url.protocol === 'http:' && !loopback) {
    return refuse('https:// (plain http:// is for 127.0.0.0/8, ::1 and localhost only)');
  }
  const scheme = schemed ? url.protocol : loopback ? 'http:' : 'https:';
  // Parsed again, so that the default port that goes with the scheme falls away.
  const host = new URL(`${scheme}//${schemed ? url.host : trimmed}`).host;
  return { origin: `${scheme}//${host}`, host: scheme === 'http:' ? `http://${host}` : host, loopback };
}

/** `hostname` as `URL` gives it: lower case, IPv4 in four decimal parts, IPv6 in brackets. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}
