import type { JsonWebKey } from 'node:crypto';

/** NIST FIPS 186-5, section 5.1: with a smaller exponent, faults of padding become forged signatures. */
const leastExponent = 65_537n;
/** The first 126 primes, on which every ROCA modulus of 2048 bits or more is built. */
const smallPrimes = primesUpTo(701);
const fermatRounds = 100;

/**
 * Finds out whether an RSA key has a weakness by which others can compute its private half from the public one, or forge signatures. Of a
 * key without fault nothing is proved: a generator without enough randomness leaves no trace in a single key.
 *
 * @returns what is wrong, for the operator; undefined if nothing is known.
 */
export function findRsaWeakness({ n = '', e = '' }: JsonWebKey): string | undefined {
  const modulus = toInteger(n);
  const exponent = toInteger(e);
  if (exponent < leastExponent || exponent % 2n === 0n) return 'its exponent is less than 65537, or even';
  if (smallPrimes.some((prime) => modulus % BigInt(prime) === 0n)) return 'its modulus has a small factor';
  if (isRoca(modulus)) return 'a smart card or TPM with the fault ROCA (CVE-2017-15361) made it';
  if (hasCloseFactors(modulus)) return 'its two primes are next to each other (CVE-2022-26320)';
  return undefined;
}

function toInteger(base64url: string): bigint {
  return BigInt(`0x${Buffer.from(base64url, 'base64url').toString('hex') || '0'}`);
}

function primesUpTo(limit: number): number[] {
  const primes: number[] = [];
  for (let number = 2; number <= limit; number += 1) {
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  }
  return primes;
}

/**
 * Nemec and others, "The Return of Coppersmith's Attack" (2017), section 5.1: the primes of the faulty library are powers of 65537 modulo
 * the product of all small primes, and so is the modulus. A modulus of another origin passes all of these tests by chance once in 2^154.
 */
function isRoca(modulus: bigint): boolean {
  return smallPrimes.every((prime) => {
    const rest = Number(modulus % BigInt(prime));
    let power = 1;
    do {
      if (power === rest) return true;
      power = (power * 65_537) % prime;
    } while (power !== 1);
    return false;
  });
}

/** Fermat's factorisation, which is quick where both primes have their first half in common. */
function hasCloseFactors(modulus: bigint): boolean {
  let middle = squareRoot(modulus);
  if (middle * middle < modulus) middle += 1n;
  for (let round = 0; round < fermatRounds; round += 1, middle += 1n) {
    const square = middle * middle - modulus;
    const root = squareRoot(square);
    if (root * root === square) return true;
  }
  return false;
}

/** Rounded down (Newton). */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
