import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, type GraphQLSchema } from 'graphql';

/** A package that was generated before. */
export type PreviousPackage = {
  name: string;
  version: string;
  schema: GraphQLSchema;
  scalars: Readonly<Record<string, string>>;
};

/** @throws {Error} for a folder that holds something else */
export function readPreviousPackage(folder: string): PreviousPackage | undefined {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) return undefined;
  const { name, version, signet } = JSON.parse(readFileSync(path, 'utf8'));
  if (!signet?.scalars || !/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Error(`${path} is none that signet types wrote: name another folder by --out or --previous.`);
  }
  const schema = buildSchema(readFileSync(join(folder, 'schema.graphql'), 'utf8'));
  return { name, version, schema, scalars: signet.scalars };
}

export type VersionStep = { version: string; breaking: readonly string[]; others: readonly string[] };

/**
 * The version that follows from what changed since the previous package: a major one where clients break, or the type of a scalar is
 * another; a minor one for what is new, and for what breaks some clients only (a value more in an enum); a patch for texts.
 */
export async function nextVersion(
  previous: PreviousPackage | undefined,
  schema: GraphQLSchema,
  scalars: Readonly<Record<string, string>>,
): Promise<VersionStep> {
  if (!previous) return { version: '1.0.0', breaking: [], others: [] };
  const { CriticalityLevel, diff } = await import('@graphql-inspector/core');
  const changes = await diff(previous.schema, schema);
  const isBreaking = (change: (typeof changes)[number]) =>
    change.criticality.level === CriticalityLevel.Breaking;
  const breaking = [
    ...changes.filter(isBreaking).map(({ message }) => message),
    ...Object.entries(previous.scalars)
      .filter(([name, type]) => name in scalars && scalars[name] !== type)
      .map(([name, type]) => `Scalar '${name}' changed from ${type} to ${scalars[name]}`),
  ];
  const others = changes.filter((change) => !isBreaking(change));
  const isText = others.every(({ type }) => /DESCRIPTION|DEPRECAT/.test(type));
  const [major = 0, minor = 0, patch = 0] = previous.version.split('.').map(Number);
  const version =
    breaking.length > 0
      ? `${major + 1}.0.0`
      : others.length === 0
        ? previous.version
        : isText
          ? `${major}.${minor}.${patch + 1}`
          : `${major}.${minor + 1}.0`;
  return { version, breaking, others: others.map(({ message }) => message) };
}
