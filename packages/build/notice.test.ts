import { expect, it } from 'vitest';
import { bundledLibraries } from './copied-files.ts';
import { readPackages } from './manifest.ts';
import { writeNotice } from './notice.ts';

const notices = new Map(
  readPackages().map((one) => [one.folder, writeNotice(one, bundledLibraries(one.folder))]),
);
const paragraphOf = (folder: string, license: string) =>
  notices
    .get(folder)
    ?.split('\n\n')
    .find((paragraph) => paragraph.startsWith(`${license}:`)) ?? '';

it("names Apollo's packages of the Elastic License in the gateway, those that come through others too, and what that asks for", () => {
  const elastic = paragraphOf('gateway', 'Elastic-2.0');
  expect(elastic).toMatch(/may not offer .* hosted or managed service/);
  for (const name of ['gateway', 'query-planner', 'query-graphs', 'federation-internals', 'composition']) {
    expect(elastic).toMatch(new RegExp(`^  @apollo/${name} \\d`, 'm'));
  }
  expect(notices.get('gateway')).toMatch(/^ {2}fastify \d/m);
  expect(notices.get('gateway')).toMatch(
    /In this package are parts of these libraries.*\n\nMIT:\n {2}@codemirror\/autocomplete \d/,
  );
});

it('says of each package which licence it has, and names no library of another', () => {
  for (const [folder, notice] of notices) {
    expect(notice).toContain(`@signet/${folder} is under the MIT License`);
    if (folder !== 'gateway')
      expect([folder, notice]).toEqual([folder, expect.not.stringContaining('Elastic')]);
  }
});
