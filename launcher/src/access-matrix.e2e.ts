import { join } from 'node:path';
import { callers } from '@signet/access';
import { createSigningKeys } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signInCallers, type TokenHolder } from './access-callers.test-support.ts';
import { findFault } from './access-judge.test-support.ts';
import {
  openGateway,
  openSubgraphs,
  type Place,
  readCommittedMatrix,
  readComposedRules,
} from './access-places.test-support.ts';
import { ask, createQuestions, type Question } from './access-questions.test-support.ts';
import { comparesPassword } from './access-routes.test-support.ts';
import {
  askWithOldToken,
  createOldQuestion,
  findStepUpFault,
  findStepUpFields,
} from './access-step-up.test-support.ts';
import { startTestPlatform, type TestPlatform } from './platform.test-support.ts';
import { platformCases } from './platform-cases.test-support.ts';

/** Every row of the committed matrix. */
const coordinates = [...readCommittedMatrix().merged.keys()];

let platform: TestPlatform;
let places: Place[];
/** A subgraph does not know which lane of the gateway asks it, so one of the two runs asks the subgraphs directly. */
let askedPlaces: Place[];
let holders: TokenHolder[];
let before: unknown;
const asked = new Set<string>();
const askedOfForeign = new Set<string>();
/** Fields of subgraphs without cases: nobody knows an object to ask for. */
let withoutCases: ReadonlySet<string>;
const emptyTypes = new Set([...platformCases.values()].flatMap((cases) => cases.emptyTypes ?? []));

beforeAll(async () => {
  const keys = await createSigningKeys();
  platform = await startTestPlatform({ ...keys.variables, CLIENT_SECRETS: 'yes' });
  places = [
    await openGateway(platform.urlOf('graph')),
    ...(await openSubgraphs(platform.portBase, join(platform.home.path, 'proof'))),
  ];
  askedPlaces = process.env.LANES === 'apollo' ? places.slice(0, 1) : places;
  const known = new Set(places.filter(({ name }) => hasCases(name)).flatMap(({ fields }) => [...fields]));
  withoutCases = new Set(
    places
      .filter(({ name }) => name !== 'gateway' && !hasCases(name))
      .flatMap(({ fields }) => [...fields])
      .filter((field) => !known.has(field)),
  );
  holders = await signInCallers(platform, keys);
  before = await readSnapshots();
});
afterAll(() => platform?.stop());

/** auth needs none: the portal's name the accounts. */
function hasCases(name: string): boolean {
  return platformCases.has(name) || name === 'auth';
}

test.each(coordinates)('%s', async (coordinate) => {
  const owners = askedPlaces.filter(({ fields }) => fields.has(coordinate));
  const questions = owners.flatMap((place) =>
    holders.flatMap((holder) => createQuestions(coordinate, place, holder)),
  );
  const faults: string[] = [];
  await forEachBounded(questions, comparesPassword.test(coordinate) ? 1 : 6, async (question) => {
    const { place, holder, object } = question;
    // A customers' service is nobody's: no object passes a policy for it.
    const isNobodys = holder.caller === 'user service';
    const mayBeEmpty =
      isNobodys || withoutCases.has(coordinate) || emptyTypes.has(coordinate.split('.')[0] ?? '');
    const fault = findFault(question, await ask(question), mayBeEmpty);
    if (fault) {
      faults.push(`${holder.caller} at ${place.name}, ${object}, by ${question.paths.at(-1)}: ${fault}`);
    }
    asked.add(keyOf(coordinate, place, holder));
    if (object === 'foreign') {
      askedOfForeign.add(coordinate);
    }
  });
  expect(faults).toEqual([]);
});

test('every row was asked for by everybody, at the gateway and at each subgraph that has the field', () => {
  const [gateway, ...subgraphs] = places;
  expect([...(gateway as Place).fields].sort()).toEqual(coordinates.toSorted());
  expect(new Set(subgraphs.flatMap(({ fields }) => [...fields]))).toEqual(new Set(coordinates));
  const all = askedPlaces.flatMap((place) =>
    [...place.fields].flatMap((field) => holders.map((holder) => keyOf(field, place, holder))),
  );
  expect(holders.map(({ caller }) => caller)).toEqual([...callers]);
  expect([...asked].sort()).toEqual(all.sort());
});

test('every policy was asked about somebody else, too', () => {
  const { merged } = readCommittedMatrix();
  const byPolicy = coordinates.filter((coordinate) =>
    callers.some((caller) => merged.get(coordinate)?.[caller] === 'policy'),
  );
  const missing = byPolicy.filter((coordinate) => !askedOfForeign.has(coordinate));
  const expected = [...platformCases.values()].flatMap((cases) => cases.policiesOfArguments ?? []);
  expect(missing.filter((coordinate) => !withoutCases.has(coordinate)).sort()).toEqual(expected.sort());
});

describe('a sign-in of an hour ago', () => {
  const stepUpFields = findStepUpFields(readComposedRules());

  // Those who just signed in get all of this above.
  test.each(stepUpFields)('is not enough for %s, at the gateway and at the subgraph', async (coordinate) => {
    const faults: string[] = [];
    const askedAt = new Set<string>();
    for (const place of askedPlaces.filter(({ rules }) => findStepUpFields(rules).includes(coordinate))) {
      for (const holder of holders) {
        const question = createOldQuestion(coordinate, place, holder);
        if (!question) continue;
        askedAt.add(place.name === 'gateway' ? 'gateway' : 'subgraph');
        const fault = findStepUpFault(question, await askWithOldToken(question));
        if (fault) faults.push(`${holder.caller} at ${place.name}: ${fault}`);
      }
    }
    expect(faults).toEqual([]);
    expect([...askedAt].sort()).toEqual(askedPlaces.length > 1 ? ['gateway', 'subgraph'] : ['gateway']);
  });

  test('is tried at fields of this graph', () => {
    expect(stepUpFields).toContain('Mutation.changeStaffRole');
  });
});

test('nothing was changed by asking', async () => {
  expect(await readSnapshots()).toEqual(before);
});

function keyOf(coordinate: string, place: Place, { caller }: TokenHolder): string {
  return `${coordinate} at ${place.name} as ${caller}`;
}

async function forEachBounded(
  questions: Question[],
  concurrency: number,
  run: (question: Question) => Promise<void>,
) {
  const waiting = [...questions];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      await run(next);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

/** What the subgraphs' cases read. That it can be read shows that everybody is still signed in: staff are asked last. */
async function readSnapshots(): Promise<unknown[]> {
  const { token } = holders.find(({ caller }) => caller === 'super_admin') ?? {};
  const queries = [...platformCases.values()].flatMap(({ snapshot }) => snapshot ?? []);
  return Promise.all(
    queries.map(async (query) => {
      const { body } = await platform.ask(query, { token });
      expect(body.errors).toBeUndefined();
      return body.data;
    }),
  );
}
