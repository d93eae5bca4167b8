import { type ASTNode, Kind, type Location, visit } from 'graphql';

/**
 * Drops the tokens of a parsed document, which take a third of its memory. Changes it. Positions of nodes in the text stay, since errors
 * name them, but for those of names, which no error names.
 */
export function dropTokens(document: ASTNode): void {
  visit(document, {
    enter(node: { kind: Kind; loc?: Location | undefined }) {
      if (node.kind === Kind.NAME) node.loc = undefined;
      else if (node.loc) Object.assign(node.loc, { startToken: undefined, endToken: undefined });
    },
  });
}
