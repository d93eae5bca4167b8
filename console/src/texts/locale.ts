/**
 * The locale of dates, times and numbers: the language that is shown, as it is written in the browser's region. So a British browser gets
 * British dates, and a French one that is shown English gets no American ones. Without a region it is the language alone.
 *
 * @param preferred the browser's languages, as BCP 47 tags, the preferred one first
 */
export function findLocale(language: string, preferred: readonly string[]): string {
  const region = preferred.map(regionOf).find((one) => one !== undefined);
  if (region === undefined) return language;
  const wanted = `${language}-${region}`;
  // English without a region that the browser knows is American: 001 is the world.
  return new Intl.DateTimeFormat(wanted).resolvedOptions().locale === 'en' ? 'en-001' : wanted;
}

/** Undefined also for a text that is no tag. */
function regionOf(tag: string): string | undefined {
  try {
    return new Intl.Locale(tag).region;
  } catch {
    return undefined;
  }
}
