import { PineloadError } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import { PineconeClient, type ClientTiming } from './api-client.js';
import { apiKeyMissing, findApiKey } from './api-key.js';
import { parseServiceAddress } from './service-address.js';
import { DEFAULT_CONTROL_PLANE, type ConnectionOptions } from './types.js';

/**
 * A client for the index that the options name. An index given by name is looked up at the control plane, and the client
 * then has its description (`client.indexModel`); one given by host is taken as it is, without any call.
 *
 * @throws API_KEY_MISSING (unless all is on loopback), OPTION_INVALID, API_NOT_FOUND for an unknown index, other API_*
 */
export async function connect(
  options: ConnectionOptions,
  extras: {
    readonly onEvent?: EventListener | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly timing?: ClientTiming | undefined;
    /** Default process.env. */
    readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  } = {},
): Promise<PineconeClient> {
  const { indexName, indexHost, apiVersion, controlPlane } = options;
  if (indexHost === undefined && indexName === undefined) {
    throw new PineloadError('OPTION_INVALID', {
      field: 'indexName',
      message: 'no index',
      hint: 'Name the index with --index-name, or give its host with --index-host.',
    });
  }
  const [first, firstField] =
    indexHost === undefined
      ? [controlPlane ?? DEFAULT_CONTROL_PLANE, 'controlPlane']
      : ([indexHost, 'indexHost'] as const);
  const { loopback } = parseServiceAddress(first, firstField);
  const apiKey = await findApiKey(options, extras.env);
  if (apiKey === undefined && !loopback) throw apiKeyMissing();
  const base = { apiKey, apiVersion, controlPlane, onEvent: extras.onEvent, timing: extras.timing };
  if (indexHost !== undefined) return new PineconeClient({ ...base, indexHost, indexName });
  const indexModel = await describe(new PineconeClient(base), indexName!, extras.signal);
  return new PineconeClient({ ...base, indexHost: indexModel.host, indexName, indexModel });
}

async function describe(client: PineconeClient, name: string, signal: AbortSignal | undefined) {
  try {
    return await client.describeIndex(name, { signal });
  } catch (error) {
    if (error instanceof PineloadError && error.code === 'API_NOT_FOUND') {
      throw new PineloadError('API_NOT_FOUND', {
        field: 'indexName',
        message: 'there is no such index in the project of the API key',
        ...(error.source === undefined ? {} : { source: error.source }),
        hint: 'Check the name and the API key: a key belongs to one project.',
        cause: error,
      });
    }
    throw error;
  }
}
