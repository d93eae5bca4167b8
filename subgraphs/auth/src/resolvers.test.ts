import { platformNamedBy } from '@signet/schema/platform-tags';
import { readSubgraphSdl } from '@signet/schema/sdl';
import { Kind, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createPortalResolvers, createUserResolvers, platformOfField } from './resolvers.ts';

/** The fields of Query and Mutation, with the platform that their directives name. */
const fields = parse(readSubgraphSdl('auth')).definitions.flatMap((definition) =>
  definition.kind === Kind.OBJECT_TYPE_EXTENSION && ['Query', 'Mutation'].includes(definition.name.value)
    ? (definition.fields ?? []).map(({ name, directives = [] }) => ({
        type: definition.name.value as 'Query' | 'Mutation',
        field: name.value,
        platform: directives.map(platformNamedBy).find((named) => named !== undefined),
      }))
    : [],
);

describe('the resolvers', () => {
  it.each(fields)('register $type.$field with the platform that its SDL names', ({ field, platform }) => {
    expect(platform).toBeDefined();
    expect(platformOfField(field)).toBe(platform);
  });

  it('register each field of the SDL with one platform, and nothing else', () => {
    for (const type of ['Query', 'Mutation'] as const) {
      const registered = [
        createUserResolvers(undefined),
        createPortalResolvers(undefined, undefined),
      ].flatMap((resolvers) => Object.keys(resolvers[type]));
      const named = fields.filter((field) => field.type === type).map(({ field }) => field);
      expect(registered.toSorted()).toEqual(named.toSorted());
    }
  });
});
