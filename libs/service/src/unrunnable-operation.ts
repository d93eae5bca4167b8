import { type ApolloServerPlugin, HeaderMap } from '@apollo/server';

/**
 * Refuses a request in which there is nothing to run: no operation has the name that it gives, or the schema has no such
 * kind of operation (validation does not object to `subscription { x }`). Executing it would be a fault of ours.
 */
export const refuseUnrunnableOperation: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async responseForOperation({ schema, operation }) {
        // Undefined where no operation has the name; Apollo's types leave that out.
        const kind = (operation as typeof operation | undefined)?.operation;
        if (kind === undefined) {
          return refuse(
            'OPERATION_RESOLUTION_FAILURE',
            'Name the one operation of the document that is to run.',
          );
        }
        return schema.getRootType(kind)
          ? null
          : refuse('BAD_REQUEST', `This server has no ${kind} operations.`);
      },
    };
  },
};

function refuse(code: string, message: string) {
  return {
    http: { status: 400, headers: new HeaderMap() },
    body: { kind: 'single' as const, singleResult: { errors: [{ message, extensions: { code } }] } },
  };
}
