export function addSeconds(date: Date, seconds: number): Date {
  return new Date(date.getTime() + seconds * 1000);
}

export function earlier(a: Date, b: Date): Date {
  return a < b ? a : b;
}

/** Whole seconds, as NumericDate is used everywhere (RFC 7519, section 2). */
export function toSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
