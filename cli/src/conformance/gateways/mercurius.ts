import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  print,
} from 'graphql';
import { type GatewayAdapter, type GatewaySetting, notOfOthers } from './gateway.ts';
import { formatImports, installPeer, writePeerScript } from './peers.ts';

// By https://github.com/mercurius-js/auth/blob/main/docs/federation.md: mercurius-auth in the gateway, once for each directive, with a
// function that judges the directive's arguments. The token is verified by jose.
const script = `
import { readFileSync } from 'node:fs';
${formatImports({
  '@mercuriusjs/gateway': 'mercuriusGateway',
  fastify: 'Fastify',
  graphql: '{ valueFromASTUntyped }',
  jose: '{ createRemoteJWKSet, jwtVerify }',
  'mercurius-auth': 'mercuriusAuth',
})}

const { PORT, SERVICES, JWKS_URL, ISSUER, AUDIENCE } = process.env;
const keys = createRemoteJWKSet(new URL(JWKS_URL));
const app = Fastify();

app.decorateRequest('claims', null);
app.addHook('onRequest', async (request, reply) => {
  const token = request.headers.authorization?.replace(/^Bearer /, '');
  if (!token) return;
  try {
    const { payload } = await jwtVerify(token, keys, { issuer: ISSUER, audience: AUDIENCE });
    request.claims = payload;
  } catch {
    return reply.code(401).send({ errors: [{ message: 'Invalid token' }] });
  }
});
await app.register(mercuriusGateway, { gateway: { services: JSON.parse(readFileSync(SERVICES, 'utf8')) } });

const holds = (directives, name, held) =>
  [directives].flat().every((directive) => {
    const argument = directive.arguments.find((one) => one.name.value === name);
    return valueFromASTUntyped(argument.value).some((all) => all.every((one) => held.includes(one)));
  });
const rules = {
  authenticated: (_directives, claims) => claims !== null,
  requiresScopes: (directives, claims) => holds(directives, 'scopes', (claims?.scope ?? '').split(' ')),
  policy: (directives, claims) => holds(directives, 'policies', claims?.policies ?? []),
};
for (const [authDirective, judge] of Object.entries(rules)) {
  await app.register(mercuriusAuth, {
    authDirective,
    authContext: (context) => ({ claims: context.reply.request.claims }),
    applyPolicy: async (directives, _parent, _args, context) => judge(directives, context.reply.request.claims),
  });
}
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
`;

/** Mercurius composes Federation 1 by itself, so that it gets the subgraphs in that form. */
export function createMercuriusAdapter(options: {
  folder?: string | undefined;
  say(line: string): void;
}): GatewayAdapter {
  const { folder, version } = installPeer(
    {
      name: 'mercurius',
      packages: {
        '@mercuriusjs/gateway': '5.2.0',
        mercurius: '16.10.1',
        'mercurius-auth': '6.0.0',
        fastify: '5.12.8',
        graphql: '16.12.0',
        jose: '6.2.17',
      },
    },
    options,
  );
  const federation1 = 'it knows Federation 1 only, which has no';
  return {
    title: `Mercurius (@mercuriusjs/gateway ${version}, mercurius-auth)`,
    lacks: {
      '@recentAuth': notOfOthers,
      '@callers': notOfOthers,
      'rules of two subgraphs': `${federation1} fields of two subgraphs`,
      'renamed imports': `${federation1} @link`,
      '@requires': 'it asks for these fields without those that they require, whatever the rules',
      'rules on interfaces, from earlier composition': 'it composes by itself and reads no supergraph',
    },
    process: ({ port, folder: own, graph, subgraphs, issuer }) => {
      const services = writePeerScript(
        own,
        `services-${graph}.json`,
        JSON.stringify(toFederation1(subgraphs)),
      );
      return {
        command: process.execPath,
        args: [writePeerScript(folder, 'conformance-mercurius.mjs', script)],
        cwd: folder,
        path: '/graphql',
        env: {
          PORT: String(port),
          SERVICES: services,
          JWKS_URL: issuer.jwksUrl,
          ISSUER: issuer.issuer,
          AUDIENCE: issuer.audience,
        },
      };
    },
  };
}

const definitions = `
  directive @authenticated on OBJECT | FIELD_DEFINITION | INTERFACE | SCALAR | ENUM
  directive @requiresScopes(scopes: [[String!]!]!) on OBJECT | FIELD_DEFINITION | INTERFACE | SCALAR | ENUM
  directive @policy(policies: [[String!]!]!) on OBJECT | FIELD_DEFINITION | INTERFACE | SCALAR | ENUM`;
const roots = ['Query', 'Mutation', 'Subscription'];

/**
 * Each type and root field in one subgraph only, an entity of another as `extend type` with its key `@external`, without `@link` and
 * `@shareable`.
 */
function toFederation1(subgraphs: GatewaySetting['subgraphs']) {
  const known = new Set<string>();
  return Object.entries(subgraphs).map(([name, { url, sdl }]) => {
    const document: DocumentNode = {
      kind: Kind.DOCUMENT,
      definitions: parse(sdl).definitions.flatMap((node) => {
        if (node.kind === Kind.SCHEMA_EXTENSION) return [];
        return node.kind === Kind.OBJECT_TYPE_DEFINITION ? convertType(node, known) : [node];
      }),
    };
    return { name, url, schema: `${definitions}\n${print(document)}` };
  });
}

function convertType(node: ObjectTypeDefinitionNode, known: Set<string>): DocumentNode['definitions'] {
  const typeName = node.name.value;
  const isKnown = known.has(typeName);
  const isRoot = roots.includes(typeName);
  const fields = (node.fields ?? []).filter(({ name }) => !isRoot || !known.has(`${typeName}.${name.value}`));
  known.add(typeName);
  for (const { name } of fields) known.add(`${typeName}.${name.value}`);
  const directives = withoutShareable(node.directives);
  const isEntity = directives.some(({ name }) => name.value === 'key');
  if (isKnown && !isEntity && !isRoot) return [];
  const converted = fields.map((field) => convertField(field, isKnown && isEntity));
  return isRoot || isKnown
    ? [{ ...node, kind: Kind.OBJECT_TYPE_EXTENSION, directives, fields: converted }]
    : [{ ...node, directives, fields: converted }];
}

function convertField(field: FieldDefinitionNode, isExtension: boolean): FieldDefinitionNode {
  const directives = withoutShareable(field.directives);
  const external: ConstDirectiveNode = { kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: 'external' } };
  return {
    ...field,
    directives: isExtension && field.name.value === 'id' ? [...directives, external] : directives,
  };
}

function withoutShareable(directives: readonly ConstDirectiveNode[] = []): ConstDirectiveNode[] {
  return directives.filter(({ name }) => name.value !== 'shareable');
}
