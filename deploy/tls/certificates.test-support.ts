import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** PEM. */
export type Certificate = { certificate: string; key: string };
export type TestAuthority = {
  /** What clients trust: PEM. */
  certificate: string;
  /** A certificate for the names. With a negative number of days it has expired. */
  issue(names: readonly string[], days: number): Certificate;
  remove(): void;
};

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** An authority that lives as long as a test. Node makes no certificates, so openssl does. */
export function createAuthority(): TestAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'signet-authority-'));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  openssl(
    ...[
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-days',
      '2',
      '-subj',
      '/CN=Signet test authority',
    ],
    ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign'],
  );
  return {
    certificate: read('ca.pem'),
    issue(names, days) {
      const alternatives = names.map((name) => `DNS:${name}`).join(',');
      openssl(
        ...['req', ...newKey, '-keyout', 'own.key', '-out', 'own.csr', '-subj', `/CN=${names[0]}`],
        ...['-addext', `subjectAltName=${alternatives}`],
      );
      openssl(
        ...['x509', '-req', '-in', 'own.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
        ...['-days', String(days), '-copy_extensions', 'copyall', '-out', 'own.pem'],
      );
      return { certificate: read('own.pem'), key: read('own.key') };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
