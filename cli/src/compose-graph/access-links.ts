import { nameInSchema, readSpecLinks } from '@signet/access';
import { accessDirectives } from '@signet/subgraph/guards/access-directives';
import { type DocumentNode, Kind, parse, visit } from 'graphql';
import { accessRules } from './lost-rules.ts';

const federation = 'https://specs.apollo.dev/federation';
const access = 'https://specs.signet.dev/access';

/** Whether the SDL links the specification of `@public`, `@platform`, `@callers` and `@recentAuth`. Only then is `@platform` the rule of that name. */
export function linksToAccess(sdl: DocumentNode): boolean {
  return readSpecLinks(sdl).some(({ identity }) => identity === access);
}

/**
 * The name by which a subgraph's SDL calls a directive of federation: `tag`, or `federation__tag` where its link does not import it. By the
 * bare name in federation 1, which has no link.
 */
export function federationName(sdl: DocumentNode, directive: string): string {
  const link = readSpecLinks(sdl).find(({ identity }) => identity === federation);
  return link ? nameInSchema(link, directive) : directive;
}

/**
 * Adds the definitions and the link of `@public`, `@platform`, `@callers` and `@recentAuth` to SDL of federation 2 that uses one of them and neither defines nor links
 * any directive of that name: `@signet/subgraph` adds them when the subgraph starts, so they are not in its file.
 */
export function declareAccess(sdl: DocumentNode): DocumentNode {
  const links = readSpecLinks(sdl);
  const isFederation2 = links.some(({ identity }) => identity === federation);
  const isTaken = sdl.definitions.some(
    (node) => node.kind === Kind.DIRECTIVE_DEFINITION && isOurs(node.name.value),
  );
  const isImported = links.some(({ imports }) => imports.some(({ as }) => isOurs(as.slice(1))));
  if (!isFederation2 || isTaken || isImported || linksToAccess(sdl) || !usesAccess(sdl)) return sdl;
  const composeDirective = federationName(sdl, 'composeDirective');
  const added = visit(parse(accessDirectives, { noLocation: true }), {
    Directive: (node) =>
      node.name.value === 'composeDirective'
        ? { ...node, name: { ...node.name, value: composeDirective } }
        : undefined,
  });
  return { ...sdl, definitions: [...added.definitions, ...sdl.definitions] };
}

function usesAccess(sdl: DocumentNode): boolean {
  let isUsed = false;
  visit(sdl, {
    Directive: ({ name }) => {
      isUsed ||= isOurs(name.value);
    },
  });
  return isUsed;
}

function isOurs(name: string): boolean {
  return accessRules.includes(name);
}
