import { stripIgnoredCharacters } from 'graphql';
import type { ExampleOperation } from './options.ts';

/** The arguments of a curl command that sends the operation, quoted for a POSIX shell. */
export function writeCurlArguments(operation: ExampleOperation | undefined): string {
  const headers = { 'content-type': 'application/json', ...operation?.headers };
  const body = {
    query: stripIgnoredCharacters(operation?.document ?? '{ __typename }'),
    ...(operation?.variables && { variables: operation.variables }),
  };
  return [
    ...Object.entries(headers).map(([name, value]) => `  -H ${quote(`${name}: ${value}`)}`),
    `  -d ${quote(JSON.stringify(body))}`,
  ].join(' \\\n');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
