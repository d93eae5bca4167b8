import { join } from 'node:path';
import { callers } from '@signet/access';
import { postGraphql } from '@signet/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signInCallers, type TokenHolder } from './access-callers.test-support.ts';
import { findFault } from './access-judge.test-support.ts';
import {
  fieldsOf,
  openGateway,
  openSubgraphs,
  type Place,
  readCommittedMatrix,
} from './access-places.test-support.ts';
import { ask, createQuestions, type Question } from './access-questions.test-support.ts';
import { comparesPassword } from './access-routes.test-support.ts';
import { createHome, findFreePortBase } from './platform.test-support.ts';
import { type RunningPlatform, startPlatform } from './start-platform.ts';

/** Every row of the committed matrix. */
const coordinates = [...readCommittedMatrix().merged.keys()];

let home: Awaited<ReturnType<typeof createHome>>;
let platform: RunningPlatform;
let places: Place[];
let holders: TokenHolder[];
let before: unknown;
const asked = new Set<string>();
const askedOfForeign = new Set<string>();
/** Their policy looks at the arguments; subgraphs/portal/src/assignees/assignees.test.ts tries both ways. */
const policiesOfArguments = ['Mutation.addSupportNote'];

beforeAll(async () => {
  home = await createHome();
  const portBase = await findFreePortBase();
  platform = await startPlatform(
    { PORT_BASE: String(portBase), SIGNET_HOME: home.path, LOG_LEVEL: 'fatal' },
    { print: () => {} },
  );
  places = [
    await openGateway(platform.gatewayUrl),
    ...(await openSubgraphs(portBase, join(home.path, 'proof'))),
  ];
  holders = await signInCallers(`${platform.gatewayUrl}/graphql`);
  before = await countEverything();
});
afterAll(async () => {
  await platform?.stop();
  await home?.remove();
});

test.each(coordinates)('%s', async (coordinate) => {
  const owners = places.filter((place) => fieldsOf(place).includes(coordinate));
  const questions = owners.flatMap((place) =>
    holders.flatMap((holder) => createQuestions(coordinate, place, holder)),
  );
  const faults: string[] = [];
  await forEachBounded(questions, comparesPassword.test(coordinate) ? 1 : 6, async (question) => {
    const { place, holder, object } = question;
    const fault = findFault(question, await ask(question));
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
  expect(fieldsOf(gateway as Place).sort()).toEqual(coordinates.toSorted());
  const rowsOfSubgraphs = subgraphs.flatMap((place) => fieldsOf(place).map((field) => ({ place, field })));
  expect(new Set(rowsOfSubgraphs.map(({ field }) => field))).toEqual(new Set(coordinates));
  const all = places.flatMap((place) =>
    fieldsOf(place).flatMap((field) => holders.map((holder) => keyOf(field, place, holder))),
  );
  expect(holders.map(({ caller }) => caller)).toEqual([...callers]);
  expect([...asked].sort()).toEqual(all.sort());
});

test('every policy was asked about somebody else, too', () => {
  const { merged } = readCommittedMatrix();
  const byPolicy = coordinates.filter((coordinate) =>
    callers.some((caller) => merged.get(coordinate)?.[caller] === 'policy'),
  );
  expect(byPolicy.filter((coordinate) => !askedOfForeign.has(coordinate))).toEqual(policiesOfArguments);
});

test('nothing was changed by asking', async () => {
  expect(await countEverything()).toEqual(before);
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

/** Also that everybody is still signed in: staff are asked last. */
async function countEverything(): Promise<unknown> {
  const query = `{
    products(first: 1) { totalCount }
    categories { slug }
    dashboard { customers supportNotes orders { placed shipped cancelled } products { outOfStock lowOnStock } }
  }`;
  const token = holders.find(({ caller }) => caller === 'super_admin')?.token ?? '';
  const { body } = await postGraphql(`${platform.gatewayUrl}/graphql`, { query }, { token });
  expect(body.errors).toBeUndefined();
  return body.data;
}
