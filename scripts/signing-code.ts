import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** jose's and Node's ways to make a signature with a private key. X25519 keys, for the proof between processes, can't sign. */
const signingCalls =
  /\b(SignJWT|CompactSign|FlattenedSign|GeneralSign|createSign|generateKeyPair(?:Sync)?(?!\('x25519'\))|importPKCS8)\b|\bcrypto\.sign\(|\bsubtle\.sign\(/;

const folders = ['schema', 'db', 'libs', 'subgraphs', 'gateway', 'launcher'];
/** The issuer; the test kit, whose issuer lives as long as a test; tests. */
const maySign = /^subgraphs\/auth\/|^libs\/testing\/|\.(test|e2e|test-support)\.ts$/;

/** Files outside the issuer that could sign a token. There must be none. */
export function findSigningCode(tree: string): string[] {
  return folders
    .flatMap((folder) =>
      globSync(`${folder}/**/*.{ts,js,mjs}`, { cwd: tree, exclude: (name) => name === 'node_modules' }),
    )
    .filter((file) => !maySign.test(file) && signingCalls.test(readFileSync(join(tree, file), 'utf8')));
}
