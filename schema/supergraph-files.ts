import { join } from 'node:path';

/** The schema of each entrance: `graph` is everything, the others leave out what is only for the other platform. */
export const variants = ['graph', 'user', 'portal'] as const;
export type Variant = (typeof variants)[number];

const fileNames: Record<Variant, string> = {
  graph: 'supergraph.graphql',
  user: 'user.graphql',
  portal: 'portal.graphql',
};

/** Where a composed schema lies. Its subgraph URLs lead nowhere; processes get the real ones by configuration. */
export function supergraphPath(variant: Variant): string {
  return join(import.meta.dirname, 'generated', fileNames[variant]);
}
