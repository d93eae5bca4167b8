import { parseArgs } from 'node:util';
import {
  isPlatform,
  type Platform,
  platforms,
  type SigningAlgorithm,
  signingAlgorithms,
} from '@signet/schema/contract';
import { UsageError } from '../../operator/usage-error.ts';

export type KeysCommand =
  | { name: 'list'; platforms: readonly Platform[] }
  | {
      name: 'rotate';
      platform: Platform;
      algorithm: SigningAlgorithm | undefined;
      mode: 'when-published' | 'now' | 'emergency';
    }
  | { name: 'revoke'; platform: Platform; kid: string }
  | { name: 'import'; platform: Platform; file: string };

export const usage = `npm run keys -- <command>
  list [--platform user|portal]
      the keys, their states and dates
  rotate --platform user|portal [--algorithm ${signingAlgorithms.join('|')}] [--now | --emergency]
      the waiting key signs: at once if it has been published long enough, else as soon as it has been.
      --now: at once or not at all. --emergency: at once, whoever does not know it yet
  revoke <kid> --platform user|portal
      from now on nobody takes a token of this key; if it signs, the waiting one takes over
  import <file.pem | -> --platform user|portal
      publish a private key made elsewhere as the waiting one ('-' reads it from standard input)
  proof init|list|add|rotate|replace
      the keys between gateway and subgraphs, in files`;

/** @throws {UsageError} */
export function parseKeysCommand(argv: readonly string[]): KeysCommand {
  const { values, positionals } = parse(argv);
  const [name = '', subject, ...rest] = positionals;
  if (rest.length > 0) {
    throw new UsageError(`'${rest[0]}' is one word too many.`);
  }
  const platform = readPlatform(values.platform);
  const isRotation = name === 'rotate';
  if (!isRotation && (values.now || values.emergency || values.algorithm)) {
    throw new UsageError('--now, --emergency and --algorithm belong to rotate.');
  }
  switch (name) {
    case 'list':
      return { name, platforms: platform ? [platform] : platforms };
    case 'rotate':
      if (values.now && values.emergency) {
        throw new UsageError('Either --now or --emergency.');
      }
      return {
        name,
        platform: need(platform),
        algorithm: readAlgorithm(values.algorithm),
        mode: values.emergency ? 'emergency' : values.now ? 'now' : 'when-published',
      };
    case 'revoke':
      return { name, platform: need(platform), kid: need(subject, 'Which key? Its kid stands in the list.') };
    case 'import':
      return { name, platform: need(platform), file: need(subject, "Which file? '-' for standard input.") };
    default:
      throw new UsageError(name ? `Unknown command '${name}'.` : 'Which command?');
  }
}

function parse(argv: readonly string[]) {
  const options = {
    platform: { type: 'string' },
    algorithm: { type: 'string' },
    now: { type: 'boolean' },
    emergency: { type: 'boolean' },
  } as const;
  try {
    return parseArgs({ args: escapeKid(argv), options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}.`);
  }
}

/** One thumbprint in 64 begins with a dash, and is no option. */
function escapeKid(argv: readonly string[]): string[] {
  const [name, ...rest] = argv;
  const kid = rest.find((word) => /^[\w-]{43}$/.test(word));
  return name === 'revoke' && kid ? [name, ...rest.filter((word) => word !== kid), '--', kid] : [...argv];
}

function readPlatform(value: string | undefined): Platform | undefined {
  if (value !== undefined && !isPlatform(value)) {
    throw new UsageError(`There is no platform '${value}'.`);
  }
  return value;
}

function readAlgorithm(value: string | undefined): SigningAlgorithm | undefined {
  const known = signingAlgorithms.find((algorithm) => algorithm === value);
  if (value !== undefined && !known) {
    throw new UsageError(`There is no algorithm '${value}'.`);
  }
  return known;
}

function need<T>(value: T | undefined, fault = 'Which platform? --platform user or --platform portal.'): T {
  if (value === undefined) {
    throw new UsageError(fault);
  }
  return value;
}
