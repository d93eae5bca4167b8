import { findUnsaidCallers, readRuleBook } from '@signet/access';
import { tagPlatforms } from '@signet/schema/platform-tags';
import { placePublicOnFields } from '@signet/schema/public-fields';
import {
  type CompositionResult,
  composeSchemaContract,
  composeServices,
} from '@theguild/federation-composition';
import { type DocumentNode, visit } from 'graphql';
import { declareAccess, federationName, linksToAccess } from './access-links.ts';
import { findLostRules, readLocalNames } from './lost-rules.ts';
import type { ReadSubgraph } from './read-subgraph.ts';

export type Composition = {
  supergraph: string;
  /** Whether Apollo's composer was asked as well. */
  isConfirmed: boolean;
};

/** The subgraphs do not fit together. Each fault names its subgraphs. */
export class CompositionFault extends Error {
  override readonly name = 'CompositionFault';
}

type Services = { name: string; url: string; typeDefs: DocumentNode }[];

/**
 * Composes subgraphs of Apollo Federation, 1 or 2, into a supergraph. Where `@apollo/composition` is installed it composes them too, and
 * must find no fault either: the two do not refuse the same. Each access rule of a subgraph must be in the supergraph, and `@public` opens
 * the fields of its subgraph alone.
 *
 * @param excludedTags what carries one of these tags is left out (a contract)
 * @throws {CompositionFault} with all faults
 */
export async function composeSubgraphs(
  subgraphs: readonly ReadSubgraph[],
  excludedTags: readonly string[] = [],
): Promise<Composition> {
  const declared = subgraphs.map((one) => {
    const sdl = declareAccess(one.typeDefs);
    const ruleOf = readLocalNames(sdl);
    const isPublic = (name: string) => ruleOf(name) === 'public';
    return { ...one, typeDefs: placePublicOnFields(sdl, isPublic, federationName(sdl, 'external')) };
  });
  const services: Services = declared.map(({ typeDefs, ...rest }) => ({
    ...rest,
    typeDefs: linksToAccess(typeDefs) ? tagPlatforms(typeDefs, federationName(typeDefs, 'tag')) : typeDefs,
  }));
  const exclude = new Set(excludedTags);
  const result: CompositionResult =
    exclude.size === 0
      ? composeServices(services)
      : composeSchemaContract(services, { include: new Set(), exclude }, true);
  const { supergraphSdl } = result;
  if (!supergraphSdl) throw new CompositionFault(describe(result.errors ?? []));
  const lost = [...findLostRules(declared, supergraphSdl), ...findUnsaid(declared)];
  if (lost.length > 0) throw new CompositionFault(lost.map((fault) => `  ${fault}`).join('\n'));
  const apollo = await loadApollo();
  const second = apollo?.composeServices(services);
  if (second?.errors?.length) {
    throw new CompositionFault(`Apollo's composer refuses what another accepts:\n${describe(second.errors)}`);
  }
  return {
    supergraph: `${showSpecifications(supergraphSdl).trimEnd()}\n`,
    isConfirmed: apollo !== undefined,
  };
}

/** Rules of which one subgraph says whom they admit, and another does not. */
function findUnsaid(subgraphs: readonly ReadSubgraph[]): string[] {
  const books = subgraphs.map(({ name, typeDefs }) => {
    const ruleOf = readLocalNames(typeDefs);
    const named = visit(typeDefs, {
      Directive: (node) => {
        const rule = ruleOf(node.name.value);
        return rule === undefined ? null : { ...node, name: { ...node.name, value: rule } };
      },
    });
    return { name, book: readRuleBook(named) };
  });
  return findUnsaidCallers(books).map(
    ({ coordinate, subgraph, fault }) => `[${subgraph}] ${coordinate} ${fault}`,
  );
}

type Fault = { message: string; extensions?: Readonly<Record<string, unknown>> };

function describe(faults: readonly Fault[]): string {
  return faults
    .map(({ message, extensions }) => {
      const code = extensions?.code === undefined ? '' : ` (${extensions.code})`;
      return `  ${message}${code}`;
    })
    .join('\n');
}

type ApolloComposer = { composeServices(services: Services): { errors?: readonly Fault[] } };

/** Its licence (Elastic 2.0) is not everybody's, so it is no dependency. */
async function loadApollo(): Promise<ApolloComposer | undefined> {
  const name = '@apollo/composition';
  try {
    // CommonJS: Node may give its exports by name, or as the default only.
    const module: Partial<ApolloComposer> & { default?: ApolloComposer } = await import(name);
    const { composeServices: compose = module.default?.composeServices } = module;
    return compose && { composeServices: compose };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** A contract hides parts of federation's own specifications, on which Apollo's routers refuse to start. They are in no API schema anyway. */
function showSpecifications(supergraph: string): string {
  return supergraph.replaceAll(/^((?:scalar|enum) \w+__\w+) @inaccessible\b/gm, '$1');
}
