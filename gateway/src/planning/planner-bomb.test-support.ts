import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';

const names = ['one', 'two', 'three', 'four'] as const;

/**
 * The supergraph of a chain whose links four subgraphs share, while only the first has its start and only the last its end.
 * At each link the planner may go over to any of the others, and it weighs every way: seven links take 1.4 s, eight 7.7 s,
 * ten more than a minute (Apollo's query planner 2.14.4).
 */
export function composeChain(): string {
  const services = names.map((name, index) => ({
    name,
    url: `http://${name}.invalid`,
    typeDefs: linkOf(index),
  }));
  const { supergraphSdl, errors } = composeServices(services);
  if (!supergraphSdl) {
    throw new Error(`The chain does not compose: ${errors?.map(({ message }) => message).join(', ')}`);
  }
  return supergraphSdl;
}

function linkOf(index: number) {
  return parse(`
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])
    type Query { ${index === 0 ? 'a: Link' : `only${index}: Int`} }
    type Link @key(fields: "id") {
      id: ID! @shareable
      a: Link @shareable
      ${index === names.length - 1 ? 'b: Int' : ''}
    }
  `);
}

/** `{a{a{b}}}` has two links. */
export function chainOf(links: number, label = ''): string {
  return `${'{a'.repeat(links)}{b}${'}'.repeat(links)}${label && ` #${label}`}`;
}
