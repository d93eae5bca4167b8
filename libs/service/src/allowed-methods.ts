import type { FastifyInstance, FastifyRequest } from 'fastify';
import { pathOf } from './request-target.ts';

/**
 * Follows the routes that are added from now on. Gives, for a request that no route took, the methods that its path knows
 * (RFC 9110, section 15.5.6), or nothing where the path itself is unknown or its route has declined.
 */
export function followAllowedMethods(
  server: FastifyInstance,
): (request: FastifyRequest) => string | undefined {
  const methodsByPath = new Map<string, Set<string>>();
  server.addHook('onRoute', ({ url, method }) => {
    const methods = methodsByPath.get(url) ?? new Set();
    for (const name of [method].flat()) methods.add(name);
    methodsByPath.set(url, methods);
  });
  return ({ url, method }) => {
    const methods = methodsByPath.get(pathOf(url));
    return methods === undefined || methods.has(method) ? undefined : [...methods, 'OPTIONS'].join(', ');
  };
}
