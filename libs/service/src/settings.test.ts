import { expect, test } from 'vitest';
import { z } from 'zod';
import { configFields } from './config.ts';
import { describeSettings } from './settings.ts';

test('reads text, default and secrecy of every field', () => {
  const fields = {
    NAMES: configFields.list.default(['a', 'b']).describe('Some names.'),
    SWITCH: configFields.flag.default(true).describe('A switch.'),
    SECONDS: configFields.seconds.default(60).describe('A time.'),
    KEY: configFields.key256.describe('A key.'),
    OTHER_KEY: configFields.key256.optional().describe('Another key.'),
  };
  expect(describeSettings(fields)).toEqual([
    { name: 'NAMES', description: 'Some names.', default: 'a,b', isSecret: false },
    { name: 'SWITCH', description: 'A switch.', default: 'yes', isSecret: false },
    { name: 'SECONDS', description: 'A time.', default: '60', isSecret: false },
    { name: 'KEY', description: 'A key.', default: undefined, isSecret: true },
    { name: 'OTHER_KEY', description: 'Another key.', default: undefined, isSecret: true },
  ]);
});

test('refuses a field that says nothing of itself, by its name', () => {
  expect(() => describeSettings({ SILENT: z.string().describe('Lost.').optional() })).toThrow(
    new TypeError("SILENT: end its field with .describe('…')"),
  );
});
