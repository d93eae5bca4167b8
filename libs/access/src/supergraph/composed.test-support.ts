import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';

const imports =
  '"@authenticated", "@composeDirective", "@context", "@external", "@fromContext", "@inaccessible", "@key", "@policy", "@provides", "@requires", "@requiresScopes", "@shareable"';
/** The links and definitions of a subgraph that may use every rule. */
export const composedHeader = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: [${imports}])
  @link(url: "https://specs.signet.dev/access/v1.2", import: ["@callers", "@platform", "@public", "@recentAuth"])
  @composeDirective(name: "@callers") @composeDirective(name: "@platform") @composeDirective(name: "@public") @composeDirective(name: "@recentAuth")
  directive @public on OBJECT | FIELD_DEFINITION
  directive @callers(are: [access__Caller!]!) repeatable on OBJECT | FIELD_DEFINITION
  directive @recentAuth(seconds: Int!) repeatable on OBJECT | FIELD_DEFINITION
  directive @platform(is: access__Platform!) on OBJECT | FIELD_DEFINITION
  enum access__Platform { USER PORTAL }
  enum access__Caller { PERSON SERVICE IMPERSONATED }`;

/** Composes subgraphs, each given as SDL without its links. @throws {Error} for what does not compose. */
export function compose(...sdls: readonly string[]): string {
  const { supergraphSdl, errors } = composeServices(
    sdls.map((sdl, at) => ({
      name: `s${at}`,
      url: `http://s${at}.invalid/graphql`,
      typeDefs: parse(`${composedHeader}\n${sdl}`),
    })),
  );
  if (!supergraphSdl) throw new Error((errors ?? []).map(({ message }) => message).join('\n'));
  return supergraphSdl;
}
