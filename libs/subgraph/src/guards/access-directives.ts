/**
 * SDL that gives a subgraph of federation 2 the rules `@public`, `@platform` and `@recentAuth`, and lets composition keep them in the supergraph. Put it before
 * the subgraph's own, whose link of the federation specification must import `@composeDirective`. `@authenticated`,
 * `@requiresScopes` and `@policy` are federation's.
 */
export const accessDirectives = `
extend schema
  @link(url: "https://specs.signet.dev/access/v1.1", import: ["@platform", "@public", "@recentAuth"])
  @composeDirective(name: "@platform")
  @composeDirective(name: "@public")
  @composeDirective(name: "@recentAuth")

"Everybody may have this, signed in or not. Beside another rule it adds nothing."
directive @public on OBJECT | FIELD_DEFINITION

"Only with an access token of this platform."
directive @platform(is: access__Platform!) on OBJECT | FIELD_DEFINITION

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
`;
