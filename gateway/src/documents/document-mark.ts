import { createHmac, randomBytes } from 'node:crypto';

/** Turns the SHA-256 of a document's text into what stands for the document in logs. */
export type DocumentMark = (sha256: string) => string;

/**
 * Creates marks under a key that only this process has. Texts may hold literals such as an e-mail address, and a plain hash would let a
 * reader of the log try out which. Two lines of one process name the same document by the same mark; there is no way back to the text.
 */
export function createDocumentMark(key: Buffer = randomBytes(32)): DocumentMark {
  return (sha256) => createHmac('sha256', key).update(sha256).digest('hex').slice(0, 32);
}
