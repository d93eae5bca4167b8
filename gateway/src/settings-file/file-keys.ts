import { productSubgraphs, urlVariableOf } from '@signet/schema/subgraphs';
import { variants } from '@signet/schema/supergraph-files';
import { z } from 'zod';
import { gatewayFields } from '../config.ts';
import { trustedDocumentsMode } from '../config-documents.ts';
import { entranceFields, entranceVariable } from '../config-entrances.ts';
import { limitFields } from '../config-limits.ts';

/** A setting as a configuration file has it. */
export type FileSetting = {
  key: string;
  /** The variable that means the same. Of an entrance's setting: without the name of the entrance. */
  variable: string;
  /** What stands in the file, as JSON Schema. */
  type: FileType;
  /** Is the path of a file or folder, or a list of such: from the folder of the configuration file on. */
  isPath: boolean;
  /** Must not stand in the file. */
  isSecret: boolean;
  description: string;
  default: unknown;
};

export type FileType = {
  type: 'string' | 'integer' | 'number' | 'boolean' | 'array';
  enum?: readonly string[];
  [keyword: string]: unknown;
};

/** By key. */
export type FileSettings = ReadonlyMap<string, FileSetting>;

/** Settings that stand in the file under a name, or in a form, of their own, or not at all. */
const elsewhere = [
  'SUBGRAPH_URLS',
  'ENTRANCES',
  'ISSUERS_FILE',
  // Of the platform's own issuers, which entrances of a file do not have before them.
  'CLIENT_SECRETS',
  ...Object.keys(limitFields),
];
/** The variables of an entrance in a configuration file, without its name. */
export const entranceSettingFields = {
  ...entranceFields,
  TRUSTED_DOCUMENTS: trustedDocumentsMode.describe(
    'Which operations the entrance runs: `off` and `log` any, `enforce` only those that are listed. `log` writes down what is not listed.',
  ),
  TRUSTED_DOCUMENTS_FILES: gatewayFields.GRAPH_TRUSTED_DOCUMENTS_FILES.describe(
    'The manifests that list them: files and folders.',
  ),
  PROOF_KEY_FILE: z.string().optional().describe('Path of the proof keys of the entrance (docs/proof.md).'),
};

/** The variables of the entrances that the platform itself has, and of its subgraphs. In a file both have names of their own. */
export const ownVariables: ReadonlySet<string> = new Set([
  ...variants.flatMap((name) =>
    Object.keys(entranceSettingFields).map((setting) => entranceVariable(name, setting)),
  ),
  ...productSubgraphs.map(({ name }) => urlVariableOf(name)),
]);

/** The keys of the file itself. */
export const topSettings: FileSettings = describeAll(
  Object.entries(gatewayFields).filter(([name]) => !elsewhere.includes(name) && !ownVariables.has(name)),
  (variable) => (variable === 'SUPERGRAPH_FILE' ? 'supergraph' : keyOf(variable)),
);

/** The keys below `limits`. */
export const limitSettings: FileSettings = describeAll(Object.entries(limitFields), (variable) =>
  keyOf(variable.replace('LIMIT_', '')),
);

/** The keys of an entrance, below `entrances` and its name. */
export const entranceSettings: FileSettings = describeAll(
  Object.entries(entranceSettingFields),
  (variable) => (variable === 'SUPERGRAPH_FILE' ? 'supergraph' : keyOf(variable)),
);

/** `MAX_IN_FLIGHT` -> `maxInFlight`. */
export function keyOf(variable: string): string {
  return variable.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `keyFile` beside a secret or a PEM text: the path of the file that holds it. */
export function fileSettingOf(key: string, settings: FileSettings): FileSetting | undefined {
  const setting = key.endsWith('File') ? settings.get(key.slice(0, -'File'.length)) : undefined;
  const isText = setting?.isSecret || setting?.variable.endsWith('_KEYS');
  return setting && isText
    ? { ...setting, key, variable: `${setting.variable}_FILE`, isPath: true, isSecret: false }
    : undefined;
}

/** The setting of the file itself that a variable is. */
export function topSettingOf(variable: string): FileSetting | undefined {
  return [...topSettings.values()].find((setting) => setting.variable === variable);
}

function describeAll(
  fields: readonly (readonly [string, z.ZodType])[],
  keyFor: (variable: string) => string,
): FileSettings {
  return new Map(
    fields.map(([variable, field]) => {
      const key = keyFor(variable);
      return [key, { key, variable, ...describeField(variable, field) }];
    }),
  );
}

function describeField(variable: string, field: z.ZodType): Omit<FileSetting, 'key' | 'variable'> {
  const isSecret = findMeta(field, 'isSecret') === true;
  return {
    type: typeOf(field),
    isPath: /_FILES?$/.test(variable),
    isSecret,
    description: field.description ?? '',
    default: field instanceof z.ZodDefault ? field.def.defaultValue : undefined,
  };
}

function typeOf(field: z.ZodType): FileType {
  const marked = findMeta(field, 'inFile') as FileType | undefined;
  if (marked) return marked;
  const inner = innerOf(field);
  if (inner) return typeOf(inner);
  return field instanceof z.ZodEnum
    ? { type: 'string', enum: field.options.map(String) }
    : { type: 'string' };
}

/** The mark may be on the field itself or on what wraps it. */
function findMeta(field: z.ZodType, name: string): unknown {
  const inner = innerOf(field);
  return field.meta()?.[name] ?? (inner && findMeta(inner, name));
}

function innerOf(field: z.ZodType): z.ZodType | undefined {
  if (field instanceof z.ZodOptional || field instanceof z.ZodDefault) return field.unwrap() as z.ZodType;
  return field instanceof z.ZodPipe ? (field.def.in as z.ZodType) : undefined;
}
