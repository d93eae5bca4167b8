import type { PolicyTable, RelationChecker } from '@signet/access';
import type { AuditOrigin, Database, HousekeepingJob } from '@signet/db';
import { type SubgraphName, subgraphNamePattern, subgraphs } from '@signet/schema/subgraphs';
import type { EndpointPlugin, Logger, OperationHooks, RunningServer } from '@signet/service';
import type { RequestSession } from '@signet/session';
import type { Kysely } from 'kysely';
import type { z } from 'zod';
import { type SubgraphConfig, withOwnSettings } from '../config.ts';
import type { SubgraphOptions } from '../serve-subgraph.ts';
import type { PersonalData } from './personal-data.ts';
import { startSubgraph } from './start-subgraph.ts';

/** What a resolver has: who asks and in which tenant, the database (through `readInTenant` and `inTenant` only), this request's loaders and checks. */
export type SubgraphContext<Loaders = object, Settings = object> = RequestSession & {
  db: Kysely<Database>;
  loaders: Loaders;
  /** The subgraph's own. */
  settings: Settings;
  /** Answers whether relations such as "a viewer of this order" exist. */
  relations: RelationChecker;
  /** Where the request came from, for the audit log. */
  origin: AuditOrigin;
  logger: Logger;
};

/**
 * What a subgraph adds to its server, beside resolvers. With a plugin of Apollo Server, Apollo Server answers every request, at
 * several times the cost; hooks cost nothing. `stop` runs before the database closes.
 */
export type SubgraphExtension = {
  hooks?: readonly OperationHooks[];
  plugins?: readonly EndpointPlugin[];
  stop?(): Promise<void>;
};

export type SubgraphParts<Loaders extends object, Settings extends object = object> = {
  /** The name of the folder and of the line in `schema/subgraphs.json`. */
  name: SubgraphName;
  /** By type and field, as `resolvers.generated.ts` types them. `DateTime` is there already. */
  resolvers: object;
  /** The functions that `@policy` rules name. */
  policies?: PolicyTable<SubgraphContext<Loaders, Settings>>;
  /** One set for each request: what a loader has read is never shown to anybody else. */
  createLoaders?(db: Kysely<Database>, tenantId: string): Loaders;
  /** Settings of this subgraph alone, each with a default. They lie in its `settings.ts`, where `npm start` looks for them. */
  settings?: SettingFields<Settings>;
  /** Functions of the database that delete what has expired, by the name under which the log counts the rows. */
  housekeeping?: Readonly<Record<string, string>>;
  /**
   * Work that the process does by itself about every minute, one replica at a time, by the name under which the log counts it.
   * Each does at most `most` of it and returns how much it did.
   */
  everyMinute?: Readonly<Record<string, HousekeepingJob['prune']>>;
  /**
   * What it does when a customer asks for their data, or for its end. Goes with `"personalData": true` in `schema/subgraphs.json`, by which
   * others know that it must answer, and with `answerPersonalData` in its migrations.
   */
  personalData?: PersonalData;
  /** Called once, when the process starts. `revocationAge`: seconds since it read the revocations, as far as it has read them. */
  extend?(process: {
    db: Kysely<Database>;
    logger: Logger;
    revocationAge(): number | undefined;
  }): SubgraphExtension;
};

export type SettingFields<Settings extends object> = {
  readonly [Name in keyof Settings]: z.ZodType<Settings[Name]>;
};

/** What the platform knows of a subgraph: the default export of `subgraphs/<name>/subgraph.ts`. */
export type SubgraphDefinition<Config = SubgraphConfig, Options extends object = SubgraphOptions> = {
  name: SubgraphName;
  /** The names that `@policy` rules may use. */
  policyNames: readonly string[];
  /** The environment variables of its process. */
  configSchema: z.ZodObject;
  /** The name of a process with this configuration, where several do the subgraph's work. Default: that of the subgraph. */
  processNameOf?(config: Config): string;
  /** Starts its server. The caller stops it. */
  start(config: Config, logger: Logger, options?: Options): Promise<RunningServer>;
};

/**
 * Defines a subgraph whose process uses one database role. From its name follow the database role `signet_<name>`, the schema,
 * the table for nonces, the proof key, the port and the gateway's `<NAME>_URL`.
 *
 * @throws {TypeError} for a part that is missing or wrong. The message names it.
 */
export function defineSubgraph<Loaders extends object, Settings extends object = object>(
  parts: SubgraphParts<Loaders, Settings>,
): SubgraphDefinition {
  assertParts(parts);
  return {
    name: parts.name,
    policyNames: Object.keys(parts.policies ?? {}),
    configSchema: withOwnSettings(parts.settings),
    start: (config, logger, options) => startSubgraph(parts, config, logger, options),
  };
}

function assertParts<Loaders extends object, Settings extends object>(
  parts: SubgraphParts<Loaders, Settings>,
): void {
  const { name, resolvers, policies, housekeeping, everyMinute, personalData } = parts;
  if (typeof name !== 'string' || !subgraphNamePattern.test(name)) {
    throw new TypeError(`name: '${name}' is not a name for a subgraph. Use lowercase letters and digits.`);
  }
  if (typeof resolvers !== 'object' || resolvers === null) {
    throw new TypeError('resolvers: is missing. Give the object of resolvers by type and field.');
  }
  for (const [policy, decide] of Object.entries(policies ?? {})) {
    if (typeof decide !== 'function') throw new TypeError(`policies: '${policy}' is not a function.`);
  }
  for (const [job, run] of Object.entries(everyMinute ?? {})) {
    if (typeof run !== 'function') throw new TypeError(`everyMinute: '${job}' is not a function.`);
  }
  const registered = subgraphs.find((subgraph) => subgraph.name === name);
  if (registered && registered.hasPersonalData !== (personalData !== undefined)) {
    throw new TypeError(
      registered.hasPersonalData
        ? `personalData: is missing, but schema/subgraphs.json says that '${name}' has personal data.`
        : `personalData: nobody asks for it: schema/subgraphs.json lacks "personalData": true for '${name}'.`,
    );
  }
  for (const [job, functionName] of Object.entries(housekeeping ?? {})) {
    if (!/^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/.test(functionName)) {
      throw new TypeError(
        `housekeeping: '${job}' must name a function of the database, like ${name}.prune_${job}.`,
      );
    }
  }
}
