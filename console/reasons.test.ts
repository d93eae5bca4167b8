import { globSync, readFileSync } from 'node:fs';
import {
  buildSchema,
  getNamedType,
  isInputObjectType,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { expect, test } from 'vitest';
import { listDocuments } from '../libs/client/src/documents.ts';
import { errorTable, findOauthReason, findReason, oauthRefusals } from '../schema/contract/index.ts';
import { germanReasons } from './src/texts/german-reasons.ts';

const root = `${import.meta.dirname}/..`;
/** Of what the console itself fills in: a person cannot cause them. */
const ofPages = ['input.first', 'input.after', 'input.input'];

/**
 * The reasons that a person in the console can meet: what the fields of its own operations and of the client's say, the inputs of its
 * mutations, and every reason that the page of refusals explains.
 */
function listReasons(): string[] {
  const schema = buildSchema(readFileSync(`${root}/schema/generated/portal.graphql`, 'utf8'), {
    assumeValid: true,
  });
  const own = globSync('console/src/**/*.graphql', { cwd: root }).map((file) =>
    readFileSync(`${root}/${file}`, 'utf8'),
  );
  const reasons = new Set<string>([
    ...Object.values(errorTable).flatMap((row) => Object.keys(row.reasons)),
    ...Object.keys(oauthRefusals),
  ]);
  for (const document of [own.join('\n'), ...listDocuments('portal')]) {
    const types = new TypeInfo(schema);
    const enter = () => {
      const field = types.getFieldDef();
      for (const [, reason = ''] of field?.description?.matchAll(/`(input\.\w+)`/g) ?? [])
        reasons.add(reason);
      if (types.getParentType() !== schema.getMutationType()) return;
      for (const { name, type } of field?.args ?? []) {
        reasons.add(`input.${name}`);
        const named = getNamedType(type);
        if (isInputObjectType(named))
          for (const input of Object.keys(named.getFields())) reasons.add(`input.${input}`);
      }
    };
    visit(parse(document), visitWithTypeInfo(types, { Field: enter }));
  }
  return [...reasons].filter((reason) => !ofPages.includes(reason)).sort();
}

test('every reason that a person in the console can meet has a text in both languages', () => {
  const reasons = listReasons();
  expect(reasons).toContain('input.newPassword');
  expect(Object.keys(germanReasons).sort()).toEqual(reasons);
  for (const reason of reasons) {
    const english = (findReason(reason) ?? findOauthReason(reason))?.text;
    expect([reason, english, germanReasons[reason]]).toEqual([
      reason,
      expect.stringMatching(/\.$/),
      expect.stringMatching(/^[A-ZÄÖÜ`].*[.]$/),
    ]);
    expect(germanReasons[reason]).not.toBe(english);
  }
});
