import { expect, test } from 'vitest';
import { z } from 'zod';
import { ConfigError, configFields, loadConfig } from './config.ts';
import { findMistypedVariables } from './mistyped-variables.ts';

const names = [
  'HOST',
  'PORT',
  'PORT_BASE',
  'LOG_LEVEL',
  'SURFACE',
  'SIGNET_HOME',
  'DATABASE_URL',
  'USER_ACCESS_TOKEN_SECONDS',
  'LIMIT_DEPTH',
  'LIMIT_COST',
];
const findIn = (...variables: string[]) =>
  findMistypedVariables(names, Object.fromEntries(variables.map((name) => [name, 'x'])));

test.each([
  ['a letter left out', 'USER_ACCES_TOKEN_SECONDS', 'USER_ACCESS_TOKEN_SECONDS'],
  ['a letter too many', 'DATABASSE_URL', 'DATABASE_URL'],
  ['another letter', 'LIMIT_DEPTG', 'LIMIT_DEPTH'],
  ['two letters exchanged', 'PROT_BASE', 'PORT_BASE'],
  ['two letters left out of a long name', 'USER_ACESS_TOKEN_SECOND', 'USER_ACCESS_TOKEN_SECONDS'],
  ['a word without underscore', 'SURFASE', 'SURFACE'],
  ['the name of a file with the value', 'DATABASE_ULR_FILE', 'DATABASE_URL_FILE'],
  ['a member that its family does not have', 'LIMIT_DEEPNESS', 'LIMIT_DEPTH'],
])('names the right variable for %s', (_case, variable, right) => {
  expect(findIn(variable)).toEqual([`${variable}: is not a setting. Did you mean ${right}?`]);
});

test('leaves the settings themselves alone, each also as the name of a file, and what is empty', () => {
  expect(findIn(...names, ...names.map((name) => `${name}_FILE`))).toEqual([]);
  expect(findMistypedVariables(names, { LIMIT_DEPTG: '', PORT_BAS: undefined })).toEqual([]);
});

test('knows a family only where the list has it', () => {
  const env = { THROTTLE_ROWS: '5', SIGNET_SOMETHING: '5' };
  expect(findMistypedVariables(names, env)).toEqual([]);
  expect(findMistypedVariables(names, env, ['SIGNET_'])).toEqual([
    'SIGNET_SOMETHING: is not a setting. Did you mean SIGNET_HOME?',
  ]);
});

test('loadConfig reports it beside every other fault, without the value', () => {
  const schema = z.object({ PORT: configFields.port, DATABASE_URL: configFields.postgresUrl });
  const load = () => loadConfig(schema, { PORT: 'many', DATABASE_URI: 'postgres://secret-word' });
  expect(load).toThrow(
    new ConfigError([
      'PORT: must be a port number, 0 to 65535',
      'DATABASE_URL: is not set',
      'DATABASE_URI: is not a setting. Did you mean DATABASE_URL?',
    ]),
  );
});
