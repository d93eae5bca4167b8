/** The SDL of each subgraph by its name. */
type SubgraphSdl = Readonly<Record<string, string>>;

const federation = (imports: string) =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.6", import: [${imports}])`;

const rules = '"@authenticated", "@requiresScopes", "@policy"';

/** Three rules on everything that can carry one, and the same fields and types in two subgraphs. */
const main: SubgraphSdl = {
  accounts: `
${federation(`"@key", "@shareable", ${rules}`)}

scalar Secret @authenticated

enum Grade @requiresScopes(scopes: [["read:one"]]) {
  TOP
  LOW
}

type Query {
  open: String
  openEcho(text: String): String
  signedIn: String @authenticated
  signedInStrict: String! @authenticated
  signedInEcho(text: String): String @authenticated
  scoped: String @requiresScopes(scopes: [["read:one"]])
  allScopes: String @requiresScopes(scopes: [["read:one", "read:two", "read:three"]])
  anyScope: String @requiresScopes(scopes: [["read:one"], ["read:two"], ["read:three"]])
  mixedScopes: String @requiresScopes(scopes: [["read:one", "read:two"], ["read:three"]])
  scopedAndSignedIn: String @authenticated @requiresScopes(scopes: [["read:one"]])
  policied: String @policy(policies: [["one"]])
  allPolicies: String @policy(policies: [["one", "two"]])
  anyPolicy: String @policy(policies: [["one"], ["two"]])
  mixedPolicies: String @policy(policies: [["one", "two"], ["three"]])
  policiedAndScoped: String @policy(policies: [["one"]]) @requiresScopes(scopes: [["read:one"]])
  me: User @authenticated
  user(id: ID!): User
  users: [User!]!
  account: Account
  accounts: [Account!]
  badge: Badge
  secret: Secret
  secrets: [Secret!]
  grade: Grade
  mergedRules: String @shareable @authenticated
  mergedScopes: String @shareable @requiresScopes(scopes: [["read:one"]])
  mergedAlternatives: String @shareable @requiresScopes(scopes: [["read:one", "read:two"], ["read:three"]])
  mergedPolicies: String @shareable @policy(policies: [["one"]])
  guardedInOne: String @shareable @authenticated
  profile: Profile @shareable
}

type Mutation {
  openChange(to: String): String
  signedInChange(to: String): String @authenticated
  scopedChange(to: String): String @requiresScopes(scopes: [["write:one"]])
  policiedChange(to: String): String @policy(policies: [["one"]])
  changeUser(id: ID!): User
  changeAccount: Account
}

type Subscription {
  openTicks: String
  signedInTicks: String @authenticated
  scopedTicks: String @requiresScopes(scopes: [["read:one"]])
  userChanged: User
}

type User @key(fields: "id") {
  id: ID!
  username: String
  email: String @requiresScopes(scopes: [["read:email"]])
  phone: String! @requiresScopes(scopes: [["read:phone"]])
  notes: String @policy(policies: [["one"]])
  friends: [User!]
}

type Account @key(fields: "id") @authenticated {
  id: ID!
  balance: String
  limit: String @requiresScopes(scopes: [["read:one"]])
  owner: User
}

type Badge @policy(policies: [["one"]]) {
  label: String
}

type Profile @shareable @authenticated {
  nickname: String
}
`,
  content: `
${federation(`"@key", "@shareable", ${rules}`)}

type Query {
  posts: [Post]
  publicBlog: PublicBlog
  privateBlog: PrivateBlog
  media: [Media]
  found: [Found]
  vault: Vault
  mergedRules: String @shareable @requiresScopes(scopes: [["read:one"]])
  mergedScopes: String @shareable @requiresScopes(scopes: [["read:two"]])
  mergedAlternatives: String @shareable @requiresScopes(scopes: [["read:three"]])
  mergedPolicies: String @shareable @policy(policies: [["two"]])
  guardedInOne: String @shareable
  profile: Profile @shareable
}

interface Node {
  id: ID
}

interface Post implements Node {
  id: ID
  title: String
  author: User
}

type PublicBlog implements Post & Node {
  id: ID
  title: String
  author: User
  views: Int @authenticated
}

type PrivateBlog implements Post & Node @authenticated {
  id: ID
  title: String
  author: User
}

interface Media {
  id: ID
  title: String
}

type Book implements Media {
  id: ID
  title: String
}

type Film implements Media {
  id: ID
  title: String @requiresScopes(scopes: [["read:one"]])
}

type Song implements Media {
  id: ID
  title: String @requiresScopes(scopes: [["read:two"]])
}

union Found = PublicBlog | PrivateBlog | Film

type Vault @requiresScopes(scopes: [["read:one"]]) {
  open: String
  media: [Media]
}

type User @key(fields: "id") {
  id: ID!
  bio: String @authenticated
  city: String
  drafts: [PrivateBlog]
}

type Account @key(fields: "id") {
  id: ID!
  history: String
  audit: String @policy(policies: [["one"]])
}

type Profile @shareable {
  nickname: String
}
`,
  shop: `
${federation(`"@key", ${rules}`)}

type Query {
  machine: Machine
  machines: [Machine!]
}

type Machine @key(fields: "id") {
  id: ID! @authenticated
  name: String!
  price: Int @requiresScopes(scopes: [["read:price"]])
  weight: Int
}
`,
  stock: `
${federation(`"@key", "@external", "@requires", ${rules}`)}

type Machine @key(fields: "id") {
  id: ID! @authenticated
  inStock: Boolean
  price: Int @external
  weight: Int @external
  parcel: String @requires(fields: "weight")
  shipping: String @requires(fields: "price weight") @requiresScopes(scopes: [["read:price"]])
  insured: String @requires(fields: "price") @requiresScopes(scopes: [["read:price", "read:insurance"]])
}
`,
};

/** The rules under names of the author's own, which composition keeps in the supergraph. */
const renamed: SubgraphSdl = {
  accounts: `
${federation(
  '"@key", { name: "@authenticated", as: "@signedInOnly" }, { name: "@requiresScopes", as: "@scopes" }, { name: "@policy", as: "@rule" }',
)}

type Query {
  open: String
  signedIn: String @signedInOnly
  scoped: String @scopes(scopes: [["read:one"]])
  policied: String @rule(policies: [["one"]])
  user: User
  account: Account
}

type User @key(fields: "id") {
  id: ID!
  username: String
  email: String @scopes(scopes: [["read:email"]])
}

type Account @signedInOnly {
  balance: String
}
`,
};

/** An interface whose implementations have no rule of their own. `interfaces` below gives it one. */
const interfaces: SubgraphSdl = {
  content: `
${federation('"@authenticated", "@requiresScopes"')}

type Query {
  open: String
  signedIn: String @authenticated
  scoped: String @requiresScopes(scopes: [["read:one"]])
  pages: [Page]
  notes: [Note]
}

interface Page {
  title: String
}

type Article implements Page {
  title: String
  text: String
}

interface Note {
  text: String
  draft: String
}

type Memo implements Note {
  text: String
  draft: String
}
`,
};

const recentAuth = `@link(url: "https://specs.signet.dev/access/v1.1", import: ["@recentAuth"])
  @composeDirective(name: "@recentAuth")

directive @recentAuth(seconds: Int!) repeatable on OBJECT | FIELD_DEFINITION`;

/** Signet's own rule, on fields and types, in two subgraphs. */
const recent: SubgraphSdl = {
  people: `
${federation(`"@key", "@shareable", "@composeDirective", ${rules}`)}
  ${recentAuth}

type Query {
  open: String
  signedIn: String @authenticated
  scoped: String @requiresScopes(scopes: [["read:one"]])
  recent: String @recentAuth(seconds: 300)
  recentTwice: String @recentAuth(seconds: 300) @recentAuth(seconds: 60)
  recentScoped: String @recentAuth(seconds: 300) @requiresScopes(scopes: [["read:one"]])
  recentShared: String @shareable @recentAuth(seconds: 300)
  person: Person
  safe: Safe
  things: [Thing]
  found: [Found]
}

type Mutation {
  recentChange: String @recentAuth(seconds: 300)
  changeSafe: Safe
}

type Subscription {
  openTicks: String
  recentTicks: String @recentAuth(seconds: 300)
}

type Person @key(fields: "id") {
  id: ID!
  name: String
  email: String @recentAuth(seconds: 300)
}

type Safe @key(fields: "id") @recentAuth(seconds: 300) {
  id: ID!
  content: String
}

interface Thing {
  label: String
}

type Card implements Thing {
  label: String
}

type Note implements Thing {
  label: String @recentAuth(seconds: 60)
}

union Found = Card | Safe
`,
  payroll: `
${federation(`"@key", "@external", "@requires", "@shareable", "@composeDirective"`)}
  ${recentAuth}

type Query {
  recentShared: String @shareable @recentAuth(seconds: 60)
}

type Person @key(fields: "id") {
  id: ID!
  salary: String @recentAuth(seconds: 60)
  email: String @external
  report: String @requires(fields: "email") @recentAuth(seconds: 60)
}

type Safe @key(fields: "id") {
  id: ID!
  history: String
}
`,
};

const callersLink = `@link(url: "https://specs.signet.dev/access/v1.2", import: ["@callers"])
  @composeDirective(name: "@callers")

directive @callers(are: [access__Caller!]!) repeatable on OBJECT | FIELD_DEFINITION

enum access__Caller {
  PERSON
  SERVICE
  IMPERSONATED
}`;

/** Whom a rule admits, in two subgraphs. */
const callers: SubgraphSdl = {
  desk: `
${federation(`"@key", "@shareable", "@composeDirective", ${rules}`)}
  ${callersLink}

type Query {
  open: String
  own: String @authenticated
  scoped: String @requiresScopes(scopes: [["read:one"]])
  seen: String @authenticated @callers(are: [PERSON, IMPERSONATED])
  scopedSeen: String @requiresScopes(scopes: [["read:one"]]) @callers(are: [PERSON, IMPERSONATED])
  machine: String @authenticated @callers(are: [SERVICE])
  narrow: String @authenticated @callers(are: [PERSON, IMPERSONATED]) @callers(are: [PERSON, SERVICE])
  sharedSeen: String @shareable @authenticated @callers(are: [PERSON, IMPERSONATED])
  folder: Folder
  drawer: Drawer
}

type Mutation {
  ownChange: String @authenticated
  seenChange: String @authenticated @callers(are: [PERSON, IMPERSONATED])
}

type Folder @key(fields: "id") @authenticated @callers(are: [PERSON, IMPERSONATED]) {
  id: ID!
  title: String
  secret: String @requiresScopes(scopes: [["read:one"]])
}

type Drawer @authenticated {
  key: String
}
`,
  archive: `
${federation(`"@key", "@shareable", "@composeDirective", ${rules}`)}
  ${callersLink}

type Query {
  sharedSeen: String @shareable @authenticated @callers(are: [PERSON])
}

type Folder @key(fields: "id") {
  id: ID!
  history: String @authenticated
}
`,
};

export type GraphName = 'main' | 'renamed' | 'interfaces' | 'recent' | 'callers';

/** What the cases are asked before. Each graph has subgraphs of its own, and is served by a gateway of its own. */
export const graphs: Readonly<Record<GraphName, SubgraphSdl>> = {
  main,
  renamed,
  interfaces,
  recent,
  callers,
};

/**
 * Composition before Federation 2.9 let an interface carry a rule. Today's refuses that, so the rule is written into the supergraph
 * of `interfaces`, where gateways still meet it.
 */
export function addInterfaceRules(supergraph: string): string {
  return supergraph
    .replace(/(interface Page\s[^{]*)\{/, '$1@authenticated\n{')
    .replace(/(interface Note\b[^}]*\bdraft: String\b[^\n]*)/, '$1 @requiresScopes(scopes: [["read:one"]])');
}
