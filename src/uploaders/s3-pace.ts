import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { pauseLength } from './pause.js';
import type { RequestPace } from './request-pace.js';
import type { S3DirectPut, SdkRequest, SdkScheme } from './s3-direct-put.js';
import { UNSIGNED_PAYLOAD, leavesBodyUnsigned } from './s3-signature.js';
import { networkCode } from './store-errors.js';

/** Of what the SDK hands from one middleware to the next, the part that is looked at here. */
type Next<Result> = (args: {
  readonly input: { readonly Key?: string };
  readonly request: SdkRequest;
}) => Promise<Result>;
type Middleware = Parameters<S3Client['middlewareStack']['addRelativeTo']>[0];

/** What @smithy/core hands down: the signal of `send`, and how the request will be signed. */
interface Context {
  readonly commandName?: string;
  readonly __smithy_context?: { readonly abortSignal?: AbortSignal; readonly selectedHttpAuthScheme?: SdkScheme };
}

/**
 * Every try of every request of the client passes the pace, behind the SDK's retries and before its signature.
 *
 * @param onPut hears of each put
 */
export function paceS3(client: S3Client, pace: RequestPace, onPut: S3DirectPut['learn']): void {
  const paced =
    <Result extends { readonly response: unknown }>(next: Next<Result>, context: object): Next<Result> =>
    async (args) => {
      const { body, headers } = args.request;
      const { commandName, __smithy_context: smithy } = context as Context;
      if (leavesBodyUnsigned(args.request)) headers['x-amz-content-sha256'] ??= UNSIGNED_PAYLOAD;
      if (commandName === 'PutObjectCommand') onPut(args.request, args.input.Key ?? '', smithy?.selectedHttpAuthScheme);
      const leave = await pace.enter(body instanceof Uint8Array ? body.byteLength : 0, smithy?.abortSignal);
      try {
        const result = await next(args);
        leave({ status: (result.response as { statusCode?: number }).statusCode ?? 200 });
        return result;
      } catch (error) {
        const { httpStatusCode } = (error as { $metadata?: { httpStatusCode?: number } }).$metadata ?? {};
        leave(
          httpStatusCode === undefined ? { broken: networkCode(error) ?? 'no answer' } : { status: httpStatusCode },
        );
        throw error;
      }
    };
  client.middlewareStack.addRelativeTo(paced as unknown as Middleware, {
    ...{ name: 'pineloadPaceMiddleware', override: true },
    ...{ relation: 'after', toMiddleware: 'retryMiddleware' },
  });
}

/** The SDK names this type only in a package that it does not pass on. */
type RetryStrategy = Extract<NonNullable<S3ClientConfig['retryStrategy']>, { acquireInitialRetryToken: unknown }>;

const RETRIED = new Set(['THROTTLING', 'TRANSIENT']);
/** Where the clock is off the SDK takes every error for a passing one, "no such object" too. */
const ANSWERS = new Set([404, 412, 416]);

/**
 * The SDK's standard strategy with pauses as all stores have them, and without its quota: that gives up all retries of a client
 * once a hundred or so were needed at a time, which is when a store throttles and they are needed. Here the pace relieves the store.
 */
export function s3Retries(tries: number): RetryStrategy {
  const token = (retries: number, pause: number) => ({ getRetryCount: () => retries, getRetryDelay: () => pause });
  return {
    acquireInitialRetryToken: async () => token(0, 0),
    refreshRetryTokenForRetry: async (before, info) => {
      const retries = before.getRetryCount() + 1;
      const { httpStatusCode = 0 } =
        (info.error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata ?? {};
      if (!RETRIED.has(info.errorType) || ANSWERS.has(httpStatusCode) || retries >= tries)
        throw new Error('no more tries');
      const asked = info.retryAfterHint === undefined ? 0 : info.retryAfterHint.getTime() - Date.now();
      return token(retries, pauseLength(retries, asked));
    },
    recordSuccess: () => undefined,
  };
}
