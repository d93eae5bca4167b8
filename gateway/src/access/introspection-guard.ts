import { hasProductionSurface } from '@signet/service';
import type { Session } from '@signet/session';
import { type DocumentNode, type FieldNode, GraphQLError, Kind, type SelectionSetNode } from 'graphql';
import type { GatewayConfig } from '../config.ts';
import type { Entrance } from '../entrance/entrances.ts';
import type { OperationCheck } from '../entrance/operation-plugins.ts';

type IntrospectionConfig = Pick<GatewayConfig, 'INTROSPECTION' | 'NODE_ENV' | 'SURFACE'>;

/**
 * Who may ask for the schema at an entrance: in development everybody, in production staff at their own entrance. INTROSPECTION
 * decides for everybody where it is set.
 */
export function mayIntrospect(
  { name }: Pick<Entrance, 'name'>,
  config: IntrospectionConfig,
): (session: Session) => boolean {
  const { INTROSPECTION: isOpen = !hasProductionSurface(config) } = config;
  const isOpenToStaff = name === 'portal' && config.INTROSPECTION === undefined;
  return ({ platform }) => isOpen || (isOpenToStaff && platform === 'portal');
}

/**
 * Refuses documents that hold `__schema` or `__type` anywhere, whoever's fragment or alias they stand in, from callers who may
 * not have the schema. What is remembered of a document is whether it asks; who asks is looked at for each request, since
 * documents are shared. `__typename` is for everybody.
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
      throw new GraphQLError('The schema is not shown here: leave out __schema and __type.', {
        nodes: [field],
        // Under the code and status of validation, as everywhere where a server has introspection off.
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED', http: { status: 400 } },
      });
    }
  };
}

/** Over every definition of the document, used or not. Not recursive: it is not validated yet, nor its depth known. */
function findSchemaField(document: DocumentNode): FieldNode | undefined {
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
