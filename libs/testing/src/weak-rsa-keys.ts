import {
  checkPrimeSync,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

type WeakRsaKeys = Readonly<Record<'exponent' | 'roca' | 'close primes' | 'small factor', KeyObject>>;

/** Private RSA keys of 2048 bits, each with a known weakness. */
export function createWeakRsaKeys(): WeakRsaKeys {
  const p = randomPrime();
  return {
    exponent: generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).privateKey,
    roca: toKey(rocaPrime(), rocaPrime()),
    'close primes': toKey(p, nextPrime(p + 2n)),
    'small factor': toKey(3n, randomPrime(2047)),
  };
}

/** As Infineon's RSALib made them: k * M + (65537^a mod M), where M is the product of the first 126 primes. */
function rocaPrime(): bigint {
  const primes: bigint[] = [];
  for (let n = 2n; primes.length < 126; n += 1n)
    if (primes.every((prime) => n % prime !== 0n)) primes.push(n);
  const product = primes.reduce((all, prime) => all * prime, 1n);
  const least = (3n << 1022n) / product;
  for (;;) {
    const k = least + random(50);
    const candidate = k * product + powerOf(65_537n, random(254), product);
    if (checkPrimeSync(candidate)) return candidate;
  }
}

/** With the two highest bits set, so that the product of two has twice as many bits. */
function randomPrime(bits = 1024): bigint {
  return nextPrime((3n << BigInt(bits - 2)) | random(bits - 8) | 1n);
}

function nextPrime(odd: bigint): bigint {
  let candidate = odd;
  while (!checkPrimeSync(candidate)) candidate += 2n;
  return candidate;
}

function random(bits: number): bigint {
  return BigInt(`0x${randomBytes(Math.ceil(bits / 8)).toString('hex')}`) >> BigInt(8 - (bits % 8 || 8));
}

function powerOf(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, factor] = [1n, base % modulus];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * factor) % modulus;
    factor = (factor * factor) % modulus;
  }
  return result;
}

function inverseOf(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n];
  while (b > 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
  return ((x % modulus) + modulus) % modulus;
}

function toKey(p: bigint, q: bigint): KeyObject {
  const e = 65_537n;
  const d = inverseOf(e, (p - 1n) * (q - 1n));
  const numbers = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverseOf(q, p) };
  const parts = Object.entries(numbers).map(([name, value]) => {
    const hex = value.toString(16);
    return [name, Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')];
  });
  return createPrivateKey({ key: { kty: 'RSA', ...Object.fromEntries(parts) }, format: 'jwk' });
}
