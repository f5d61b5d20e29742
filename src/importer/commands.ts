import { shellWord } from '../base/shell-word.js';
import type { PineconeClient } from './api-client.js';

/** The command that attaches to an import again, to be copied from a hint. */
export function watchCommand(client: PineconeClient, id: string): string {
  return `pineload import watch --id ${shellWord(id)} ${indexFlag(client)}`;
}

export function listCommand(client: PineconeClient): string {
  return `pineload import list ${indexFlag(client)}`;
}

function indexFlag(client: PineconeClient): string {
  return client.host === undefined || client.index === client.host
    ? `--index-host ${shellWord(client.index)}`
    : `--index-name ${shellWord(client.index)}`;
}
