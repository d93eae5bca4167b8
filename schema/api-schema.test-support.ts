import { Supergraph } from '@apollo/federation-internals';
import {
  type GraphQLArgument,
  type GraphQLNamedType,
  type GraphQLSchema,
  type GraphQLType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';

/** What a client of a supergraph sees. */
export function readApiSchema(supergraphSdl: string): GraphQLSchema {
  return Supergraph.build(supergraphSdl, { supportedFeatures: null }).apiSchema().toGraphQLJSSchema();
}

/** Every type, field, enum value and input field of a schema that leads somewhere, as `Type` and `Type.member`. */
export function coordinatesOf(schema: GraphQLSchema): Set<string> {
  const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
  return new Set(
    types.flatMap((type) => [
      type.name,
      ...('getFields' in type ? Object.keys(type.getFields()) : []).map((field) => `${type.name}.${field}`),
      ...('getValues' in type ? type.getValues() : []).map(({ name }) => `${type.name}.${name}`),
    ]),
  );
}

/** What a schema says of its types, their members and arguments, by coordinate; where it says something. */
export function descriptionsOf(schema: GraphQLSchema): [coordinate: string, text: string][] {
  const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
  const described = types.flatMap((type) => [
    { at: type.name, description: type.description },
    ...('getFields' in type ? Object.values(type.getFields()) : []).flatMap((field) => [
      { at: `${type.name}.${field.name}`, description: field.description },
      ...('args' in field ? [...field.args] : []).map(({ name, description }: GraphQLArgument) => ({
        at: `${type.name}.${field.name}(${name}:)`,
        description,
      })),
    ]),
    ...('getValues' in type ? type.getValues() : []).map(({ name, description }) => ({
      at: `${type.name}.${name}`,
      description,
    })),
  ]);
  return described.flatMap(({ at, description }) => (description ? [[at, description]] : []));
}

/** The coordinates that a client reaches from the roots, passing through none that is hidden. */
export function reachableCoordinates(schema: GraphQLSchema, hidden: ReadonlySet<string>): Set<string> {
  const reached = new Set<string>();
  const visit = (name: string): void => {
    const type = schema.getType(name);
    if (!type || hidden.has(name) || reached.has(name)) {
      return;
    }
    reached.add(name);
    if (isEnumType(type)) {
      for (const { name: value } of type.getValues()) {
        if (!hidden.has(`${name}.${value}`)) reached.add(`${name}.${value}`);
      }
    }
    for (const field of fieldsOf(type)) {
      if (hidden.has(`${name}.${field.name}`)) continue;
      reached.add(`${name}.${field.name}`);
      for (const type of field.leadsTo) visit(type);
    }
  };
  for (const root of [schema.getQueryType(), schema.getMutationType()]) {
    if (root) visit(root.name);
  }
  return reached;
}

/** A type's fields, each with the names of the types that it and its arguments have. */
function fieldsOf(type: GraphQLNamedType): { name: string; leadsTo: string[] }[] {
  if (isInputObjectType(type)) {
    return Object.values(type.getFields()).map((field) => ({
      name: field.name,
      leadsTo: [getNamedType(field.type).name],
    }));
  }
  if (!isObjectType(type) && !isInterfaceType(type)) {
    return [];
  }
  return Object.values(type.getFields()).map((field) => ({
    name: field.name,
    leadsTo: [field, ...field.args].map(({ type: of }) => getNamedType(of as GraphQLType).name),
  }));
}
