import { issuersSchema } from '@signet/session/config';
import { z } from 'zod';
import { entranceNameForm, maxEntranceNameLength } from '../config-entrances.ts';
import {
  entranceSettings,
  type FileSetting,
  type FileSettings,
  fileSettingOf,
  limitSettings,
  topSettings,
} from './file-keys.ts';

/** The JSON Schema of a configuration file, for editors: written from the fields of the settings. */
export function createFileSchema(): object {
  const { $schema: _, ...issuers } = z.toJSONSchema(issuersSchema, { io: 'input' });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Settings of signet-gateway',
    ...objectOf(topSettings, {
      subgraphs: {
        description: 'Where subgraphs answer, by name, in place of what the supergraph says.',
        type: 'object',
        additionalProperties: { type: 'string', format: 'uri' },
      },
      limits: { description: 'How large an operation may be.', ...objectOf(limitSettings) },
      entrances: {
        description: 'The listeners of the gateway, by name. Without them there is one, at `port`.',
        type: 'object',
        minProperties: 1,
        propertyNames: { pattern: entranceNameForm.source, maxLength: maxEntranceNameLength },
        additionalProperties: { ...objectOf(entranceSettings), required: ['port'] },
      },
      issuers: { description: 'Whose tokens are verified (docs/issuers.md).', minItems: 1, ...issuers },
    }),
  };
}

function objectOf(settings: FileSettings, more: Readonly<Record<string, object>> = {}) {
  const properties = [...settings.values()].flatMap((setting) => {
    const inFile = fileSettingOf(`${setting.key}File`, settings);
    const file = inFile && [
      inFile.key,
      { type: 'string', description: `A file with: ${setting.description}` },
    ];
    return [...(setting.isSecret ? [] : [[setting.key, describe(setting)]]), ...(file ? [file] : [])];
  });
  return {
    type: 'object',
    properties: { ...Object.fromEntries(properties), ...more },
    additionalProperties: false,
  };
}

function describe({ type, description, default: usual }: FileSetting): object {
  const isEmpty = usual === undefined || (Array.isArray(usual) && usual.length === 0);
  return { ...type, description, ...(!isEmpty && { default: usual }) };
}
