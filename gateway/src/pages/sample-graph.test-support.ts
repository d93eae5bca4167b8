import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import type { PagesOptions } from './layout.ts';
import { registerPages } from './pages.ts';

// For tests only: a graph just large enough for the pages, with the sign-in fields of the real one.

const typeDefs = `
  type Query { me: User portalMe: Staff portalHealth: String }
  type Mutation {
    login(input: LoginInput!): Tokens!
    portalLogin(input: LoginInput!): Tokens!
    refresh: Tokens!
    portalRefresh: Tokens!
    logout: Boolean!
    portalLogout: Boolean!
  }
  input LoginInput { email: String! password: String! }
  type Tokens { accessToken: String! refreshToken: String expiresIn: Int! }
  type User { id: ID! email: String! }
  type Staff { id: ID! email: String! role: String! }
`;

const password = 'correct horse battery staple';

export const sampleOptions: PagesOptions = {
  graphqlPath: '/graphql',
  sandbox: true,
  explorer: true,
  accounts: [
    { email: 'ada@example.com', password, platform: 'user', label: 'Ada' },
    { email: 'support@example.com', password, platform: 'portal', label: 'Support' },
    { email: 'operations@example.com', password, platform: 'portal', label: 'Operations' },
    { email: 'admin@example.com', password, platform: 'portal', label: 'Admin' },
  ],
  exampleOperations: [
    { name: 'Who am I', document: 'query WhoAmI {\n  me {\n    id\n    email\n  }\n}\n' },
    { name: 'Is the portal up', document: 'query PortalHealth {\n  portalHealth\n}\n' },
    {
      name: 'Sign in',
      document:
        'mutation Login($input: LoginInput!) {\n  login(input: $input) {\n    accessToken\n    expiresIn\n  }\n}\n',
      variables: { input: { email: 'ada@example.com', password } },
    },
  ],
};

type Platform = 'user' | 'portal';
type Context = {
  platform: Platform | 'none';
  email: string;
  /** The cookies of sessions, where the client asks for them. */
  cookies: { read(platform: Platform): string | undefined; write(platform: Platform, email: string): void };
};

/** A server with the pages and the graph, not listening yet. */
export async function createSampleServer(options: PagesOptions = sampleOptions): Promise<FastifyInstance> {
  const apollo = new ApolloServer<Context>({
    typeDefs,
    resolvers: {
      Query: {
        me: (_parent, _args, ctx: Context) => ({ id: '1', email: requirePlatform('user', ctx) }),
        portalMe: (_parent, _args, ctx: Context) => ({
          id: '2',
          email: requirePlatform('portal', ctx),
          role: 'support',
        }),
        portalHealth: (_parent, _args, ctx: Context) => requirePlatform('portal', ctx) && 'ok',
      },
      Mutation: {
        login: (_parent, args, ctx: Context) => signIn('user', args.input, options, ctx),
        portalLogin: (_parent, args, ctx: Context) => signIn('portal', args.input, options, ctx),
        refresh: (_parent, _args, ctx: Context) => renew('user', ctx),
        portalRefresh: (_parent, _args, ctx: Context) => renew('portal', ctx),
        logout: (_parent, _args, ctx: Context) => signOut('user', ctx),
        portalLogout: (_parent, _args, ctx: Context) => signOut('portal', ctx),
      },
    },
    introspection: true,
    plugins: [ApolloServerPluginLandingPageDisabled()],
  });
  await apollo.start();
  const server = Fastify();
  server.addHook('onClose', () => apollo.stop());
  registerPages(server, options);
  server.post(
    '/graphql',
    fastifyApolloHandler(apollo, {
      context: async (request, reply) => ({
        ...readToken(request.headers.authorization),
        cookies: createCookies(request, reply),
      }),
    }),
  );
  return server;
}

type Credentials = { email: string; password: string };

function signIn(
  platform: Platform,
  credentials: Credentials,
  { accounts }: PagesOptions,
  { cookies }: Context,
) {
  const known = accounts.some(
    (account) =>
      account.platform === platform &&
      account.email === credentials.email &&
      account.password === credentials.password,
  );
  if (!known)
    throw refusal('UNAUTHENTICATED', 'auth.failure.invalid_credentials', 'The credentials are not valid.');
  cookies.write(platform, credentials.email);
  return createTokens(platform, credentials.email);
}

function createTokens(platform: Platform, email: string) {
  return { accessToken: `sample.${platform}.${email}`, refreshToken: null, expiresIn: 900 };
}

function renew(platform: Platform, { cookies }: Context) {
  const email = cookies.read(platform);
  if (!email) throw refusal('UNAUTHENTICATED', 'auth.failure.missing_token', 'No session.');
  return createTokens(platform, email);
}

function signOut(platform: Platform, { cookies }: Context): boolean {
  cookies.write(platform, '');
  return true;
}

function createCookies(request: FastifyRequest, reply: FastifyReply): Context['cookies'] {
  const isAsked = request.headers['signet-session'] === 'cookie';
  return {
    read(platform) {
      const found = new RegExp(`sample-${platform}=([^;]*)`).exec(request.headers.cookie ?? '');
      return isAsked ? found?.[1] : undefined;
    },
    write(platform, email) {
      if (isAsked) reply.header('set-cookie', `sample-${platform}=${email}; HttpOnly; SameSite=Lax; Path=/`);
    },
  };
}

function readToken(authorization: string | undefined): Omit<Context, 'cookies'> {
  if (authorization === undefined) return { platform: 'none', email: '' };
  const token = /^Bearer sample\.(user|portal)\.(.+)$/.exec(authorization);
  if (token === null) {
    throw refusal('UNAUTHENTICATED', 'auth.failure.malformed', 'The access token is malformed.', 401);
  }
  return { platform: token[1] as 'user' | 'portal', email: token[2] ?? '' };
}

function requirePlatform(platform: 'user' | 'portal', ctx: Context): string {
  if (ctx.platform === platform) return ctx.email;
  if (ctx.platform === 'none')
    throw refusal('UNAUTHENTICATED', 'auth.failure.missing_token', 'Sign in first.');
  const text = `This field requires a '${platform}' token. Received a '${ctx.platform}' token.`;
  throw refusal('FORBIDDEN', 'authz.platform.deny', text);
}

function refusal(code: string, reason: string, text: string, status?: number): GraphQLError {
  return new GraphQLError(text, { extensions: { code, reason, ...(status && { http: { status } }) } });
}
