import type { ConstDirectiveNode, DocumentNode } from 'graphql';
import { nameInSchema, readSpecLinks } from './spec-links.ts';

const inaccessible = 'https://specs.apollo.dev/inaccessible';

/** What in a supergraph is for routers and not for clients. */
export type ElementNames = {
  /** Whether one of the directives hides an element: `@inaccessible`, under the name that it has here. */
  isHidden(directives: readonly ConstDirectiveNode[] | undefined): boolean;
  /** Whether a type belongs to a linked specification: `join__Graph`. */
  isOfSpecification(typeName: string): boolean;
};

export function readElementNames(supergraph: DocumentNode): ElementNames {
  const links = readSpecLinks(supergraph);
  const hiding = links
    .filter(({ identity }) => identity === inaccessible)
    .map((link) => nameInSchema(link, 'inaccessible'));
  const prefixes = new Set(links.map(({ prefix }) => prefix));
  return {
    isHidden: (directives = []) => directives.some(({ name }) => hiding.includes(name.value)),
    isOfSpecification: (name) => {
      const end = name.indexOf('__');
      return end >= 0 && prefixes.has(name.slice(0, end));
    },
  };
}
