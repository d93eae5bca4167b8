import { hasProductionSurface, noteRefusal } from '@signet/service';
import type { Session } from '@signet/session';
import { type DocumentNode, type FieldNode, GraphQLError, Kind, type SelectionSetNode } from 'graphql';
import type { GatewayConfig } from '../config.ts';
import type { Entrance } from '../entrance/entrances.ts';
import type { OperationCheck } from '../entrance/operation-plugins.ts';

type IntrospectionConfig = Pick<GatewayConfig, 'INTROSPECTION' | 'NODE_ENV' | 'SURFACE' | 'SUPERGRAPH_FILE'>;

/**
 * Decides who may ask for the schema at an entrance: everybody in development; in production staff at their own entrance, and of somebody
 * else's graph (SUPERGRAPH_FILE) nobody. INTROSPECTION decides for everybody where it is set.
 */
export function mayIntrospect(
  { kind }: Pick<Entrance, 'kind'>,
  config: IntrospectionConfig,
): (session: Session) => boolean {
  const { INTROSPECTION: isOpen = !hasProductionSurface(config) } = config;
  const isOwnGraph = config.SUPERGRAPH_FILE === undefined;
  const isOpenToStaff = isOwnGraph && kind === 'portal' && config.INTROSPECTION === undefined;
  return ({ platform }) => isOpen || (isOpenToStaff && platform === 'portal');
}

/**
 * Refuses documents that hold `__schema` or `__type` anywhere, in any fragment and under any alias, from callers who
 * may not see the schema. Only whether a document asks is remembered. The caller is checked on each request, since
 * documents are shared. Everybody may use `__typename`.
 */
export function createIntrospectionGuard(isAllowed: (session: Session) => boolean): OperationCheck {
  const known = new WeakMap<DocumentNode, FieldNode | null>();
  return ({ document, contextValue }) => {
    if (isAllowed(contextValue.session)) {
      return;
    }
    let field = known.get(document);
    if (field === undefined) {
      field = findSchemaField(document) ?? null;
      known.set(document, field);
    }
    if (field) {
      noteRefusal(contextValue, { check: 'SCHEMA' });
      throw new GraphQLError('The schema is not shown here: leave out __schema and __type.', {
        nodes: [field],
        // The code and status of validation, which other servers use too where introspection is off.
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED', http: { status: 400 } },
      });
    }
  };
}

/**
 * Searches every definition of the document, used or not. Not recursive: the document is not validated yet, and its
 * depth is unknown.
 */
export function findSchemaField(document: DocumentNode): FieldNode | undefined {
  const open: (SelectionSetNode | undefined)[] = document.definitions.map((node) =>
    'selectionSet' in node ? node.selectionSet : undefined,
  );
  while (open.length > 0) {
    for (const selection of open.pop()?.selections ?? []) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) continue;
      if (selection.kind === Kind.FIELD && ['__schema', '__type'].includes(selection.name.value)) {
        return selection;
      }
      open.push(selection.selectionSet);
    }
  }
  return undefined;
}
