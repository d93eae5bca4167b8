import { describe, expect, it } from 'vitest';
import { isHashOf, parseStoredHash } from './stored-hash.ts';

const password = 'correct horse';
const bytes = 'c2l4dGVlbiBieXRlcyBvaw';
/** Made by Python's hashlib and by crypt(3); Argon2's are of the reference implementation's tests. */
const foreign: [string, string, string?][] = [
  ['bcrypt of crypt(3)', '$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e'],
  ['bcrypt of PHP', '$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e'],
  ['bcrypt of before 2014', '$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e'],
  [
    'Argon2id',
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    'password',
  ],
  [
    'Argon2i',
    '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
    'password',
  ],
  ['scrypt', `$scrypt$ln=10,r=8,p=1$${bytes}$cfPe0WGfVZ8OIjddoerh71TvAxgQZg41crtxy38ZNBQ`],
  [
    'PBKDF2 with SHA-256 of Passlib',
    `$pbkdf2-sha256$29000$${bytes}$RoUWWyEva3WXWV6JX7aWxVznaZBvbK6nrmhcw.8/gvA`,
  ],
  [
    'PBKDF2 with SHA-512 of Passlib',
    `$pbkdf2-sha512$25000$${bytes}$AJcKsyZhrJTFLykl0bwA4V7gyYVYAg2a83LcTu5YRooNXHkR5NRzdHoIuoXEzSD8oU4JJxeqSGjD8XpMGg10Zw`,
  ],
  ['PBKDF2 with SHA-1 of Passlib', `$pbkdf2$20000$${bytes}$QhyaF3Ieuaa1ioymSjv3GQtPMww`],
  [
    "PBKDF2 in PHC's form",
    `$pbkdf2-sha256$i=29000,l=32$${bytes}$RoUWWyEva3WXWV6JX7aWxVznaZBvbK6nrmhcw+8/gvA`,
  ],
  ['PBKDF2 of Django', 'pbkdf2_sha256$60000$abcDEF123456$Hq9nDbqVUmnq558fuSDnqIrqgQDFrQ4KgGAY+G6C8/8='],
];

describe('a hash of another program', () => {
  it.each(foreign)('%s: equals its own password and no other', (_name, hash, own = password) => {
    const stored = parseStoredHash(hash);
    if (typeof stored === 'string') throw new Error(stored);
    expect(isHashOf(own, hash, stored)).toBe(true);
    expect(isHashOf(`${own}x`, hash, stored)).toBe(false);
  });

  const tag = 'A'.repeat(43);
  it.each([
    ['bcrypt of cost 15', `$2b$15$${'a'.repeat(53)}`, /cost outside 4 to 14/],
    ['bcrypt of a length that is none', '$2b$10$abc', /must be a hash of bcrypt/],
    ['bcrypt of a broken program', `$2x$10$${'a'.repeat(53)}`, /must be a hash of bcrypt/],
    ['scrypt with N = 2^30', `$scrypt$ln=30,r=8,p=1$${bytes}$${tag}`, /128 MiB/],
    ['scrypt with N = 2^99', `$scrypt$ln=99,r=8,p=1$${bytes}$${tag}`, /128 MiB/],
    ['scrypt with p = 1024', `$scrypt$ln=10,r=8,p=1024$${bytes}$${tag}`, /p=16/],
    ['scrypt of much work', `$scrypt$ln=17,r=8,p=16$${bytes}$${tag}`, /N × r × p/],
    ['Argon2 with 4 GiB', `$argon2id$v=19$m=4194304,t=1,p=1$${bytes}$${tag}`, /m=131072/],
    ['Argon2 with 1000 passes', `$argon2id$v=19$m=65536,t=1000,p=1$${bytes}$${tag}`, /m × t/],
    ['Argon2 of version 1.0', `$argon2id$v=16$m=65536,t=2,p=1$${bytes}$${tag}`, /version 1.3/],
    ['Argon2 with a secret of its own', `$argon2id$v=19$m=65536,t=2,p=1,keyid=aa$${bytes}$${tag}`, /further/],
    ['PBKDF2 with a billion rounds', `$pbkdf2-sha256$999999999$${bytes}$${tag}`, /2000000 iterations/],
    ['PBKDF2 with one round', `$pbkdf2-sha256$1$${bytes}$${tag}`, /fewer than 1000/],
    ['PBKDF2 with MD5', `$pbkdf2-md5$29000$${bytes}$${tag}`, /must be a hash of/],
    ['a short salt', `$pbkdf2-sha256$29000$YWJj$${tag}`, /salt/],
    ['a salt that is no base64', `$pbkdf2-sha256$29000$!!!!!!!!!!!!$${tag}`, /salt/],
    ['a short tag', `$pbkdf2-sha256$29000$${bytes}$YWJj`, /tag/],
    ['MD5', '5f4dcc3b5aa765d61d8327deb882cf99', /must be a hash of/],
    ['nothing', '', /must be a hash of/],
    ['10 KB', `$2b$10$${'a'.repeat(10_000)}`, /400 characters/],
  ])('is refused: %s', (_name, hash, fault) => {
    expect(parseStoredHash(hash)).toMatch(fault);
  });
});
