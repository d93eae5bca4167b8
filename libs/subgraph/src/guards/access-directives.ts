/**
 * SDL that gives a subgraph of federation 2 the rules `@public` and `@platform`, and lets composition keep them in the supergraph. Put it before
 * the subgraph's own, whose link of the federation specification must import `@composeDirective`. `@authenticated`,
 * `@requiresScopes` and `@policy` are federation's.
 */
export const accessDirectives = `
extend schema
  @link(url: "https://specs.signet.dev/access/v1.0", import: ["@platform", "@public"])
  @composeDirective(name: "@platform")
  @composeDirective(name: "@public")

"Everybody may have this, signed in or not. Beside another rule it adds nothing."
directive @public on OBJECT | FIELD_DEFINITION

"Only with an access token of this platform."
directive @platform(is: access__Platform!) on OBJECT | FIELD_DEFINITION

enum access__Platform {
  "Customers."
  USER
  "Staff."
  PORTAL
}
`;
