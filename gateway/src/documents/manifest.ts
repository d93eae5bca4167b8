import { z } from 'zod';

/** A document that a team has reviewed and listed. */
export type TrustedDocument = {
  id: string;
  /** The name of its operation, `''` where it has none. */
  name: string;
  body: string;
};

/** A manifest that cannot be used. The message names the file and the entry, for the operator. */
export class ManifestError extends Error {
  readonly file: string;

  constructor(file: string, fault: string) {
    super(`${file}: ${fault}`);
    this.name = 'ManifestError';
    this.file = file;
  }
}

/** Ids are hashes or short names. */
const maxIdLength = 256;

const operation = z.object(
  {
    id: z
      .string('has no id')
      .min(1, 'has an empty id')
      .max(maxIdLength, `has an id of more than ${maxIdLength} characters`),
    name: z.string('has a name that is no text').default(''),
    body: z.string('has no body').min(1, 'has an empty body'),
  },
  'is no object',
);

/**
 * The form that `generate-persisted-query-manifest` and the code generators for Kotlin and iOS write. Their other keys
 * are ignored.
 */
const manifest = z.object(
  {
    format: z.literal('apollo-persisted-query-manifest', 'is not "apollo-persisted-query-manifest"'),
    version: z.literal(1, 'is not 1'),
    operations: z.array(operation, 'is no list'),
  },
  'is no manifest: its JSON is no object',
);

/**
 * Reads a manifest's text.
 *
 * @throws {ManifestError} with the first fault
 */
export function parseManifest(text: string, file: string): readonly TrustedDocument[] {
  const result = manifest.safeParse(parseJson(text, file));
  if (!result.success) {
    throw new ManifestError(file, describeIssue(result.error.issues[0]));
  }
  return result.data.operations;
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message would quote the file's content.
    throw new ManifestError(file, 'is no JSON');
  }
}

/** `operations[3] has no body`. */
function describeIssue(issue: z.core.$ZodIssue | undefined): string {
  const [field, index] = issue?.path ?? [];
  const place = index === undefined ? field : `${String(field)}[${String(index)}]`;
  return [place, issue?.message].filter(Boolean).map(String).join(' ');
}

/**
 * The trusted documents of an entrance. Callers choose the ids and texts that are looked up, so they are keys of maps,
 * never of objects.
 */
export type DocumentList = {
  readonly documents: readonly TrustedDocument[];
  findById(id: string): TrustedDocument | undefined;
  /** Whether a document has exactly this text. */
  hasText(text: string): boolean;
  /** Whether a document's operation has this name. Then a client probably runs another version of it. */
  hasName(name: string): boolean;
};

export type Manifest = { file: string; documents: readonly TrustedDocument[] };

/**
 * Joins the manifests of several applications or of several versions of one. Several manifests may list the same
 * document.
 *
 * @throws {ManifestError} where one id stands for two texts
 */
export function joinManifests(manifests: readonly Manifest[]): DocumentList {
  const byId = new Map<string, TrustedDocument>();
  for (const { file, documents } of manifests) {
    for (const [index, document] of documents.entries()) {
      const known = byId.get(document.id);
      if (known && known.body !== document.body) {
        throw new ManifestError(
          file,
          `operations[${index}] has the id '${document.id}' of another document (${describe(known)})`,
        );
      }
      byId.set(document.id, known ?? document);
    }
  }
  const documents = [...byId.values()];
  const texts = new Set(documents.map(({ body }) => body));
  const names = new Set(documents.map(({ name }) => name));
  return {
    documents,
    findById: (id) => byId.get(id),
    hasText: (text) => texts.has(text),
    hasName: (name) => names.has(name),
  };
}

function describe({ name }: TrustedDocument): string {
  return name === '' ? 'which has no name' : `'${name}'`;
}
