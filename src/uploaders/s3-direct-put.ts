import type { S3Client } from '@aws-sdk/client-s3';
import type { RequestPace } from './request-pace.js';
import { networkCode } from './store-errors.js';

/** Larger objects take so long on the way that what the SDK does for a request does not count. */
export const DIRECT_PUT_BYTES = 1024 * 1024;

/** The SDK's request, as far as it is looked at here: an HttpRequest, or, behind some of its layers, what is left of one. */
export interface SdkRequest {
  readonly protocol: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

interface SdkAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/** A signer as @smithy/signature-v4 has it. */
interface Signer {
  sign(
    request: SdkRequest,
    options: { signingDate: Date; signingRegion?: string | undefined; signingService?: string | undefined },
  ): Promise<SdkRequest>;
}

/** How the SDK signs a request: what it has settled on for the bucket. */
export interface SdkScheme {
  readonly httpAuthOption?: {
    readonly schemeId: string;
    readonly signingProperties?: {
      readonly config: { signer(scheme: unknown): Promise<Signer>; readonly systemClockOffset?: number };
      readonly context?: {
        readonly endpointV2?: { readonly properties?: { readonly authSchemes?: readonly unknown[] } };
      };
      readonly signingRegion?: string;
      readonly signingName?: string;
    };
  };
}

export interface DirectPut {
  readonly key: string;
  readonly body: Buffer;
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
  readonly request: SdkRequest;
  readonly sign: (request: SdkRequest) => Promise<SdkRequest>;
  /** The path of a key, without the key. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Puts small objects without the SDK's thirty layers, which take longer over 20 kB than everything else together. The first put of a store
 * goes through the SDK; where it went and how it was signed goes for the others. They are signed by the SDK's signer with
 * its credentials, sent by its HTTP handler, and keep to the same pace. Whatever is answered but success is left to the SDK, which sends the
 * object again: redirects, clocks that are off, throttling and errors are its business alone.
 */
export class S3DirectPut {
  #template: Template | undefined;

  constructor(
    private readonly client: S3Client,
    private readonly pace: RequestPace,
  ) {}

  /** Called with each put that the SDK makes, before it is signed. */
  learn(request: SdkRequest, key: string, scheme: SdkScheme | undefined): void {
    const path = encodeKey(key);
    const { schemeId, signingProperties: signing } = scheme?.httpAuthOption ?? {};
    // Not for what is signed otherwise (several regions, Express), or not at all.
    if (this.#template !== undefined || schemeId !== 'aws.auth#sigv4' || signing?.config.signer === undefined) return;
    if (!request.path.endsWith(path) || 'x-amz-s3session-token' in request.headers) return;
    const headers = Object.entries(request.headers).filter(([name]) => COMMON_HEADERS.has(name.toLowerCase()));
    const { config, context, signingRegion, signingName: signingService } = signing;
    // One for all of them: it keeps the day's key.
    const signer = config.signer(context?.endpointV2?.properties?.authSchemes?.[0]);
    signer.catch(() => undefined);
    this.#template = {
      request: { ...request, body: undefined },
      base: request.path.slice(0, request.path.length - path.length),
      headers: Object.fromEntries(headers),
      sign: async (each) => {
        const signingDate = new Date(Date.now() + (config.systemClockOffset ?? 0));
        return (await signer).sign(each, { signingDate, signingRegion, signingService });
      },
    };
  }

  /** False: it has to be done through the SDK. */
  get ready(): boolean {
    return this.#template !== undefined;
  }

  /** Resolves to undefined when it did not succeed, for whatever reason; the object may be there all the same. */
  async send({ key, body, headers, signal }: DirectPut): Promise<DirectAnswer | undefined> {
    const { request: template, sign, base, headers: common } = this.#template!;
    const leave = await this.pace.enter(body.length, signal);
    try {
      const signed = await sign({
        ...template,
        path: base + encodeKey(key),
        headers: { ...common, 'content-length': String(body.length), ...headers },
        body,
      });
      const { response } = (await this.client.config.requestHandler.handle(
        signed as never,
        signal === undefined ? {} : { abortSignal: signal },
      )) as { readonly response: SdkAnswer };
      leave({ status: response.statusCode });
      for await (const _ of response.body);
      if (response.statusCode !== 200) return undefined;
      const { headers: told } = response;
      return {
        ETag: told['etag'],
        crc: told['x-amz-checksum-crc64nvme'],
        ServerSideEncryption: told['x-amz-server-side-encryption'],
        SSECustomerAlgorithm: told['x-amz-server-side-encryption-customer-algorithm'],
      };
    } catch (error) {
      leave({ broken: networkCode(error) ?? 'no answer' });
      return undefined;
    }
  }
}

/** As the SDK writes keys into paths: all but unreserved characters (RFC 3986) and `/` as escapes. */
function encodeKey(key: string): string {
  return key
    .split('/')
    .map((part) =>
      encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
    )
    .join('/');
}
