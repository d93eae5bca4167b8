// Hive Gateway 2 on the graph of one entrance: hive-gateway supergraph --config-path gateway.config.mjs. Needs jose.
import { readFileSync } from 'node:fs';
import { createRemoteJWKSet, decodeJwt, errors, jwtVerify } from 'jose';

const env = process.env;
const { SUPERGRAPH = 'graph.graphql', SIGNER_SECRET, ISSUER_URL, PLATFORMS = 'user,portal' } = env;

/** The issuers of this entrance. Each has keys and an audience of its own, so a token counts on its own platform only. */
const issuers = new Map(
  PLATFORMS.split(',').map((platform) => [
    `${ISSUER_URL}/${platform}`,
    {
      platform,
      audience: `signet:${platform}`,
      keys: createRemoteJWKSet(new URL(env[`${platform.toUpperCase()}_JWKS_URL`])),
    },
  ]),
);

/**
 * The claims of the bearer token; undefined without one. The gateway's own JWT plugin does not know EdDSA, so jose verifies.
 *
 * @throws {Error} for a token that is not valid here, or when its keys cannot be had.
 */
async function readToken(request) {
  const authorization = request.headers.get('authorization');
  if (!authorization) return undefined;
  const token = /^Bearer (\S+)$/i.exec(authorization)?.[1] ?? '';
  const issuer = issuers.get(decodeJwt(token).iss);
  if (!issuer) throw new errors.JWTClaimValidationFailed('another issuer', {}, 'iss');
  const { payload } = await jwtVerify(token, issuer.keys, {
    audience: issuer.audience,
    typ: 'at+jwt',
    algorithms: ['EdDSA', 'Ed25519', 'ES256', 'RS256'],
    requiredClaims: ['exp', 'sub'],
  });
  if (payload.platform !== issuer.platform) {
    throw new errors.JWTClaimValidationFailed('another platform', payload, 'iss');
  }
  return payload;
}

/** Signet's words for what jose says. Undefined: nobody could verify the token, which is no fault of the caller. */
function reasonOf({ code, claim }) {
  if (claim === 'iss') return 'auth.failure.issuer_mismatch';
  if (claim === 'aud') return 'auth.failure.audience_mismatch';
  if (code === 'ERR_JWT_EXPIRED') return 'auth.failure.expired';
  if (code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') return 'auth.failure.invalid_signature';
  if (code === 'ERR_JWKS_NO_MATCHING_KEY') return 'auth.failure.unknown_key';
  return /^ERR_(JWT|JWS)_|^ERR_JOSE_(ALG|NOT)/.test(code ?? '') ? 'auth.failure.malformed' : undefined;
}

const claims = new WeakMap();

/** Refuses a bad token before anything runs, as Signet's own gateway does. */
const tokens = {
  async onRequest({ request, url, endResponse, fetchAPI }) {
    if (url.pathname !== '/graphql') return;
    try {
      claims.set(request, await readToken(request));
    } catch (error) {
      const reason = reasonOf(error);
      const [status, code, message, headers] = reason
        ? [
            401,
            'UNAUTHENTICATED',
            'The access token is not valid.',
            { 'www-authenticate': 'Bearer error="invalid_token"' },
          ]
        : [503, 'SERVICE_UNAVAILABLE', 'Try again in a moment.', { 'retry-after': '2' }];
      const extensions = { code, reason: reason ?? 'auth.unavailable' };
      endResponse(fetchAPI.Response.json({ errors: [{ message, extensions }] }, { status, headers }));
    }
  },
};

/** Every policy that the graph names: only the subgraph has the object, and decides. */
const policies = [
  ...new Set(readFileSync(SUPERGRAPH, 'utf8').match(/(?<=@policy\(policies: )\[\[.*?\]\]/g)),
].flatMap((lists) => JSON.parse(lists).flat());

/** What the client says about itself, for Signet-Context. No cookie: those are between a page and Signet's own entrance. */
const passedOn = [
  'authorization',
  'origin',
  'user-agent',
  'x-tenant',
  'x-request-id',
  'x-forwarded-for',
  'forwarded',
  'signet-session',
];

export const gatewayConfig = {
  supergraph: SUPERGRAPH,
  plugins: () => [tokens],
  genericAuth: {
    mode: 'protect-granular',
    resolveUserFn: ({ request }) => claims.get(request),
    extractScopes: (user) => user?.scope?.split(' ') ?? [],
    extractPolicies: () => policies,
  },
  propagateHeaders: {
    fromClientToSubgraphs: ({ request }) => ({
      'signet-signer': SIGNER_SECRET,
      ...Object.fromEntries(
        passedOn.map((name) => [name, request.headers.get(name)]).filter(([, value]) => value !== null),
      ),
    }),
  },
  // A mutation that is sent twice runs twice: the signer signs each attempt anew.
  upstreamRetry: { maxRetries: 0 },
  disableIntrospection: env.NODE_ENV === 'production' ? {} : undefined,
  landingPage: false,
  graphiql: false,
};
