import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema, type DocumentNode, execute, type GraphQLSchema, Kind, parse, validate } from 'graphql';

/** A little of everything that the attacks ask for, without a rule on any of it. */
const schema: GraphQLSchema = buildSchema(`
  scalar _Any
  type _Service { sdl: String! }
  type Money { amount: Int }
  type Stock { available: Int onHand: Int reserved: Int }
  type Category { id: ID }
  type Product { id: ID name: String price: Money stock: Stock category: Category }
  type ProductEdge { node: Product }
  type Products { totalCount: Int edges: [ProductEdge] }
  type Item { product: Product }
  type Note { body: String author: Staff }
  type NoteEdge { node: Note }
  type PageInfo { hasNextPage: Boolean }
  type Notes { edges: [NoteEdge] pageInfo: PageInfo }
  type Order { id: ID total: Money items: [Item] customer: User }
  type OrderEdge { node: Order }
  type Orders { edges: [OrderEdge] }
  type User {
    id: ID email: String emailVerified: Boolean createdAt: String orders(first: Int): Orders
    supportNotes(first: Int): Notes
  }
  type Session { id: ID current: Boolean address: String }
  type Staff { id: ID email: String role: StaffRole }
  type StaffEdge { node: Staff }
  type StaffMembers { edges: [StaffEdge] }
  type Event { kind: String }
  type EventEdge { node: Event }
  type Events { edges: [EventEdge] }
  type CustomerEdge { node: User }
  type Customers { totalCount: Int edges: [CustomerEdge] }
  enum StaffRole { support operations super_admin }
  input ProductFilter { text: String }
  input AuditLogFilter { kind: String actorId: ID }
  input LogoutInput { refreshToken: String }
  input LoginInput { email: String password: String deviceToken: String }
  input ReauthenticateInput { password: String }
  input RegisterInput { email: String password: String }
  input RefreshInput { refreshToken: String }
  input PlaceOrderInput { idempotencyKey: String items: [_Any] }
  enum Sort { PRICE_ASC }
  input VerifyEmailInput { token: String }
  input ConfirmEmailInput { token: String }
  input UndoEmailInput { token: String }
  input ResetPasswordInput { token: String newPassword: String }
  input CompleteChallengeInput { id: String totp: String }
  input AcceptInvitationInput { token: String password: String }
  input ImpersonateCustomerInput { customerId: ID reasonClass: String reason: String ticket: String }
  input BeginImpersonationInput { grant: String }
  input UpstreamSignInInput { code: String verifier: String }
  type Grant { grant: String }
  type Verification { verified: Boolean }
  type Reset { endedSessions: Int }
  type Payload { accessToken: String refreshToken: String expiresIn: Int deviceToken: String }
  type Query {
    me: User mySessions: [Session] myOrders(first: Int): Orders order(id: ID!): Order categories: [Category]
    products(first: Int, after: String, filter: ProductFilter, sort: Sort): Products
    portalHealth: String portalMe: Staff customer(id: ID!): User
    customers(first: Int, after: String, search: String): Customers auditLog(filter: AuditLogFilter): Events staffMembers: StaffMembers
    _service: _Service _entities(representations: [_Any!]!): [User]
  }
  type Mutation {
    register(input: RegisterInput): Payload login(input: LoginInput): Payload portalLogin(input: LoginInput): Payload refresh(input: RefreshInput): Payload reauthenticate(input: ReauthenticateInput): Payload
    portalRefresh(input: RefreshInput): Payload portalLogout(input: LogoutInput): Boolean acceptInvitation(input: AcceptInvitationInput): Payload
    verifyEmail(input: VerifyEmailInput): Verification verifyPortalEmail(input: VerifyEmailInput): Verification
    confirmEmail(input: ConfirmEmailInput): Verification confirmPortalEmail(input: ConfirmEmailInput): Verification
    undoEmail(input: UndoEmailInput): Boolean undoPortalEmail(input: UndoEmailInput): Boolean
    impersonateCustomer(input: ImpersonateCustomerInput): Grant beginImpersonation(input: BeginImpersonationInput): Payload
    completeUpstreamSignIn(input: UpstreamSignInInput): Payload completePortalUpstreamSignIn(input: UpstreamSignInInput): Payload
    resetPassword(input: ResetPasswordInput): Reset resetPortalPassword(input: ResetPasswordInput): Reset
    completeChallenge(input: CompleteChallengeInput): Payload completePortalChallenge(input: CompleteChallengeInput): Payload
    logout(input: LogoutInput): Boolean changeStaffRole(id: ID!, role: StaffRole!): Staff cancelOrder(id: ID!): Order endSession(id: ID!): Boolean placeOrder(input: PlaceOrderInput): Order
  }
`);

export type WeakServer = {
  url: string;
  /** From now on it answers nobody for so long. */
  freeze(ms: number): void;
  stop(): void;
};

/** Believes every token, header, origin and password, shows its schema and its insides, and answers whatever it is sent. */
export async function startWeakServer(): Promise<WeakServer> {
  let thaw = Promise.resolve();
  const options = { insecureHTTPParser: true, requireHostHeader: false, maxHeaderSize: 4_000_000 };
  const server = createServer(options, (req, res) => {
    const answered = thaw.then(() => answer(req, res));
    answered.catch((error: unknown) => {
      res.statusCode = 500;
      res.end(JSON.stringify({ errors: [{ message: String((error as Error).stack) }] }));
    });
  });
  server.on('upgrade', (_req, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    freeze(ms) {
      thaw = new Promise((resolve) => setTimeout(resolve, ms));
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { origin } = req.headers;
  res.setHeader('access-control-allow-origin', origin ?? '*');
  res.setHeader('access-control-allow-credentials', 'true');
  res.setHeader('x-powered-by', 'Weak 1.0.0');
  res.setHeader('set-cookie', 'session=1');
  const url = new URL(req.url ?? '/', 'http://weak');
  if (req.method === 'OPTIONS') return void res.end();
  if (req.method === 'TRACE' || req.method === 'PUT') return void res.end(req.rawHeaders.join('\n'));
  if (url.pathname.includes('jwks')) {
    return void res.end(
      '{"keys":[{"kid":"1","kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"secret"}]}',
    );
  }
  if (url.pathname.startsWith('/health'))
    return void res.end('{"database":"postgres://localhost","uptime":1}');
  if (req.headers.accept?.includes('text/html')) return void res.end('<html>Sandbox</html>');
  if (url.pathname.startsWith('/oauth/')) return void res.end('{"data":{"access_token":"x"},"active":true}');
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const request = text ? JSON.parse(text) : { query: url.searchParams.get('query') };
  const answers = [request].flat().map((one) => run(one, req));
  const [first] = answers;
  res.end(JSON.stringify(copy(Array.isArray(request) ? answers : first)));
}

/** Loses a key that is called __proto__. */
function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copy);
  const result: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) result[key] = copy(inner);
  return result;
}

/** So that what is asked many times at once takes no time: this server is weak, not slow. */
const valid = new Map<string, DocumentNode>();

/** Finds what every object has. */
const prepared: Record<string, { run(): void }> = {};

type Request = { query: string; variables?: Record<string, unknown>; operationName?: string };

function run({ query, variables = {}, operationName }: Request, req: IncomingMessage): unknown {
  const address = req.headers['x-forwarded-for'];
  if (operationName !== undefined) prepared[operationName]?.run();
  if (JSON.stringify(variables).includes('nobody'))
    return { errors: [{ message: 'There is no such account.' }] };
  try {
    // Instead of really running what would never end here, it says that it did.
    if (query.length > 10_000) return { data: { much: 'of everything' } };
    const known = valid.get(query);
    const document = known ?? parse(query);
    const faults = known
      ? []
      : validate(schema, document).filter(({ message }) => !/differing|Cannot spread/.test(message));
    if (faults.length > 0)
      return { errors: faults.map(({ message, stack }) => ({ message, extensions: { stack } })) };
    valid.set(query, document);
    const operation = document.definitions.find(
      (node) =>
        node.kind === Kind.OPERATION_DEFINITION && (!operationName || node.name?.value === operationName),
    );
    return execute({
      schema,
      document: {
        ...document,
        definitions: [
          ...document.definitions.filter((node) => node.kind !== Kind.OPERATION_DEFINITION),
          ...(operation ? [operation] : []),
        ],
      },
      variableValues: variables,
      fieldResolver: (_parent, _args, _context, info) =>
        invent(info.fieldName, String(info.returnType), address, req),
    });
  } catch (error) {
    return { errors: [{ message: String((error as Error).stack) }] };
  }
}

/** A token as an attacker could write it: nobody here looks at its signature. */
const token = ['{"alg":"EdDSA","kid":"1","typ":"at+jwt"}', '{"sub":"1","exp":1}', 'signature']
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.');

function invent(name: string, type: string, address: unknown, req: IncomingMessage): unknown {
  if (name === 'sdl') return 'type Query { everything: String }';
  if (name === 'address') return address;
  if (name === 'totalCount') return req.headers['signet-context'] ? 1 : 2;
  if (name === 'accessToken' || name === 'refreshToken') return token;
  if (type.startsWith('[')) return [{}];
  if (['Int', 'Boolean'].includes(type)) return 1;
  return ['String', 'ID', 'String!'].includes(type) ? 'x' : {};
}
