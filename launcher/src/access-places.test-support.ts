import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Caller, callers, type RuleBook, readRuleBook, type Verdict } from '@signet/access';
import { readSubgraphSdl } from '@signet/schema/sdl';
import { subgraphs } from '@signet/schema/subgraphs';
import { createTestGateway, type GraphqlAnswer, postGraphql } from '@signet/testing';
import { buildClientSchema, type GraphQLSchema, getIntrospectionQuery, isObjectType, parse } from 'graphql';

const generated = join(import.meta.dirname, '../../schema/generated');
const matrixPath = join(generated, 'access-matrix.md');
const supergraphPath = join(generated, 'supergraph.graphql');

/** Who may have a field, by coordinate. */
export type Verdicts = ReadonlyMap<string, Readonly<Record<Caller, Verdict>>>;

type Asked = { query: string; variables?: Record<string, unknown> };

/** Where one can ask: an entrance of the gateway, or a subgraph itself. */
export type Place = {
  name: string;
  /** A subgraph is asked as by the gateway's entrance for both platforms. */
  ask(request: Asked, token?: string): Promise<GraphqlAnswer>;
  schema: GraphQLSchema;
  /** Coordinates of all fields that it serves, federation's own left out. */
  fields: ReadonlySet<string>;
  verdicts: Verdicts;
  /** The rules that the place enforces: the composed ones, or those of the subgraph's own SDL. */
  rules: RuleBook;
  /** Types that `_entities` resolves here; none at the gateway. */
  entities: readonly string[];
};

/** The committed matrix as a reader has it: who may have a field, and what a subgraph alone gives more freely. */
export function readCommittedMatrix(): { merged: Verdicts; inSubgraph(name: string): Verdicts } {
  const [merged = '', lenient = ''] = readFileSync(matrixPath, 'utf8').split('\n## ');
  return {
    merged: toVerdicts(readTable(merged)),
    inSubgraph: (name) => toVerdicts(readTable(lenient).filter(({ subgraph }) => subgraph === name)),
  };
}

type Row = {
  coordinate: string;
  verdicts: Readonly<Record<Caller, Verdict>>;
  /** In the second table only. */
  subgraph: string | undefined;
};

function readTable(text: string): Row[] {
  const words: Record<string, Verdict> = { '✓': 'yes', '·': 'no', policy: 'policy' };
  const lines = text.split('\n').filter((line) => line.startsWith('| `'));
  return lines.map((line) => {
    const [coordinate = '', ...cells] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    const verdicts = callers.map((caller, index) => [caller, words[cells[index] ?? '']]);
    return {
      coordinate: coordinate.replaceAll('`', ''),
      verdicts: Object.fromEntries(verdicts) as Row['verdicts'],
      subgraph: cells[callers.length + 1],
    };
  });
}

function toVerdicts(rows: readonly Row[]): Verdicts {
  return new Map(rows.map(({ coordinate, verdicts }) => [coordinate, verdicts]));
}

/** The rules of the committed supergraph. */
export function readComposedRules(): RuleBook {
  return readRuleBook(parse(readFileSync(supergraphPath, 'utf8')));
}

/** The gateway's entrance `graph`, which holds everyone to the whole matrix. */
export async function openGateway(url: string): Promise<Place> {
  const ask: Place['ask'] = (request, token) =>
    postGraphql(url, request, token === undefined ? {} : { token });
  const schema = await introspect(ask);
  return {
    name: 'gateway',
    ask,
    schema,
    fields: fieldsOf(schema),
    verdicts: readCommittedMatrix().merged,
    rules: readComposedRules(),
    entities: [],
  };
}

/**
 * Every subgraph, which holds everyone to the rules in its own SDL. Where several subgraphs have a field, these can be
 * weaker than the composed ones, but no weaker than the matrix's second table says.
 */
export function openSubgraphs(portBase: number, proofFolder: string): Promise<Place[]> {
  const { merged, inSubgraph } = readCommittedMatrix();
  return Promise.all(
    subgraphs.map(async ({ name, portOffset }) => {
      const url = `http://127.0.0.1:${portBase + portOffset}/graphql`;
      const gateway = createTestGateway({ recipient: name, folder: proofFolder });
      const ask: Place['ask'] = (request, token) => gateway.post(url, request, { token });
      const rules = readRuleBook(parse(readSubgraphSdl(name)));
      const schema = await introspect(ask);
      return {
        name,
        ask,
        schema,
        fields: fieldsOf(schema),
        verdicts: new Map([...merged, ...inSubgraph(name)]),
        rules,
        entities: [...rules].flatMap(([type, { isEntity }]) => (isEntity ? [type] : [])),
      };
    }),
  );
}

function fieldsOf(schema: GraphQLSchema): ReadonlySet<string> {
  const coordinates = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type))
    .filter(({ name }) => !name.startsWith('_'))
    .flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`));
  return new Set(coordinates.filter((coordinate) => !/\._(entities|service)$/.test(coordinate)));
}

async function introspect(ask: Place['ask']): Promise<GraphQLSchema> {
  const { body } = await ask({ query: getIntrospectionQuery() });
  return buildClientSchema(body.data);
}
