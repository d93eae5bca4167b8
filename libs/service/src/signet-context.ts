import { parseDictionary } from 'structured-headers';
import { readPlainDictionary } from './plain-dictionary.ts';

/** The one header by which the gateway describes the client's request to a subgraph. */
export const signetContextHeader = 'signet-context';

/** What a subgraph knows about the client's request beside the bearer token. */
export type SignetContext = {
  requestId: string;
  entrance?: string;
  /** The client's address as the gateway determined it. */
  clientAddress?: string;
  /** Slug of the tenant that the request's host or `x-tenant` names. */
  tenant?: string;
  /** The client's User-Agent, ASCII, at most 400 characters. */
  device?: string;
  /** The origin of the page that sent the request, from the browser's header. */
  origin?: string;
  /** `cookie`: the client wants its refresh token in a cookie, and the entrance trusts the page's origin. */
  session?: string;
  /** Whether the client sent a token. If the subgraph sees otherwise, somebody added or removed one on the way. */
  hasToken?: boolean;
  /** Milliseconds left for the answer when the fetch was sent. A time of day would depend on two clocks. */
  timeoutMs?: number;
};

const fields = {
  id: 'requestId',
  entrance: 'entrance',
  address: 'clientAddress',
  tenant: 'tenant',
  device: 'device',
  origin: 'origin',
  session: 'session',
} as const;
const fieldNames = Object.entries(fields);
/** What stands before each value. */
const openings = fieldNames.map(
  ([key, name], index) => [`${index === 0 ? '' : ', '}${key}="`, name] as const,
);
const tokenField = 'auth';
const timeoutField = 'timeout';
const maxFieldLength = 400;

/** What the header is written from. Undefined counts as missing. */
type WrittenContext = { [name in keyof Omit<SignetContext, 'timeoutMs'>]: SignetContext[name] | undefined };

/** Writes the header as an RFC 8941 dictionary. A character that an RFC 8941 string can't hold becomes `?`. */
export function formatSignetContext(context: WrittenContext): string {
  let header = '';
  for (const [opening, name] of openings) {
    const value = context[name];
    if (value !== undefined) header += `${opening}${writeString(value)}"`;
  }
  if (context.hasToken !== undefined) header += context.hasToken ? `, ${tokenField}` : `, ${tokenField}=?0`;
  return header;
}

/** Adds the time left at one fetch; everything else is the same for all fetches of a request. */
export function withTimeout(header: string, timeoutMs: number): string {
  return `${header}, ${timeoutField}=${Math.max(0, Math.floor(timeoutMs))}`;
}

/** Reads the header. Undefined if it is missing or not such a dictionary. */
export function parseSignetContext(header: string | undefined): SignetContext | undefined {
  if (!header) {
    return undefined;
  }
  const members = readPlainDictionary(header) ?? readDictionary(header);
  const id = members?.get('id');
  if (!members || typeof id !== 'string' || id === '') {
    return undefined;
  }
  const context: SignetContext = { requestId: id };
  for (const [key, name] of fieldNames) {
    const value = members.get(key);
    if (typeof value === 'string') {
      context[name] = value;
    }
  }
  const hasToken = members.get(tokenField);
  if (typeof hasToken === 'boolean') {
    context.hasToken = hasToken;
  }
  const timeout = members.get(timeoutField);
  if (Number.isInteger(timeout)) {
    context.timeoutMs = timeout as number;
  }
  return context;
}

/** Whatever may stand in such a header, however it is written. */
function readDictionary(header: string): ReadonlyMap<string, unknown> | undefined {
  try {
    return new Map([...parseDictionary(header)].map(([key, [value]]) => [key, value]));
  } catch {
    return undefined;
  }
}

/** The inside of an RFC 8941 string (section 3.3.3). */
function writeString(value: string): string {
  const text = value.length > maxFieldLength ? value.slice(0, maxFieldLength) : value;
  return /[^\x20-\x7e]|["\\]/.test(text)
    ? text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')
    : text;
}
