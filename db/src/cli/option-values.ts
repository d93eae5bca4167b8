import type { z } from 'zod';
import { CliError } from './errors.ts';

/** Checks the values of a command's options; all faults in one line. */
export function parseOptionValues<S extends z.ZodObject>(
  schema: S,
  options: Readonly<Record<string, string>>,
): z.output<S> {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  throw new CliError(
    `${result.error.issues.map((issue) => `--${issue.path.join('.')} ${issue.message}`).join('; ')}.`,
  );
}
