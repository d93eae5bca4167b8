import { ManifestError, type TrustedDocument } from './manifest.ts';

/** The trusted documents of an entrance. Ids and texts come from callers: looked up in maps, never on objects. */
export type DocumentList = {
  readonly documents: readonly TrustedDocument[];
  findById(id: string): TrustedDocument | undefined;
  /** Whether a document has exactly this text. */
  hasText(text: string): boolean;
  /** Whether a document's operation has this name: then a client runs another version of it. */
  hasName(name: string): boolean;
};

export type Manifest = { file: string; documents: readonly TrustedDocument[] };

/**
 * Joins manifests: those of several applications, or of several versions of one. The same document may be in many of them.
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
