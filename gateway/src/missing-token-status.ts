import type { ApolloServerPlugin } from '@apollo/server';
import type { GatewayContext } from './request-context.ts';

/**
 * An operation of nobody of which nothing could be answered, since every field asks for a token, is 401 as a whole. The
 * challenge carries no error code: the request had no credentials (RFC 6750, section 3.1).
 */
export const missingTokenStatus: ApolloServerPlugin<GatewayContext> = {
  async requestDidStart() {
    return {
      async willSendResponse({ contextValue, response }) {
        if (contextValue.session.platform !== 'none' || response.body.kind !== 'single') {
          return;
        }
        const { data, errors = [] } = response.body.singleResult;
        const isUnanswered = Object.values(data ?? {}).every((value) => value === null);
        const needsToken = errors.some((error) => error.extensions?.reason === 'auth.failure.missing_token');
        if (isUnanswered && needsToken) {
          response.http.status = 401;
          response.http.headers.set('www-authenticate', 'Bearer');
        }
      },
    };
  },
};
