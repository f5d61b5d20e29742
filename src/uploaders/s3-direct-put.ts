import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import type { RequestPace } from './request-pace.js';
import { type S3Agents, sendPut } from './s3-http.js';
import { S3Signer, UNSIGNED_PAYLOAD, leavesBodyUnsigned } from './s3-signature.js';
import { networkCode } from './store-errors.js';

/** Larger objects take so long on the way that what the SDK does for a request does not count. */
export const DIRECT_PUT_BYTES = 1024 * 1024;

/** The SDK's request, as far as it is looked at here: an HttpRequest, or, behind some of its layers, what is left of one. */
export interface SdkRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/** How the SDK signs a request: what it has settled on for the bucket. */
export interface SdkScheme {
  readonly httpAuthOption?: {
    readonly schemeId: string;
    readonly signingProperties?: {
      readonly config: { readonly systemClockOffset?: number };
      readonly signingRegion?: string;
      readonly signingName?: string;
    };
  };
}

export interface DirectPut {
  readonly key: string;
  readonly body: Buffer;
  /** Of the body, in lower-case hex, if it is known. */
  readonly sha256?: string | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export interface DirectAnswer {
  readonly ETag?: string | undefined;
  readonly crc?: string | undefined;
  readonly ServerSideEncryption?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
}

/** Of the request that is learnt from, what goes for every object of the bucket. */
const COMMON_HEADERS = new Set(['host', 'user-agent', 'x-amz-user-agent']);

interface Template {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: number | undefined;
  readonly signer: S3Signer;
  /** The time by the store's clock. */
  readonly now: () => Date;
  /** The path of a key, without the key. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Puts small objects without the SDK's thirty layers, which take longer over 20 kB than everything else together. The first put of a store
 * goes through the SDK; where it went and for which region it was signed goes for the others. They are signed with the SDK's credentials, go
 * over its connections, and keep to the same pace. Whatever is answered but success is left to the SDK, which sends the object again:
 * redirects, clocks that are off, throttling and errors are its business alone.
 */
export class S3DirectPut {
  #template: Template | undefined;

  constructor(
    private readonly client: S3Client,
    private readonly pace: RequestPace,
    private readonly agents: S3Agents,
  ) {}

  /** Called with each put that the SDK makes, before it is signed. */
  learn(request: SdkRequest, key: string, scheme: SdkScheme | undefined): void {
    const path = encodeKey(key);
    const { schemeId, signingProperties: signing } = scheme?.httpAuthOption ?? {};
    // Not for what is signed otherwise (several regions, Express), or not at all.
    if (this.#template !== undefined || schemeId !== 'aws.auth#sigv4' || signing === undefined) return;
    const { config, signingRegion, signingName } = signing;
    if (signingRegion === undefined || signingName === undefined) return;
    if (!request.path.endsWith(path) || 'x-amz-s3session-token' in request.headers) return;
    const headers = Object.entries(request.headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => COMMON_HEADERS.has(name));
    this.#template = {
      protocol: request.protocol,
      hostname: request.hostname,
      port: request.port,
      base: request.path.slice(0, request.path.length - path.length),
      headers: Object.fromEntries(headers),
      signer: new S3Signer(signingRegion, signingName),
      now: () => new Date(Date.now() + (config.systemClockOffset ?? 0)),
    };
  }

  /** False: it has to be done through the SDK. */
  get ready(): boolean {
    return this.#template !== undefined;
  }

  /** Resolves to undefined when it did not succeed, for whatever reason; the object may be there all the same. */
  async send({ key, body, sha256, headers, signal }: DirectPut): Promise<DirectAnswer | undefined> {
    const { protocol, hostname, port, signer, now, base, headers: common } = this.#template!;
    const leave = await this.pace.enter(body.length, signal);
    try {
      const path = base + encodeKey(key);
      const all = { ...common, 'content-length': String(body.length), ...headers };
      const bodySha256 = leavesBodyUnsigned({ protocol, hostname, headers: all })
        ? UNSIGNED_PAYLOAD
        : (sha256 ?? createHash('sha256').update(body).digest('hex'));
      const toSign = { method: 'PUT', path, headers: all, bodySha256 };
      const signed = signer.sign(toSign, await this.client.config.credentials(), now());
      const request = { protocol, hostname, port, path, headers: signed, body, signal };
      const { status, headers: told } = await sendPut(this.agents, request);
      leave({ status });
      if (status !== 200) return undefined;
      return {
        ETag: told.etag,
        crc: text(told['x-amz-checksum-crc64nvme']),
        ServerSideEncryption: text(told['x-amz-server-side-encryption']),
        SSECustomerAlgorithm: text(told['x-amz-server-side-encryption-customer-algorithm']),
      };
    } catch (error) {
      leave({ broken: networkCode(error) ?? 'no answer' });
      return undefined;
    }
  }
}

const text = (header: string | string[] | undefined): string | undefined => header?.toString();

/** As the SDK writes keys into paths: all but unreserved characters (RFC 3986) and `/` as escapes. */
function encodeKey(key: string): string {
  return key
    .split('/')
    .map((part) =>
      encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
    )
    .join('/');
}
