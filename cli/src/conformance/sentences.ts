const router = 'https://www.apollographql.com/docs/graphos/routing/security/authorization';
const subgraphSpecification =
  'https://www.apollographql.com/docs/graphos/reference/federation/subgraph-specific-fields';
const graphql = 'https://spec.graphql.org/October2021';

export type Sentence = { text: string; link: string };

/**
 * What the cases stand on, word for word. The access directives are specified by the documentation of Apollo's router, which
 * defined them; what an operation means by GraphQL's own specification; tokens by their RFCs.
 */
export const sentences = {
  authenticated: {
    text: 'The @authenticated directive marks specific fields and types as requiring authentication.',
    link: `${router}#authenticated`,
  },
  validToken: {
    text: "It works by checking for the apollo::authentication::jwt_claims key in a request's context, that is added either by the JWT authentication plugin, when the request contains a valid JWT, or by an authentication coprocessor.",
    link: `${router}#authenticated`,
  },
  wholeQuery: {
    text: 'If the key exists, it means the request is authenticated, and the router executes the query in its entirety.',
    link: `${router}#authenticated`,
  },
  removed: {
    text: "If the request is unauthenticated, the router removes @authenticated fields before planning the query and only executes the parts of the query that don't require authentication.",
    link: `${router}#authenticated`,
  },
  notResolved: {
    text: 'For an unauthenticated request, the router doesn\'t attempt to resolve the top-level me query, nor the views for the post with id: "1234".',
    link: `${router}#example-authenticated-use-case`,
  },
  shape: {
    text: "The response retains the initial request's shape but returns null for unauthorized fields and applies the standard GraphQL null propagation rules.",
    link: `${router}#example-authenticated-use-case`,
  },
  everyField: {
    text: 'If every requested field requires authentication and a request is unauthenticated, the router generates an error indicating that the query is unauthorized.',
    link: `${router}#example-authenticated-use-case`,
  },
  locations: {
    text: 'directive @authenticated on OBJECT | FIELD_DEFINITION | INTERFACE | SCALAR | ENUM',
    link: `${router}#usage-1`,
  },
  scopeLocations: {
    text: 'directive @requiresScopes(scopes: [[federation__Scope!]!]!) on OBJECT | FIELD_DEFINITION | INTERFACE | SCALAR | ENUM',
    link: `${router}#usage`,
  },
  scopes: {
    text: 'The @requiresScopes directive marks fields and types as restricted based on required scopes.',
    link: `${router}#requiresscopes`,
  },
  scopesFilter: {
    text: 'Depending on the scopes present on the request, the router filters out unauthorized fields and types.',
    link: `${router}#requiresscopes`,
  },
  scopeClaim: {
    text: "The claims object's scope key's value should be a space-separated string of scopes in the format defined by the OAuth2 RFC for access token scopes.",
    link: `${router}#requiresscopes`,
  },
  scopesAnd: {
    text: 'A request must include all elements in the inner-level scopes array to resolve the associated field or type.',
    link: `${router}#combining-required-scopes-with-andor-logic`,
  },
  scopesOr: {
    text: 'You can use nested arrays to introduce OR logic: […] a request would need scope1 OR scope2 OR scope3 to be authorized.',
    link: `${router}#combining-required-scopes-with-andor-logic`,
  },
  scopesMixed: {
    text: 'This syntax requires requests to have either (scope1 AND scope2) OR just scope3 to be authorized.',
    link: `${router}#combining-required-scopes-with-andor-logic`,
  },
  scopesError: {
    text: 'The response would include an error at the /users/@/email path since that field requires the read:emails scope.',
    link: `${router}#example-requiresscopes-use-case`,
  },
  policy: {
    text: 'The @policy directive marks fields and types as restricted based on authorization policies evaluated in a Rhai script or coprocessor.',
    link: `${router}#policy`,
  },
  policyNull: {
    text: 'If the value is left to null, it will be treated as false by the router.',
    link: `${router}#policy`,
  },
  policyStops: {
    text: 'If no field of a subgraph query passes its authorization policies, the router stops further processing of the query and precludes unauthorized subgraph requests.',
    link: `${router}#policy`,
  },
  policiesAnd: {
    text: 'Authorization validation uses AND logic between the elements in the inner-level policies array, where a request must include all elements in the inner-level policies array to resolve the associated field or type.',
    link: `${router}#combining-policies-with-andor-logic`,
  },
  policiesOr: {
    text: 'Alternatively, to introduce OR logic you can use nested arrays.',
    link: `${router}#combining-policies-with-andor-logic`,
  },
  policiesMixed: {
    text: 'For the following example, its syntax requires requests to have either (policy1 AND policy2) OR just policy3 to be authorized.',
    link: `${router}#combining-policies-with-andor-logic`,
  },
  mergedDifferent: {
    text: 'If a shared field uses different authorization directives across subgraphs, composition merges them using AND logic.',
    link: `${router}#composed-fields-with-different-authorization-directives`,
  },
  mergedSame: {
    text: 'If a shared field uses the same authorization directives across subgraphs, composition merges them using AND logic.',
    link: `${router}#composed-fields-with-the-same-authorization-directives`,
  },
  mergedAlternatives: {
    text: 'Since the read:admin scope by itself subsumes the other requirement, we drop the redundant requirements to arrive at the final scope.',
    link: `${router}#combining-andor-logic-with-requiresscopes`,
  },
  composed: {
    text: 'In other words, if subgraph fields or types include @requiresScopes, @authenticated, or @policy directives, they are set on the supergraph too.',
    link: `${router}#composition-and-federation`,
  },
  key: {
    text: 'If you use authorization directives on fields defined in @key directives, Apollo still uses those fields to compose entities between the subgraphs, but the client cannot query them directly.',
    link: `${router}#authorization-and-key-fields`,
  },
  interfaces: {
    text: 'If a type implementing an interface requires authorization, unauthorized requests cannot query fields on the interface.',
    link: `${router}#authorization-and-interfaces`,
  },
  interfacesAnd: {
    text: "To successfully query the interface's fields, the request must meet all of those authorization requirements, which are combined with AND logic.",
    link: `${router}#polymorphic-types-with-different-requirements`,
  },
  interfaceParts: {
    text: "The router would filter out the authenticated parts of the query, leaving only the fields that don't require authentication.",
    link: `${router}#polymorphic-types-with-different-requirements`,
  },
  introspection: {
    text: "Authorization directives don't affect introspection. All fields that require authorization remain visible. However, directives applied to fields aren't visible.",
    link: `${router}#introspection`,
  },
  deduplication: {
    text: 'Query deduplication takes authorization into account. First, the router groups unauthenticated queries together. Then it groups authenticated queries by their required scope set.',
    link: `${router}#query-deduplication`,
  },
  imported: {
    text: 'To use the @authenticated directive in a subgraph, you can import it from the @link directive.',
    link: `${router}#usage-1`,
  },
  interfaceRule: {
    text: "Federation v2.9 and above doesn't allow @authenticated on interfaces.",
    link: `${router}#usage-1`,
  },
  persisted: {
    text: 'After any client sends a query string to persist, every client that executes that query can then benefit from APQ.',
    link: 'https://www.apollographql.com/docs/apollo-server/performance/apq',
  },
  transitive: {
    text: 'A fix to composition logic in Federation now enforces that dependent fields match the access control requirements from of the fields they reference.',
    link: 'https://osv.dev/vulnerability/GHSA-m8jr-fxqx-8xx6',
  },
  entities: {
    text: 'The graph router uses this root-level Query field to directly fetch fields of entities defined by a subgraph.',
    link: `${subgraphSpecification}#query_entities`,
  },
  skip: {
    text: 'The @skip built-in directive may be provided for fields, fragment spreads, and inline fragments, and allows for conditional exclusion during execution as described by the if argument.',
    link: `${graphql}/#sec--skip`,
  },
  skipStep: {
    text: "If skipDirective's if argument is true or is a variable in variableValues with the value true, continue with the next selection in selectionSet.",
    link: `${graphql}/#sec-Field-Collection`,
  },
  includeStep: {
    text: "If includeDirective's if argument is not true and is not a variable in variableValues with the value true, continue with the next selection in selectionSet.",
    link: `${graphql}/#sec-Field-Collection`,
  },
  responseKey: {
    text: 'Let responseKey be the response key of selection (the alias if defined, otherwise the field name).',
    link: `${graphql}/#sec-Field-Collection`,
  },
  collected: {
    text: 'This ensures all fields with the same response key (including those in referenced fragments) are executed at the same time.',
    link: `${graphql}/#sec-Field-Collection`,
  },
  serial: {
    text: 'When executing a mutation, the selections in the top most selection set will be executed in serial order, starting with the first appearing field textually.',
    link: `${graphql}/#sec-Normal-and-Serial-Execution`,
  },
  recentAuth: {
    text: 'Only with an access token whose `auth_time` is at most so many seconds old: the person proved recently who they are. 30 to 86400. Where two such rules hold, the smaller number decides.',
    link: 'https://specs.signet.dev/access/v1.1',
  },
  callers: {
    text: 'Whom the rule beside it admits. A rule without this admits persons only. Where several such rules hold, on a type, its field or in several subgraphs, who is in each of them is admitted. `@public` alone admits everybody.',
    link: 'https://specs.signet.dev/access/v1.2',
  },
  insufficientAuthentication: {
    text: 'The authentication event associated with the access token presented with the request does not meet the authentication requirements of the protected resource.',
    link: 'https://www.rfc-editor.org/rfc/rfc9470#section-3',
  },
  maxAge: {
    text: 'This value indicates the allowable elapsed time in seconds since the last active authentication event associated with the access token.',
    link: 'https://www.rfc-editor.org/rfc/rfc9470#section-3',
  },
  authTime: {
    text: 'Time when the End-User authentication occurred.',
    link: 'https://openid.net/specs/openid-connect-core-1_0.html#IDToken',
  },
  algorithm: {
    text: 'Libraries MUST enable the caller to specify a supported set of algorithms and MUST NOT use any other algorithms when performing cryptographic operations.',
    link: 'https://www.rfc-editor.org/rfc/rfc8725#section-3.1',
  },
} as const satisfies Readonly<Record<string, Sentence>>;

export type SentenceName = keyof typeof sentences;
