/** An instant as the API has it. Undefined for a text that is no time: an address may have been typed. */
export function readInstant(text: string): string | undefined {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

const pad = (figure: number, length = 2) => String(figure).padStart(length, '0');

/** As a `datetime-local` input has it, in the person's time zone. Empty for a text that is no time. */
export function formatForInput(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return '';
  const day = [pad(time.getFullYear(), 4), pad(time.getMonth() + 1), pad(time.getDate())].join('-');
  const minute = `${day}T${pad(time.getHours())}:${pad(time.getMinutes())}`;
  const ms = time.getMilliseconds();
  if (time.getSeconds() === 0 && ms === 0) return minute;
  return `${minute}:${pad(time.getSeconds())}${ms === 0 ? '' : `.${pad(ms, 3)}`}`;
}
