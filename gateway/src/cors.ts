/** What pages of the listed origins may send and read. No cookies: sessions are in the Authorization header. */
export function corsOptions(origins: readonly string[]) {
  return {
    origin: [...origins],
    methods: ['GET', 'POST'],
    allowedHeaders: [
      'authorization',
      'content-type',
      'x-tenant',
      'apollo-require-preflight',
      'x-apollo-operation-name',
    ],
    exposedHeaders: ['www-authenticate', 'retry-after'],
    maxAge: 600,
  };
}
