import { type ConstDirectiveNode, type DocumentNode, Kind, visit } from 'graphql';

/** @apollo/gateway refuses to start on these rules of federation. */
const strippedSpecifications = ['authenticated', 'requiresScopes', 'policy'];

/**
 * Removes federation's access rules from a supergraph: their links, definitions, scalars and uses. For the copy that
 * @apollo/gateway loads. The rules themselves are read from the whole supergraph.
 */
export function stripRules(supergraph: DocumentNode): DocumentNode {
  return visit(supergraph, {
    Directive: (node) => (isStripped(node as ConstDirectiveNode) ? null : undefined),
    DirectiveDefinition: (node) => (strippedSpecifications.includes(node.name.value) ? null : undefined),
    ScalarTypeDefinition: (node) =>
      strippedSpecifications.some((name) => node.name.value.startsWith(`${name}__`)) ? null : undefined,
  });
}

function isStripped(directive: ConstDirectiveNode): boolean {
  const { value: name } = directive.name;
  if (name !== 'link') {
    return strippedSpecifications.includes(name);
  }
  const url = directive.arguments?.find((argument) => argument.name.value === 'url')?.value;
  return url?.kind === Kind.STRING && strippedSpecifications.some((name) => url.value.includes(`/${name}/v`));
}
