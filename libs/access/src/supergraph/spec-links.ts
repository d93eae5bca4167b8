import { type ConstDirectiveNode, type ConstValueNode, type DocumentNode, Kind } from 'graphql';

/** What a schema says of one specification that it uses: `@link(url:, as:, for:, import:)`, or `@core(feature:)` before it. */
export type SpecLink = {
  /** The URL without its version: `https://specs.apollo.dev/join`. */
  identity: string;
  /** `v0.5`, or empty where the URL has none. */
  version: string;
  /** The last part of the identity: `join`. */
  name: string;
  /** What stands before the specification's names in this schema: `as`, or the name. */
  prefix: string;
  /** `SECURITY` or `EXECUTION`: a reader that does not know the specification must not serve the schema. */
  purpose: string | undefined;
  imports: readonly { name: string; as: string }[];
  /** From 1. Undefined where the document was parsed without locations. */
  line: number | undefined;
};

/** Reads the links of a schema. A directive with a `url` is a link, whatever name the specification of links was given. */
export function readSpecLinks({ definitions }: DocumentNode): SpecLink[] {
  return definitions.flatMap((node) =>
    node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION
      ? (node.directives ?? []).flatMap(readLink)
      : [],
  );
}

/**
 * The name under which a schema uses a directive of a specification (link specification 1.0): as it is imported; else with the
 * prefix; the directive that is named like its specification has the prefix alone.
 */
export function nameInSchema({ imports, name, prefix }: SpecLink, directive: string): string {
  const imported = imports.find((item) => item.name === `@${directive}`);
  if (imported) return imported.as.slice(1);
  return directive === name ? prefix : `${prefix}__${directive}`;
}

/** The link that a directive is, or an empty list. */
export function readLink(directive: ConstDirectiveNode): SpecLink[] {
  const url = textOf(argumentOf(directive, 'url')) || textOf(argumentOf(directive, 'feature'));
  if (!url) return [];
  const [, identity = url, version = ''] = /^(.*?)\/(v\d+(?:\.\d+)*)\/?$/.exec(url) ?? [];
  const name = identity.slice(identity.lastIndexOf('/') + 1);
  const purpose = argumentOf(directive, 'for');
  return [
    {
      identity,
      version,
      name,
      prefix: textOf(argumentOf(directive, 'as')) || name,
      purpose: purpose?.kind === Kind.ENUM ? purpose.value : undefined,
      imports: readImports(argumentOf(directive, 'import')),
      line: directive.loc?.startToken.line,
    },
  ];
}

/** `"@policy"` or `{ name: "@policy", as: "@p" }`; GraphQL lets a list of one be written without its brackets. */
function readImports(value: ConstValueNode | undefined): { name: string; as: string }[] {
  const items = value?.kind === Kind.LIST ? value.values : value ? [value] : [];
  return items.map((item) => {
    if (item.kind !== Kind.OBJECT) return { name: textOf(item), as: textOf(item) };
    const fieldOf = (key: string) => textOf(item.fields.find((field) => field.name.value === key)?.value);
    return { name: fieldOf('name'), as: fieldOf('as') || fieldOf('name') };
  });
}

function argumentOf(directive: ConstDirectiveNode, name: string): ConstValueNode | undefined {
  return directive.arguments?.find((argument) => argument.name.value === name)?.value;
}

function textOf(value: ConstValueNode | undefined): string {
  return value?.kind === Kind.STRING ? value.value : '';
}
