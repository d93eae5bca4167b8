import { platforms } from '@signet/schema/contract';
import { configFields } from '@signet/service';
import { z } from 'zod';
import { type Issues, reportFault } from './config-faults.ts';

/*
 * Each entrance has settings of its own: variables that begin with its name, `USER_PORT`.
 */

/** What an entrance may be called: in the environment it is the beginning of a variable. */
export const entranceNameForm = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
export const maxEntranceNameLength = 30;

/** The variable of an entrance's setting: `SHOP_FRONT_PORT` for the entrance `shop-front`. */
export function entranceVariable(entrance: string, setting: string): string {
  return `${entrance.toUpperCase().replaceAll('-', '_')}_${setting}`;
}

/** The value of a variable whose name follows from that of an entrance. */
export function settingOf<T>(config: object, variable: string): T {
  return (config as Readonly<Record<string, unknown>>)[variable] as T;
}

/** How a fault names a variable: by its place in the configuration file, or by itself. */
export function placeOf(
  config: { placeOf?: ((variable: string) => string) | undefined },
  variable: string,
): string {
  return config.placeOf?.(variable) ?? variable;
}

/** Browsers send origins in exactly this form. Any other form, and any pattern, would never match. */
export const originList = configFields.list
  .refine(
    (origins) => origins.every((text) => URL.parse(text)?.origin === text && !text.includes('*')),
    'must be origins such as https://shop.example, without a path',
  )
  .default([]);

/** The settings of an entrance that a configuration file names. Those of trusted documents and proof are beside them. */
export const entranceFields = {
  PORT: configFields.port.describe('The port of the entrance. 0 takes a free one.'),
  PLATFORMS: configFields.list
    .pipe(z.array(z.enum(platforms, `must be ${platforms.join(' or ')}`)))
    .optional()
    .meta({
      description:
        'The platforms whose tokens the entrance admits: user, portal. By default those that have an issuer.',
      inFile: { type: 'array', items: { type: 'string', enum: platforms } },
    }),
  SUPERGRAPH_FILE: z
    .string()
    .optional()
    .describe(
      'A supergraph of this entrance alone, such as a contract that leaves out what is tagged. By default that of all.',
    ),
  CORS_ORIGINS: originList.describe(
    'Origins whose pages may call this entrance, beside those that may call every entrance.',
  ),
};

/** For `superRefine`: two entrances cannot share a port. */
export function refineEntrancePorts(config: object, issues: Issues, entrances: readonly string[]): void {
  const taken = new Map<number, string>();
  for (const entrance of entrances) {
    const variable = entranceVariable(entrance, 'PORT');
    const port = settingOf<number>(config, variable);
    const other = taken.get(port);
    if (port !== 0 && other !== undefined) {
      reportFault(issues, variable, `is ${port}, as that of the entrance ${other}`);
    }
    taken.set(port, entrance);
  }
}
