import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type GraphQLType,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import { useId, useState } from 'react';
import type { KnownSchema } from './schema.ts';

/** A place in the documentation: a type, or one of its fields. */
export type Place = { type: string; field?: string };

const mostFound = 60;

/** The schema to read: its root types, each type with its fields, and a search by name. */
export function Docs({
  known: { schema, problem, reload },
  trail,
  onGo,
}: {
  known: KnownSchema;
  trail: readonly Place[];
  onGo: (trail: readonly Place[]) => void;
}) {
  const [search, setSearch] = useState('');
  const id = useId();
  const place = trail.at(-1);
  const go = (next: Place) => {
    setSearch('');
    onGo([...trail, next]);
  };
  return (
    <aside className="docs" aria-label="Documentation">
      <div className="docs-head">
        <label htmlFor={id}>Documentation</label>
        <button type="button" className="quiet" onClick={reload}>
          Reload
        </button>
      </div>
      <input
        id={id}
        type="search"
        placeholder="Search types and fields"
        value={search}
        onChange={({ target }) => setSearch(target.value)}
      />
      {problem && <p role="alert">{problem}</p>}
      {!schema && !problem && <p role="status">Loading the schema…</p>}
      {schema && trail.length > 0 && !search && (
        <nav className="trail" aria-label="Path in the documentation">
          <button type="button" className="link" onClick={() => onGo([])}>
            Schema
          </button>
          {trail.map(({ type, field }, index) => (
            <button
              type="button"
              className="link"
              // biome-ignore lint/suspicious/noArrayIndexKey: the same place may be in a trail twice.
              key={index}
              aria-current={index === trail.length - 1 ? 'location' : undefined}
              onClick={() => onGo(trail.slice(0, index + 1))}
            >
              {field ?? type}
            </button>
          ))}
        </nav>
      )}
      {schema &&
        (search ? (
          <Found schema={schema} search={search} onGo={go} />
        ) : place ? (
          <PlaceOf schema={schema} place={place} onGo={go} />
        ) : (
          <Roots schema={schema} onGo={go} />
        ))}
    </aside>
  );
}

type Go = (place: Place) => void;

function Roots({ schema, onGo }: { schema: GraphQLSchema; onGo: Go }) {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter(
    (type) => type != null,
  );
  return (
    <>
      {roots.map((type) => (
        <TypeDocs key={type.name} schema={schema} type={type} onGo={onGo} />
      ))}
    </>
  );
}

function Found({ schema, search, onGo }: { schema: GraphQLSchema; search: string; onGo: Go }) {
  const text = search.toLowerCase();
  const found = Object.values(schema.getTypeMap())
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type): Place[] => [
      ...(type.name.toLowerCase().includes(text) ? [{ type: type.name }] : []),
      ...fieldsOf(type)
        .filter(({ name }) => name.toLowerCase().includes(text))
        .map(({ name }) => ({ type: type.name, field: name })),
    ])
    .sort((one, other) => lengthOf(one) - lengthOf(other));
  if (found.length === 0) return <p>Nothing has this name.</p>;
  return (
    <ul className="entries">
      {found.slice(0, mostFound).map(({ type, field }) => (
        <li key={`${type}.${field}`}>
          <button type="button" className="link" onClick={() => onGo(field ? { type, field } : { type })}>
            {field ? `${type}.${field}` : type}
          </button>
        </li>
      ))}
      {found.length > mostFound && <li>and {found.length - mostFound} more</li>}
    </ul>
  );
}

function lengthOf({ type, field }: Place): number {
  return (field ?? type).length;
}

function PlaceOf({ schema, place, onGo }: { schema: GraphQLSchema; place: Place; onGo: Go }) {
  const type = schema.getType(place.type);
  if (!type) return <p>The schema has no type {place.type} any more.</p>;
  const field = fieldsOf(type).find(({ name }) => name === place.field);
  if (!place.field) return <TypeDocs schema={schema} type={type} onGo={onGo} />;
  if (!field)
    return (
      <p>
        {place.type} has no field {place.field} any more.
      </p>
    );
  return (
    <section>
      <h2>{field.name}</h2>
      <p>
        <TypeLink type={field.type} onGo={onGo} />
      </p>
      <About {...field} />
      {'args' in field && field.args.length > 0 && (
        <>
          <h3>Arguments</h3>
          <ul className="entries">
            {field.args.map((argument) => (
              <Entry key={argument.name} entry={argument} onGo={onGo} />
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function TypeDocs({ schema, type, onGo }: { schema: GraphQLSchema; type: GraphQLNamedType; onGo: Go }) {
  const fields = fieldsOf(type);
  const implementations = isAbstractType(type) ? schema.getPossibleTypes(type) : [];
  return (
    <section>
      <h2>{type.name}</h2>
      <About description={type.description} />
      {implementations.length > 0 && (
        <p>
          One of{' '}
          {implementations.map((one) => (
            <TypeLink key={one.name} type={one} onGo={onGo} />
          ))}
        </p>
      )}
      {isEnumType(type) && (
        <ul className="entries">
          {type.getValues().map((value) => (
            <li key={value.name}>
              <code>{value.name}</code>
              <About {...value} />
            </li>
          ))}
        </ul>
      )}
      <ul className="entries">
        {fields.map((field) => (
          <Entry
            key={field.name}
            entry={field}
            onGo={onGo}
            onOpen={() => onGo({ type: type.name, field: field.name })}
          />
        ))}
      </ul>
    </section>
  );
}

function Entry({
  entry,
  onGo,
  onOpen,
}: {
  entry: GraphQLField<unknown, unknown> | GraphQLInputField | GraphQLArgument;
  onGo: Go;
  onOpen?: () => void;
}) {
  return (
    <li>
      {onOpen ? (
        <button type="button" className="link" onClick={onOpen}>
          {entry.name}
        </button>
      ) : (
        <code>{entry.name}</code>
      )}
      : <TypeLink type={entry.type} onGo={onGo} />
      {!onOpen && <About {...entry} />}
    </li>
  );
}

function TypeLink({ type, onGo }: { type: GraphQLType; onGo: Go }) {
  return (
    <button type="button" className="link type" onClick={() => onGo({ type: getNamedType(type).name })}>
      {String(type)}
    </button>
  );
}

function About({
  description,
  deprecationReason,
}: {
  description?: string | null | undefined;
  deprecationReason?: string | null | undefined;
}) {
  return (
    <>
      {description && <p className="about">{description}</p>}
      {deprecationReason && <p className="about">Deprecated: {deprecationReason}</p>}
    </>
  );
}

function fieldsOf(type: GraphQLNamedType): (GraphQLField<unknown, unknown> | GraphQLInputField)[] {
  return isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)
    ? Object.values(type.getFields())
    : [];
}
