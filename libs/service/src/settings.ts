import { z } from 'zod';

/** What the documentation says of one environment variable. */
export type Setting = {
  name: string;
  /** One or two sentences in plain English. */
  description: string;
  /** As it would stand in the environment. Undefined where the schema has no constant default. */
  default: string | undefined;
  /** Belongs into a file that `<name>_FILE` names, and has no default. */
  isSecret: boolean;
};

/**
 * Reads what the fields of a configuration schema say of themselves.
 *
 * @throws {TypeError} that names a field without `.describe('…')`.
 */
export function describeSettings(fields: Readonly<Record<string, z.ZodType>>): Setting[] {
  return Object.entries(fields).map(([name, field]) => {
    const { description } = field;
    if (!description) throw new TypeError(`${name}: end its field with .describe('…')`);
    return { name, description, default: findDefault(field), isSecret: isSecret(field) };
  });
}

function findDefault(field: z.ZodType): string | undefined {
  if (!(field instanceof z.ZodDefault)) return undefined;
  const { defaultValue } = field.def;
  if (typeof defaultValue === 'boolean') return defaultValue ? 'yes' : 'no';
  return Array.isArray(defaultValue) ? defaultValue.join(',') : String(defaultValue);
}

/** `configFields` marks secrets. The mark is on the field itself or on what `.optional()` and others have wrapped. */
function isSecret(field: z.ZodType): boolean {
  if (field.meta()?.isSecret) return true;
  const isWrapper = field instanceof z.ZodOptional || field instanceof z.ZodDefault;
  return isWrapper && isSecret(field.unwrap() as z.ZodType);
}
