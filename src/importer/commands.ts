import type { PineconeClient } from './api-client.js';

/** The command that attaches to an import again, to be copied from a hint. */
export function watchCommand(client: PineconeClient, id: string): string {
  return `pineload import watch --id ${word(id)} ${indexFlag(client)}`;
}

export function listCommand(client: PineconeClient): string {
  return `pineload import list ${indexFlag(client)}`;
}

function indexFlag(client: PineconeClient): string {
  return client.host === undefined || client.index === client.host
    ? `--index-host ${word(client.index)}`
    : `--index-name ${word(client.index)}`;
}

/** One word for a POSIX shell. */
function word(text: string): string {
  return /^[\w.:/=-]+$/.test(text)
    ? text
    : `'${text.replaceAll(/[\u0000-\u001f\u007f]/g, '').replaceAll("'", String.raw`'\''`)}'`;
}
