import {
  type ConstDirectiveNode,
  type ConstValueNode,
  type DocumentNode,
  Kind,
  specifiedDirectives,
} from 'graphql';
import { callersForm, readCallers } from '../admitted-callers.ts';
import { recentAuthRange } from '../recent-sign-in.ts';
import { ruleDirectives, secondsOf } from '../rule-book.ts';
import { type RuleNames, readRuleNames, type SupergraphFault } from './rule-names.ts';

type Place = { coordinate: string; directives: readonly ConstDirectiveNode[] };

/**
 * What stands in the way of reading the rules of a supergraph: it is none, its links cannot be told, a directive that nobody
 * defines, a rule that no link names or that stands where no router looks, a platform that does not exist or two of them, or a number of
 * seconds that `@recentAuth` may not have.
 *
 * @param supergraph as composed, with locations for the lines of the faults
 */
export function findStructureFaults(supergraph: DocumentNode): SupergraphFault[] {
  const isSupergraph = supergraph.definitions.some(
    (node) => node.kind === Kind.ENUM_TYPE_DEFINITION && node.name.value === 'join__Graph',
  );
  if (!isSupergraph) {
    const fault = 'is no supergraph: it has no enum join__Graph. Compose the subgraphs first';
    return [{ line: undefined, coordinate: 'schema', fault }];
  }
  const names = readRuleNames(supergraph);
  const defined = new Set(specifiedDirectives.map(({ name }) => name));
  for (const node of supergraph.definitions) {
    if (node.kind === Kind.DIRECTIVE_DEFINITION) defined.add(node.name.value);
  }
  return [
    ...names.faults,
    ...placesIn(supergraph).flatMap(({ coordinate, directives }) => [
      ...directives.flatMap((directive) =>
        faultsOf(directive, names, defined).map((fault) => ({ line: lineOf(directive), coordinate, fault })),
      ),
      ...findTwoPlatforms(directives, names).map((fault) => ({
        line: lineOf(directives[0]),
        coordinate,
        fault,
      })),
    ]),
  ];
}

function faultsOf(
  directive: ConstDirectiveNode,
  { ruleOf, isLinked }: RuleNames,
  defined: ReadonlySet<string>,
) {
  const name = directive.name.value;
  const isRuleName = (ruleDirectives as readonly string[]).includes(name);
  if (name === 'join__directive') {
    const rule = ruleOf(textArgument(directive, 'name').replace(/^federation__/, ''));
    return rule === undefined
      ? []
      : [`has @${rule} inside @join__directive, where no router looks for a rule: compose it as a rule`];
  }
  if (!defined.has(name)) return [`has the unknown directive @${name}`];
  if (isRuleName && !isLinked(name)) {
    return [`has @${name}, which no @link of the schema names: routers do not take it for a rule`];
  }
  if (ruleOf(name) === 'platform' && platformOf(directive) === undefined) {
    return [`has @${name} with another platform than USER and PORTAL`];
  }
  if (ruleOf(name) === 'callers' && readCallers(argumentOf(directive, 'are')) === undefined) {
    return [`has @${name} with something else than ${callersForm}`];
  }
  if (ruleOf(name) === 'recentAuth' && secondsOf(argumentOf(directive, 'seconds')) === undefined) {
    return [`has @${name} with seconds that are not ${recentAuthRange}`];
  }
  return [];
}

function findTwoPlatforms(directives: readonly ConstDirectiveNode[], { ruleOf }: RuleNames): string[] {
  const platforms = directives.filter(({ name }) => ruleOf(name.value) === 'platform').map(platformOf);
  return new Set(platforms).size > 1 ? ['has two platforms (USER, PORTAL): nobody could have it'] : [];
}

function platformOf(directive: ConstDirectiveNode): string | undefined {
  const value = argumentOf(directive, 'is');
  return value?.kind === Kind.ENUM && ['USER', 'PORTAL'].includes(value.value) ? value.value : undefined;
}

function argumentOf(
  { arguments: args = [] }: ConstDirectiveNode,
  argument: string,
): ConstValueNode | undefined {
  return args.find(({ name }) => name.value === argument)?.value;
}

function textArgument(directive: ConstDirectiveNode, argument: string): string {
  const value = argumentOf(directive, argument);
  return value?.kind === Kind.STRING ? value.value : '';
}

function lineOf(directive: ConstDirectiveNode | undefined): number | undefined {
  return directive?.loc?.startToken.line;
}

/** Everything that can carry a directive, with its coordinate: `Query.a`, `Query.a(b:)`, `State.ON`. */
function placesIn({ definitions }: DocumentNode): Place[] {
  return definitions.flatMap((node): Place[] => {
    if (node.kind === Kind.DIRECTIVE_DEFINITION || !('directives' in node)) return [];
    const type = 'name' in node && node.name ? node.name.value : 'schema';
    const places: Place[] = [
      { coordinate: type, directives: (node.directives ?? []) as ConstDirectiveNode[] },
    ];
    if ('fields' in node) {
      for (const field of node.fields ?? []) {
        const coordinate = `${type}.${field.name.value}`;
        places.push({ coordinate, directives: field.directives ?? [] });
        for (const argument of 'arguments' in field ? (field.arguments ?? []) : []) {
          places.push({
            coordinate: `${coordinate}(${argument.name.value}:)`,
            directives: argument.directives ?? [],
          });
        }
      }
    }
    if ('values' in node) {
      for (const value of node.values ?? []) {
        places.push({ coordinate: `${type}.${value.name.value}`, directives: value.directives ?? [] });
      }
    }
    return places;
  });
}
