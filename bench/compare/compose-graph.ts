import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';

/** The supergraph of these subgraphs. @throws {Error} where they do not compose */
export function composeGraph(subgraphs: Readonly<Record<string, { url: string; sdl: string }>>): string {
  const { supergraphSdl, errors } = composeServices(
    Object.entries(subgraphs).map(([name, { url, sdl }]) => ({ name, url, typeDefs: parse(sdl) })),
  );
  if (!supergraphSdl) throw new Error((errors ?? []).map(({ message }) => message).join('\n'));
  return supergraphSdl;
}
