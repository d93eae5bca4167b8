/**
 * SDL that gives a subgraph of federation 2 the rules `@public`, `@platform`, `@callers` and `@recentAuth`, and lets composition keep them in the supergraph. Put it before
 * the subgraph's own, whose link of the federation specification must import `@composeDirective`. `@authenticated`,
 * `@requiresScopes` and `@policy` are federation's.
 */
export const accessDirectives = `
extend schema
  @link(url: "https://specs.signet.dev/access/v1.2", import: ["@callers", "@platform", "@public", "@recentAuth"])
  @composeDirective(name: "@callers")
  @composeDirective(name: "@platform")
  @composeDirective(name: "@public")
  @composeDirective(name: "@recentAuth")

"Everybody may have this, signed in or not. Beside another rule it adds nothing."
directive @public on OBJECT | FIELD_DEFINITION

"Only with an access token of this platform."
directive @platform(is: access__Platform!) on OBJECT | FIELD_DEFINITION

"""
Whom the rule beside it admits. A rule without this admits persons only. Where several such rules hold, on a type, its field or in several
subgraphs, who is in each of them is admitted. \`@public\` alone admits everybody.
"""
directive @callers(are: [access__Caller!]!) repeatable on OBJECT | FIELD_DEFINITION

"""
Only with an access token whose \`auth_time\` is at most so many seconds old: the person proved recently who they are. 30 to 86400. Where two
such rules hold, the smaller number decides.
"""
directive @recentAuth(seconds: Int!) repeatable on OBJECT | FIELD_DEFINITION

enum access__Platform {
  "Customers."
  USER
  "Staff."
  PORTAL
}

enum access__Caller {
  "Customers and staff, by their own sign-in."
  PERSON
  "Service accounts."
  SERVICE
  "Customers as whom a member of staff acts."
  IMPERSONATED
}
`;
